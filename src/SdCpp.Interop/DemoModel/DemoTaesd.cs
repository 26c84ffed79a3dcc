namespace SdCpp.Interop;

/// <summary>
/// The image decoder and encoder in the layout of TAESD: 3 × 3 convolutions of 64 channels, ReLU between them, three doublings of the
/// side.
/// </summary>
/// <remarks>
/// <para>The decoder enlarges the distance to the outline smoothly and only then asks which side a pixel lies on. That is why the edge is
/// sharp although the latent is eight times coarser. The distance travels as two channels, max(s, 0) and max(−s, 0): ReLU forbids a
/// negative one, and the engine rounds the input of every convolution to f16, which is finest near zero, where the edge is.</para>
/// <para>Near the end both are capped. Otherwise the steep ramps that make the edge would also be evaluated far from it, where f16 is
/// coarse: two numbers near 300 that should differ by 1 can then differ by 0.75, visible as thin lines.</para>
/// <para>The encoder averages 8 × 8 pixels exactly and says "outside, and both colours are this one", which decodes to that colour.</para>
/// </remarks>
internal static class DemoTaesd
{
    private const int Features = 64;
    private const int Rgb = 3;
    private const int BlocksPerScale = 3;
    private const int Doublings = 3;

    // How fast one colour fades into the other, per radius, and how much of each is left on the outline itself. Above one half, because the
    // fading subtracts from a colour instead of scaling it and would otherwise leave a dark rim.
    private const float EdgeSlope = 80;
    private const float EdgeShare = 0.62f;

    // Where the distance is capped, in radii: beyond the reach of the ramps (1/80), also after the last smoothing.
    private const float Cap = 0.125f;

    // Where the broken line that undoes the engine's limit on latents bends, and where it ends.
    private static readonly double[] UnlimitKnots = [0, 0.3, 0.55, 0.8, 1];

    /// <summary>Builds both networks.</summary>
    internal static TensorSet Build()
    {
        var set = new TensorSet();
        AddDecoder(set);
        AddEncoder(set);
        return set;
    }

    private static void AddDecoder(TensorSet set)
    {
        const string Prefix = "decoder.layers.";
        AddFirstDecoderLayer(set, Prefix + "0");
        var layer = 2;
        for (var scale = 0; scale < Doublings; scale++)
        {
            for (var block = 0; block < BlocksPerScale; block++, layer++)
            {
                var added = AddBlock(set, $"{Prefix}{layer}");
                if (scale == 0 && block == 0) UnlimitColours(added);
                if (scale == Doublings - 1 && block == 0) CapDistance(added);
            }
            // The engine repeats each pixel 2 × 2 in a layer without weights before this convolution.
            AddSmoothing(set, $"{Prefix}{layer + 1}");
            layer += 2;
        }
        Blend(AddBlock(set, $"{Prefix}{layer}"));
        AddLastDecoderLayer(set, $"{Prefix}{layer + 1}");
    }

    private static void AddFirstDecoderLayer(TensorSet set, string name)
    {
        var conv = AddConvolution(set, name, Features, DemoLatent.Channels);
        conv.Copy(DemoLatent.Distance, Decoded.Outside);
        conv.Copy(DemoLatent.Distance, Decoded.Inside, -1);
        for (var c = 0; c < Rgb; c++)
        {
            conv.Copy(DemoLatent.Foreground + c, Decoded.Foreground + c, 0.5f, 0.5f);
            conv.Copy(DemoLatent.Background + c, Decoded.Background + c, 0.5f, 0.5f);
        }
    }

    // The engine hands the decoder 3·tanh(z/3) instead of z, which is 0.96 at 1. What is missing is z − t with z = 3·atanh(t/3), an odd
    // function of t: here it is a broken line. The colours are already mapped to x = (1 + t)/2, which halves the missing part.
    private static void UnlimitColours(Block block)
    {
        var ramp = 0;
        for (var c = 0; c < 2 * Rgb; c++)
        {
            for (var (k, previousSlope) = (0, 0.0); k + 1 < UnlimitKnots.Length; k++)
            {
                var (knot, next) = (UnlimitKnots[k], UnlimitKnots[k + 1]);
                var slope = (Missing(next) - Missing(knot)) / (next - knot);
                foreach (var side in (ReadOnlySpan<float>)[1, -1])
                {
                    // max(±t − knot, 0)/2, from x.
                    block.First.Copy(Decoded.Foreground + c, ramp, side, (float)(-side * 0.5 - (knot / 2)));
                    block.Second.Copy(ramp, ramp);
                    block.Third.Copy(ramp++, Decoded.Foreground + c, (float)(side * (slope - previousSlope)));
                }
                previousSlope = slope;
            }
        }
    }

    // 3·atanh(t/3) − t by its series; t is what the limit leaves.
    private static double Missing(double t)
    {
        var ninth = t * t / 9;
        return t * ninth * ((1 / 3.0) + (ninth * ((1 / 5.0) + (ninth * (1 / 7.0)))));
    }

    // A block adds its three convolutions to its input: x − max(x − cap, 0) = min(x, cap).
    private static void CapDistance(Block block)
    {
        foreach (var side in (ReadOnlySpan<int>)[Decoded.Outside, Decoded.Inside])
        {
            block.First.Copy(side, side, 1, -Cap);
            block.Second.Copy(side, side);
            block.Third.Copy(side, side, -1);
        }
    }

