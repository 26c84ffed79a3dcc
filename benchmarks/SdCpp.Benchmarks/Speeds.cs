using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using SdCpp.Interop;
using SdStudio.Benchmarks;

namespace SdCpp.Benchmarks;

/// <summary>
/// What the speeds of the server save on a model of real size, and how far their images are from exact ones. The weights are made up, so the
/// image is none: time is that of the real model, the difference only that of the caches on such weights.
/// </summary>
internal static partial class Speeds
{
    // What the server means by them for the family (StepCaches there).
    private static readonly (string Name, StepCache? Cache)[] All =
    [
        ("exact", null), ("fast", new StepCache("ucache") { ReuseThreshold = 1, Start = 0.15f, End = 0.95f }), ("fastest", new StepCache("ucache") { ReuseThreshold = 2, Start = 0.1f, End = 1 }),
    ];

    public static async Task<int> RunAsync(int rounds, int side)
    {
        string path = Path.Combine(Directory.CreateDirectory(Demo.Folder).FullName, "synthetic-sd15.safetensors");
        if (!File.Exists(path))
            new SyntheticSd15().Write(path);
        await using DiffusionModel model = await DiffusionModel.LoadAsync(new DiffusionModelOptions { ModelPath = path });
        foreach (int steps in new[] { 4, 20 })
        {
            Console.WriteLine($"{model.Family}, {side} x {side}, {steps} steps, median of {rounds}:");
            List<double>[] times = [[], [], []];
            byte[][] images = new byte[All.Length][];
            int[] skipped = new int[All.Length];
            // By turns, in another order each round.
            for (int round = 0; round < rounds; round++)
            {
                for (int turn = 0; turn < All.Length; turn++)
                {
                    int which = (round + turn) % All.Length;
                    (images[which], skipped[which], double milliseconds) = await GenerateAsync(model, side, steps, All[which].Cache);
                    times[which].Add(milliseconds);
                }
            }

            double exact = MedianOf(times[0]);
            for (int which = 0; which < All.Length; which++)
            {
                Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"  {All[which].Name,-8} {MedianOf(times[which]),9:F0} ms  {exact / MedianOf(times[which]):F2} times as fast  {skipped[which]} of {steps} steps left out  PSNR {Psnr(images[0], images[which])}"));
            }
        }

        return 0;
    }

    private static async Task<(byte[] Image, int Skipped, double Milliseconds)> GenerateAsync(DiffusionModel model, int side, int steps, StepCache? cache)
    {
        int skipped = 0;
        var callbacks = new SdCallbacks
        {
            Log = line =>
            {
                if (Skipped().Match(line.Text) is { Success: true } told)
                    skipped += int.Parse(told.Groups["steps"].ValueSpan, CultureInfo.InvariantCulture);
            },
        };
        long since = Stopwatch.GetTimestamp();
        using GenerationResult result = await model.TextToImageAsync(
            new TextToImageRequest { Prompt = "a lighthouse at dawn", Width = side, Height = side, Steps = steps, CfgScale = 1, Seed = 7, Sampler = "euler", Cache = cache }, callbacks);
        return (result.Images[0].Image.Span.ToArray(), skipped, Stopwatch.GetElapsedTime(since).TotalMilliseconds);
    }

    private static double MedianOf(List<double> values) => values.Order().ElementAt(values.Count / 2);

    private static string Psnr(byte[] expected, byte[] image)
    {
        double mean = expected.Zip(image, (a, b) => (double)(a - b) * (a - b)).Average();
        return mean == 0 ? "the same bytes" : string.Create(CultureInfo.InvariantCulture, $"{10 * Math.Log10(255 * 255 / mean):F1} dB");
    }

    [GeneratedRegex(@"\b\w+ skipped (?<steps>\d{1,6})/\d+ steps", RegexOptions.ExplicitCapture)]
    private static partial Regex Skipped();
}
