using static SdStudio.Tests.TinyWeights;

namespace SdStudio.Tests;

/// <summary>
/// The audio VAE of <see cref="TinyLtxModel"/>: a hundredth of a second of its sound is a rectangle as high as the first latent of that time, 64 samples
/// up, 64 down and 32 at zero; on the right it is half as high and upside down.
/// </summary>
internal static class TinyLtxSound
{
    /// <summary>Samples in a hundredth of a second.</summary>
    public const int Period = 160;

    // Of the decoder: the signal, and a constant that the norm divides by.
    private const int Channels = 2;
    private const double Constant = 100;

    // Of the vocoder: halved six times, down to one.
    private const int First = 64;
    private const int Bins = 64;
    private static readonly int[] Rates = [5, 2, 2, 2, 2, 2];

    /// <summary>The tensors, most of which add nothing.</summary>
    public static IEnumerable<TinyWeights> All()
    {
        string decoder = "audio_vae.decoder.";
        List<TinyWeights> all =
        [
            Ones("audio_vae.per_channel_statistics.std-of-means", 128), Zeros("audio_vae.per_channel_statistics.mean-of-means", 128),
            .. Conv(decoder + "conv_in", Channels, 8, (0, 0, 1)).SkipLast(1), Filled(decoder + "conv_in.conv.bias", static i => i * Constant, Channels),
            .. Residual(decoder + "mid.block_1."), .. Residual(decoder + "mid.block_2."),
            // The norm makes the constant the root of two, and of what is small the activation leaves one half.
            .. Conv(decoder + "conv_out", 2, Channels, (0, 0, Constant * Math.Sqrt(2))),
        ];
        for (int level = 0; level < 3; level++)
        {
            all.AddRange(Residual($"{decoder}up.{level}.block.0."));
            if (level > 0)
                all.AddRange(Conv($"{decoder}up.{level}.upsample.conv", Channels, Channels, (0, 0, 1), (1, 1, 1)));
        }

        return [.. all, .. Vocoder("vocoder.vocoder.")];
    }

    // Causal in time: the last row of the 3 x 3 is now.
    private static IEnumerable<TinyWeights> Conv(string name, int to, int from, params (int To, int From, double Value)[] entries) =>
    [
        Sparse(name + ".conv.weight", [to, from, 3, 3], [.. entries.Select(e => ((((e.To * from) + e.From) * 9) + 7, e.Value))]), Zeros(name + ".conv.bias", to),
    ];

    private static IEnumerable<TinyWeights> Residual(string name) => [.. Conv(name + "conv1", Channels, Channels), .. Conv(name + "conv2", Channels, Channels)];

    private static List<TinyWeights> Vocoder(string name)
    {
        List<TinyWeights> all =
        [
            // The lowest bin on the left.
            Sparse(name + "conv_pre.weight", [First, 2 * Bins, 7], (3, 1)), Zeros(name + "conv_pre.bias", First),
            .. Activation(name + "act_post."), Sparse(name + "conv_post.weight", [2, 1, 7], (3, 1), (10, -0.5)),
        ];
        int block = 0, from = First;
        for (int i = 0; i < Rates.Length; i++)
        {
            int rate = Rates[i], to = from / 2;
            all.Add(Sparse($"{name}ups.{i}.weight", [from, to, rate], [.. Enumerable.Range(0, rate).Select(tap => (tap, i > 0 || tap < 2 ? 1.0 : tap < 4 ? -1.0 : 0))]));
            all.Add(Zeros($"{name}ups.{i}.bias", to));
            for (int j = 0; j < 3; j++, block++)
            {
                for (int k = 0; k < 3; k++)
                {
                    foreach (string part in new[] { "1", "2" })
                    {
                        all.AddRange(Activation($"{name}resblocks.{block}.acts{part}.{k}.", to));
                        all.AddRange([Zeros($"{name}resblocks.{block}.convs{part}.{k}.weight", to, to, 1), Zeros($"{name}resblocks.{block}.convs{part}.{k}.bias", to)]);
                    }
                }
            }

            from = to;
        }

        return all;
    }

    // Doubles the samples and takes every other one; between them it adds next to nothing.
    private static IEnumerable<TinyWeights> Activation(string name, int channels = 1) =>
    [
        Zeros(name + "act.alpha", channels), Filled(name + "act.beta", static _ => 20, channels),
        Sparse(name + "upsample.filter", [1, 1, 12], (5, 0.5), (6, 0.5)), Sparse(name + "downsample.lowpass.filter", [1, 1, 12], (5, 1)),
    ];
}
