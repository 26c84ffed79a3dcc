namespace SdCpp.Interop;

/// <summary>
/// An upscaler in the layout of ESRGAN (RRDBNet) that repeats pixels. The network enlarges by repeating and then convolves, so with
/// convolutions that copy the middle pixel nothing but the repetition is left: colour components are never negative, and leaky ReLU and f16
/// storage pass 0…255 through exactly after rounding. The residual block contributes nothing, since its weights are zero.
/// </summary>
internal static class DemoUpscaler
{
    private const int Features = 64;
    private const int Growth = 32;
    private const int Colours = 3;

    /// <summary>Builds the network.</summary>
    /// <param name="factor">2 or 4: the engine reads it off the number of upscaling layers.</param>
    internal static TensorSet Build(int factor)
    {
        var set = new TensorSet();
        AddCopy(set, "conv_first", Features, Colours);
        AddResidualBlock(set);
        AddEmpty(set, "conv_body", Features, Features);
        for (var (layer, scale) = (1, 2); scale <= factor; layer++, scale *= 2) AddCopy(set, $"conv_up{layer}", Features, Features);
        AddCopy(set, "conv_hr", Features, Features);
        AddCopy(set, "conv_last", Colours, Features);
        return set;
    }

    private static void AddResidualBlock(TensorSet set)
    {
        for (var dense = 1; dense <= 3; dense++)
        {
            for (var conv = 1; conv <= 4; conv++) AddEmpty(set, $"body.0.rdb{dense}.conv{conv}", Growth, Features + (Growth * (conv - 1)));
            AddEmpty(set, $"body.0.rdb{dense}.conv5", Features, Features + (4 * Growth));
        }
    }

    private static void AddCopy(TensorSet set, string name, int outputs, int inputs)
    {
        var weight = AddEmpty(set, name, outputs, inputs);
        for (var colour = 0; colour < Colours; colour++) weight[colour, colour, 1, 1] = 1;
    }

    private static Tensor AddEmpty(TensorSet set, string name, int outputs, int inputs)
    {
        var weight = set.Add($"{name}.weight", GgufType.F16, outputs, inputs, 3, 3);
        set.Add($"{name}.bias", new Tensor(outputs));
        return weight;
    }
}
