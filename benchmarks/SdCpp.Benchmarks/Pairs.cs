using System.Diagnostics;
using System.Globalization;
using SdCpp.Interop;

namespace SdCpp.Benchmarks;

/// <summary>Two contexts that generate at the same time: each image must be, to the byte, the one that a context alone makes.</summary>
internal static class Pairs
{
    // More would take their time and show nothing else: which pairs meet changes all the same, for the lists have different lengths.
    private const int FirstSeeds = 7;
    private const int SecondSeeds = 9;

    /// <param name="files">The demo model.</param>
    /// <param name="count">How many pairs.</param>
    /// <param name="say">Hears how it goes.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>How many images were not as expected.</returns>
    public static async Task<int> RunAsync(DemoModelFiles files, int count, Action<string> say, CancellationToken cancellation = default)
    {
        // One thread each: no model waits for cores that the other one holds.
        await using DiffusionModel first = await DiffusionModel.LoadAsync(files.ToOptions(threads: 1), cancellation: cancellation);
        List<byte[]> expected = [];
        for (int seed = 0; seed < Math.Max(FirstSeeds, SecondSeeds); seed++)
            expected.Add(await GenerateAsync(first, seed, cancellation));
        await using DiffusionModel second = await DiffusionModel.LoadAsync(files.ToOptions(threads: 1), cancellation: cancellation);

        int wrong = 0;
        long began = Stopwatch.GetTimestamp();
        for (int pair = 0; pair < count; pair++)
        {
            (int one, int other) = (pair % FirstSeeds, pair % SecondSeeds);
            byte[][] images = await Task.WhenAll(
                Task.Run(() => GenerateAsync(first, one, cancellation), cancellation), Task.Run(() => GenerateAsync(second, other, cancellation), cancellation));
            wrong += (images[0].AsSpan().SequenceEqual(expected[one]) ? 0 : 1) + (images[1].AsSpan().SequenceEqual(expected[other]) ? 0 : 1);
            if ((pair + 1) % 100 == 0)
                say(string.Create(CultureInfo.InvariantCulture, $"{pair + 1} pairs, {wrong} wrong images, {Stopwatch.GetElapsedTime(began).TotalSeconds:F0} s"));
        }

        return wrong;
    }

    private static async Task<byte[]> GenerateAsync(DiffusionModel model, int seed, CancellationToken cancellation)
    {
        var request = new TextToImageRequest { Prompt = "a red circle on a blue background", Width = 32, Height = 32, Steps = 1 + (seed % 3), CfgScale = 1, Seed = seed };
        using GenerationResult result = await model.TextToImageAsync(request, null, cancellation);
        return result.Images[0].Image.Span.ToArray();
    }
}
