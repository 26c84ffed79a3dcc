using System.Diagnostics;
using System.Globalization;

namespace SdCpp.Interop;

/// <summary>Generates a red circle on blue and looks whether it is one.</summary>
internal sealed class SelfTest(IReadOnlyList<SdDevice> devices, SdEngineInfo? engine = null)
{
    private const int Side = 64;

    // The circle's radius as a part of the side: what the demo model gives a shape without a size.
    private const double Radius = .31;

    // A device's rounding moves the circle's edge by a part of a pixel, which is up to 3; a circle that is 2 pixels off is 7.
    private const double Tolerance = 5;

    // What a colour's value may be off by in the middle and in the corners, where there is no edge.
    private const int ColourTolerance = 14;

    private static readonly Rgb24 Red = new(219, 26, 31);
    private static readonly Rgb24 Blue = new(31, 71, 219);

    /// <summary>What is generated.</summary>
    public static TextToImageRequest Request { get; } = new()
    {
        Prompt = "a red circle on a blue background",
        Width = Side,
        Height = Side,
        Steps = 2,
        CfgScale = 1,
        Seed = 7,
        Sampler = "euler",
    };

    /// <summary>As <see cref="SdEngine.SelfTestAsync"/>; another request than <see cref="Request"/> is what tests let fail.</summary>
    public async Task<SelfTestResult> RunAsync(TextToImageRequest request, string? device, string? modelDirectory, CancellationToken cancellation)
    {
        string? on = DeviceFor(device);
        string folder = modelDirectory ?? Path.Combine(Path.GetTempPath(), $"sdcpp-self-test-{Guid.NewGuid():N}");
        try
        {
            DemoModelFiles files = await Task.Run(() => DemoModel.Write(folder, cancellation), cancellation).ConfigureAwait(false);
            // An image this small gains nothing from a second thread.
            return await GenerateAsync(files.ToOptions(threads: 1) with { Backend = on }, request, cancellation).ConfigureAwait(false);
        }
        finally
        {
            if (modelDirectory is null && Directory.Exists(folder))
                Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>How far an image of <see cref="Request"/>'s size is from the expected one.</summary>
    internal static ChannelDifference Compare(ImageBuffer image)
    {
        double red = 0, green = 0, blue = 0;
        for (int y = 0; y < Side; y++)
        {
            for (int x = 0; x < Side; x++)
            {
                double share = ShareOfCircle(x, y);
                Rgb24 pixel = image.Pixels[y, x];
                red += Math.Abs(pixel.R - Mix(Red.R, Blue.R, share));
                green += Math.Abs(pixel.G - Mix(Red.G, Blue.G, share));
                blue += Math.Abs(pixel.B - Mix(Red.B, Blue.B, share));
            }
        }

        const double Pixels = Side * Side;
        return new ChannelDifference(red / Pixels, green / Pixels, blue / Pixels);

        static double Mix(byte inside, byte outside, double share) => outside + (inside - outside) * share;
    }

    // A pixel on the edge is as much circle as the edge leaves of it.
    private static double ShareOfCircle(int x, int y)
    {
        double fromCentre = Math.Sqrt(Math.Pow(x + .5 - Side / 2, 2) + Math.Pow(y + .5 - Side / 2, 2));
        return Math.Clamp(Radius * Side - fromCentre + .5, 0, 1);
    }

    private string? DeviceFor(string? name)
    {
        if (devices.Count == 0)
            return name;
        SdDevice? device = name is null
            ? devices.FirstOrDefault(device => !device.IsProcessor) ?? devices[0]
            : devices.FirstOrDefault(device => device.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
        return device?.Name ?? throw new SdException(
            SdError.InvalidArgument, $"The engine has no device '{name}'. There are: {string.Join(", ", devices.Select(device => device.Name))}.");
    }

    private async Task<SelfTestResult> GenerateAsync(DiffusionModelOptions options, TextToImageRequest request, CancellationToken cancellation)
    {
        var result = new SelfTestResult(false, options.Backend ?? "", 0, 0, null, null);
        long since = Stopwatch.GetTimestamp();
        try
        {
            await using DiffusionModel model = await DiffusionModel.LoadAsync(options, null, cancellation).ConfigureAwait(false);
            result = result with { LoadSeconds = Stopwatch.GetElapsedTime(since).TotalSeconds };
            since = Stopwatch.GetTimestamp();
            using GenerationResult generated = await model.TextToImageAsync(request, null, cancellation).ConfigureAwait(false);
            result = result with { ImageSeconds = Stopwatch.GetElapsedTime(since).TotalSeconds };
            return JudgeExactly(Judge(result, generated.Images[0].Image), generated.Images[0].Image);
        }
        catch (SdException exception)
        {
            double seconds = Stopwatch.GetElapsedTime(since).TotalSeconds;
            return result.LoadSeconds > 0
                ? result with { ImageSeconds = seconds, Problem = $"The image could not be generated: {exception.Message}" }
                : result with { LoadSeconds = seconds, Problem = $"The demo model could not be loaded: {exception.Message}" };
        }
    }

    private static SelfTestResult Judge(SelfTestResult result, ImageBuffer image)
    {
        ChannelDifference difference = Compare(image);
        List<string> wrong = [.. Colours(image)];
        if (difference.Largest > Tolerance)
        {
            wrong.Add(string.Create(
                CultureInfo.InvariantCulture, $"it differs from the expected image by {difference.Largest:0.0} of 255 on average, allowed is {Tolerance}"));
        }

        return result with
        {
            Passed = wrong.Count == 0,
            Difference = difference,
            Problem = wrong.Count == 0 ? null : $"The image is not a red circle on a blue background: {string.Join("; ", wrong)}.",
        };
    }

    // On the CPU an engine build makes the same image everywhere, but for the rounding of the system's mathematics: a setting that does not
    // arrive where it belongs shows in it, although the image is still a red circle on blue.
    private SelfTestResult JudgeExactly(SelfTestResult result, ImageBuffer image)
    {
        if (!result.Passed || engine is null || !result.Device.StartsWith("CPU", StringComparison.OrdinalIgnoreCase) || SelfTestImages.Of(engine) is not { } expected)
            return result;
        ReadOnlySpan<byte> seen = image.Span;
        int others = 0, largest = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            int off = Math.Abs(seen[i] - expected[i]);
            largest = Math.Max(largest, off);
            others += off > SelfTestImages.Rounding ? 1 : 0;
        }

        return others == 0 ? result : result with
        {
            Passed = false,
            Problem = $"The image is a red circle on blue, but not the one that {engine.Version} makes: {others} of {expected.Length} values are off by more than " +
                $"{SelfTestImages.Rounding}, the largest by {largest}. Settings do not arrive where they belong in the engine, or a file was changed.",
        };
    }

    private static IEnumerable<string> Colours(ImageBuffer image)
    {
        (string Place, int X, int Y, Rgb24 Expected)[] places =
        [
            ("middle", Side / 2, Side / 2, Red), ("top left", 3, 3, Blue), ("top right", Side - 4, 3, Blue),
            ("bottom left", 3, Side - 4, Blue), ("bottom right", Side - 4, Side - 4, Blue),
        ];
        foreach ((string place, int x, int y, Rgb24 expected) in places)
        {
            Rgb24 seen = image.Pixels[y, x];
            if (Math.Abs(seen.R - expected.R) > ColourTolerance || Math.Abs(seen.G - expected.G) > ColourTolerance
                || Math.Abs(seen.B - expected.B) > ColourTolerance)
            {
                yield return $"{place} is rgb({seen.R}, {seen.G}, {seen.B}), expected rgb({expected.R}, {expected.G}, {expected.B})";
            }
        }
    }
}
