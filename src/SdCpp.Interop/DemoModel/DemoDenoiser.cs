using static SdCpp.Interop.DenoiserChannel;

namespace SdCpp.Interop;

/// <summary>
/// The denoiser in the layout of Z-Image: 256 channels, one refiner layer each for image and text (both empty), four layers over both, a
/// final layer. The four layers find out what the image should be (<see cref="DemoDenoiserLayers"/>), the final layer turns that into the
/// velocity that leads there from the noisy latent at any noise level (<see cref="DemoSigmaFit"/>).
/// </summary>
/// <remarks>The matrices are kept in f32: with f16 the coordinates are too coarse for images of 512 pixels.</remarks>
internal static class DemoDenoiser
{
    internal const int Width = 256;

    /// <summary>The size of the 64 constant channels. The stream's other values are of the order of 1.</summary>
    internal const double Level = 32;

    /// <summary>The root mean square of the stream: √(64·Level² / 256), and what the data adds is below 0.1 %.</summary>
    internal const double Norm = Level / 2;

    /// <summary>The root mean square of a layer's output, of which 16 stabiliser channels are 1: √(16/256).</summary>
    internal const double StabiliserNorm = 0.25;

    // The spread that is left about the target. A narrow one gives clean images; a wide one lets more of a given image pass in
    // image-to-image at low strength. The distance decides where the outline is, and noise on it is seen more than noise on a colour.
    internal const double DistanceWidth = 0.02;
    internal const double ColourWidth = 0.03;

    private const int PatchPixels = 4;
    private const int PatchWidth = PatchPixels * DemoLatent.Channels;

    /// <summary>Builds the network.</summary>
    internal static TensorSet Build()
    {
        var set = new TensorSet();
        AddImageEmbedder(set);
        AddTextEmbedder(set);
        set.Add("cap_pad_token", Constants());
        set.Add("x_pad_token", Constants());
        AddTimeEmbedder(set);
        _ = new DenoiserBlock(set, "noise_refiner.0");
        _ = new DenoiserBlock(set, "context_refiner.0", isModulated: false);
        DemoDenoiserLayers.FindPosition(new DenoiserBlock(set, "layers.0"));
        DemoDenoiserLayers.FindCentreAndShape(new DenoiserBlock(set, "layers.1"));
        DemoDenoiserLayers.FindBackgroundAndPlace(new DenoiserBlock(set, "layers.2"));
        DemoDenoiserLayers.FindDistance(new DenoiserBlock(set, "layers.3"));
        AddFinalLayer(set);
        set.ShrinkEmptyMatrices();
        return set;
    }

    private static Tensor Constants()
    {
        var bias = new Tensor(Width);
        foreach (var channel in Plus) bias[channel] = (float)Level;
        foreach (var channel in Minus) bias[channel] = (float)-Level;
        return bias;
    }

    private static void AddImageEmbedder(TensorSet set)
    {
        var weight = set.Add("x_embedder.weight", GgufType.F32, Width, PatchWidth);
        for (var i = 0; i < PatchWidth; i++) weight[Latent + i, i] = 1;
        var bias = set.Add("x_embedder.bias", Constants());
        bias[IsImage] = 1;
    }

    private static void AddTextEmbedder(TensorSet set)
    {
        const double Gain = 1 / DemoTextEncoder.AttendedGain;
        set.Add("cap_embedder.0.weight", Tensor.Filled(DemoTextEncoder.Hidden, 1));
        var weight = set.Add("cap_embedder.1.weight", GgufType.F32, Width, DemoTextEncoder.Hidden);
        set.Add("cap_embedder.1.bias", Constants());
        weight[IsEnd, TextChannel.IsEnd] = 1;
        weight[IsAssistant, TextChannel.IsAssistant] = 1;
        weight[IsShape, TextChannel.IsShape] = 1;
        weight[IsBackground, TextChannel.IsBackground] = 1;
        weight[IsStart, TextChannel.IsStart] = 1;
        weight[IsPlace, TextChannel.IsPlace] = 1;
        weight[SaidPlaceX, TextChannel.PlaceX] = 1;
        weight[SaidPlaceY, TextChannel.PlaceY] = 1;
        weight[SaidSize, TextChannel.AttendedSize] = (float)Gain;
        for (var shape = 0; shape < DemoVocabulary.ShapeCount; shape++) weight[SaidShape + shape, TextChannel.Shape + shape] = 1;
        for (var c = 0; c < 3; c++)
        {
            // Colours are relative to the default background: a token that found no colour word reads 0, and as foreground the difference
            // of the defaults.
            weight[SaidBackground + c, TextChannel.AttendedColour + c] = (float)Gain;
            weight[SaidForeground + c, TextChannel.AttendedColour + c] = (float)Gain;
            weight[SaidForeground + c, TextChannel.AttendedUnset] =
                (float)(Gain * (DemoVocabulary.DefaultForeground[c] - DemoVocabulary.DefaultBackground[c]));
        }
    }