    // Repeating and then weighing neighbours ¼ ½ ¼ is a linear interpolation. The colours are smooth already and only copied.
    private static void AddSmoothing(TensorSet set, string name)
    {
        var conv = AddConvolution(set, name, Features, Features, hasBias: false);
        foreach (var side in (ReadOnlySpan<int>)[Decoded.Outside, Decoded.Inside])
        {
            for (var y = 0; y < 3; y++)
                for (var x = 0; x < 3; x++) conv.Weight[side, side, y, x] = (y == 1 ? 0.5f : 0.25f) * (x == 1 ? 0.5f : 0.25f);
        }
        for (var c = 0; c < 2 * Rgb; c++) conv.Copy(Decoded.Foreground + c, Decoded.Foreground + c);
    }

    // With d = distance × slope the share of the foreground is clamp(share − d, 0, 1) = max(share − d, 0) − max(share − d − 1, 0), likewise
    // the background with −d. A product is not possible, but max(colour + part − 1, 0) is the colour at part 1 and nothing at part 0.
    private static void Blend(Block block)
    {
        for (var c = 0; c < 2 * Rgb; c++) block.First.Copy(Decoded.Foreground + c, Blended.Colour + c);
        for (var ramp = 0; ramp < 2; ramp++)
        {
            block.First.AddRamp(Blended.ForegroundRamps + ramp, -EdgeSlope, EdgeShare - ramp);
            block.First.AddRamp(Blended.BackgroundRamps + ramp, EdgeSlope, EdgeShare - ramp);
        }
        for (var c = 0; c < 2 * Rgb; c++)
        {
            var ramps = c < Rgb ? Blended.ForegroundRamps : Blended.BackgroundRamps;
            block.Second.Copy(Blended.Colour + c, c, 1, -1);
            block.Second.Copy(ramps, c);
            block.Second.Copy(ramps + 1, c, -1);
            block.Third.Copy(c, Blended.Result + (c % Rgb));
        }
    }

    private static void AddLastDecoderLayer(TensorSet set, string name)
    {
        var conv = AddConvolution(set, name, Rgb, Features);
        for (var c = 0; c < Rgb; c++) conv.Copy(Blended.Result + c, c);
    }

    private static void AddEncoder(TensorSet set)
    {
        const string Prefix = "encoder.layers.";
        var first = AddConvolution(set, Prefix + "0", Features, Rgb);
        for (var c = 0; c < Rgb; c++) first.Copy(c, c);
        AddBlock(set, Prefix + "1");
        var layer = 2;
        for (var scale = 0; scale < Doublings; scale++)
        {
            AddHalving(set, $"{Prefix}{layer++}");
            for (var block = 0; block < BlocksPerScale; block++) AddBlock(set, $"{Prefix}{layer++}");
        }
        var last = AddConvolution(set, $"{Prefix}{layer}", DemoLatent.Channels, Features);
        last.Bias[DemoLatent.Distance] = 1;
        for (var c = 0; c < Rgb; c++)
        {
            last.Copy(c, DemoLatent.Foreground + c, 2, -1);
            last.Copy(c, DemoLatent.Background + c, 2, -1);
        }
    }

    // The stride is 2 and the middle of the kernel lies on every even pixel: the lower right quarter of the kernel covers each 2 × 2 pixels
    // once.
    private static void AddHalving(TensorSet set, string name)
    {
        var conv = AddConvolution(set, name, Features, Features, hasBias: false);
        for (var c = 0; c < Rgb; c++)
            for (var y = 1; y < 3; y++)
                for (var x = 1; x < 3; x++) conv.Weight[c, c, y, x] = 0.25f;
    }

    private static Block AddBlock(TensorSet set, string name) => new(
        AddConvolution(set, $"{name}.conv.0", Features, Features),
        AddConvolution(set, $"{name}.conv.2", Features, Features),
        AddConvolution(set, $"{name}.conv.4", Features, Features));

    private static Convolution AddConvolution(TensorSet set, string name, int outputs, int inputs, bool hasBias = true)
    {
        var weight = set.Add($"{name}.weight", GgufType.F16, outputs, inputs, 3, 3);
        var bias = new Tensor(outputs);
        if (hasBias) set.Add($"{name}.bias", bias);
        return new Convolution(weight, bias);
    }

    /// <summary>The decoder's channels up to the last block.</summary>
    private static class Decoded
    {
        internal const int Outside = 0;
        internal const int Inside = 1;
        internal const int Foreground = 2;
        internal const int Background = 5;
    }

    /// <summary>The channels within the last block. The result lies apart from all channels of the block's input, which the block adds to
    /// its output.</summary>
    private static class Blended
    {
        internal const int ForegroundRamps = 0;
        internal const int BackgroundRamps = 2;
        internal const int Colour = 4;
        internal const int Result = 10;
    }

    /// <summary>Three convolutions whose result the engine adds to the block's input, with ReLU after each and after the sum.</summary>
    private sealed record Block(Convolution First, Convolution Second, Convolution Third);

    /// <summary>One 3 × 3 convolution.</summary>
    private sealed record Convolution(Tensor Weight, Tensor Bias)
    {
        /// <summary>Adds gain × input + offset to an output, pixel by pixel.</summary>
        internal void Copy(int input, int output, float gain = 1, float offset = 0)
        {
            Weight[output, input, 1, 1] = gain;
            if (offset != 0) Bias[output] = offset;
        }

        /// <summary>Makes an output slope × distance + offset, from the two halves of the distance.</summary>
        internal void AddRamp(int output, float slope, float offset)
        {
            Copy(Decoded.Outside, output, slope, offset);
            Copy(Decoded.Inside, output, -slope);
        }
    }
}