    private static void AddTimeEmbedder(TensorSet set)
    {
        var (weight, bias) = DemoSigmaFit.FirstLayer();
        set.Add("t_embedder.mlp.0.weight", weight);
        set.Add("t_embedder.mlp.0.bias", bias);
        var identity = set.Add("t_embedder.mlp.2.weight", GgufType.F32, DemoSigmaFit.Units, DemoSigmaFit.Units);
        for (var i = 0; i < DemoSigmaFit.Units; i++) identity[i, i] = 1;
        set.Add("t_embedder.mlp.2.bias", new Tensor(DemoSigmaFit.Units));
    }

    /// <summary>Velocity = g₁·x − g₂·μ for every latent value; the engine negates the output, so the weights here are those of
    /// −velocity.</summary>
    private static void AddFinalLayer(TensorSet set)
    {
        var linear = set.Add("final_layer.linear.weight", GgufType.F32, PatchWidth, Width);
        set.Add("final_layer.linear.bias", new Tensor(PatchWidth));
        for (var pixel = 0; pixel < PatchPixels; pixel++)
        {
            var row = pixel * DemoLatent.Channels;
            for (var channel = 0; channel < DemoLatent.Channels; channel++)
                Subtract(linear, row + channel, Latent + row + channel, IsColour(channel) ? ZeroOfLatentColour : ZeroOfLatent, 1);
            Subtract(linear, row + DemoLatent.Distance, Distance + pixel, ZeroOfDistance, -1);
            for (var c = 0; c < 3; c++)
            {
                AddColourTarget(linear, row + DemoLatent.Foreground + c, Foreground + c, c);
                AddColourTarget(linear, row + DemoLatent.Background + c, Background + c, c);
            }
        }
        AddNoiseLevelScales(set);
    }

    // The target is 2·colour − 1, and the stream has the colour less the default background.
    private static void AddColourTarget(Tensor linear, int row, int channel, int component)
    {
        Subtract(linear, row, channel, ZeroOfColour, -2);
        Subtract(linear, row, ScaledOne, ZeroOfColour, -((2 * DemoVocabulary.DefaultBackground[component]) - 1) / Level);
    }

    // LayerNorm gives (value − mean)/Norm; the zero channel of the same scale gives −mean/Norm.
    private static void Subtract(Tensor linear, int row, int channel, int zero, double factor)
    {
        linear[row, channel] -= (float)(factor * Norm);
        linear[row, zero] += (float)(factor * Norm);
    }

    private static bool IsColour(int channel) => channel is >= DemoLatent.Foreground and < DemoLatent.Background + 3;

    private static void AddNoiseLevelScales(TensorSet set)
    {
        var weight = set.Add("final_layer.adaLN_modulation.1.weight", GgufType.F32, Width, DemoSigmaFit.Units);
        var bias = set.Add("final_layer.adaLN_modulation.1.bias", new Tensor(Width));
        var latent = Enumerable.Range(Latent, PatchWidth).ToLookup(channel => IsColour(channel % DemoLatent.Channels));
        SetScale([.. latent[false], ZeroOfLatent], sigma => DemoSigmaFit.InputGain(sigma, DistanceWidth));
        SetScale([.. latent[true], ZeroOfLatentColour], sigma => DemoSigmaFit.InputGain(sigma, ColourWidth));
        SetScale([.. Enumerable.Range(Distance, PatchPixels), ZeroOfDistance], sigma => DemoSigmaFit.TargetGain(sigma, DistanceWidth));
        SetScale(
            [.. Enumerable.Range(Foreground, 3), .. Enumerable.Range(Background, 3), ScaledOne, ZeroOfColour],
            sigma => DemoSigmaFit.TargetGain(sigma, ColourWidth));

        void SetScale(int[] channels, Func<double, double> function)
        {
            var fit = DemoSigmaFit.Fit(function);
            foreach (var channel in channels)
            {
                for (var i = 0; i < DemoSigmaFit.Units; i++) weight[channel, i] = (float)fit[i];
                // The engine multiplies by 1 + scale.
                bias[channel] = (float)(fit[DemoSigmaFit.Units] - 1);
            }
        }
    }
}
