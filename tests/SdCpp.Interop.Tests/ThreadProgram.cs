using System.Diagnostics;
using System.Globalization;

namespace SdCpp.Interop.Tests;

/// <summary>What the process does that <see cref="CoreTurnTests"/> starts on one processor: the seconds of an image with one thread, and with the default.</summary>
internal static class ThreadProgram
{
    public const string Command = "time-threads";

    public const string Count = "count-threads";

    public static int CountThreads()
    {
        SdEngine.Load();
        Console.WriteLine(SdCpp.Interop.Native.CpuThreads.Default.ToString(CultureInfo.InvariantCulture));
        return 0;
    }

    public static async Task<int> RunAsync(string folder)
    {
        DemoModelFiles files = DemoModel.Write(folder);
        foreach (int threads in new[] { 1, 0 })
        {
            await using DiffusionModel model = await DiffusionModel.LoadAsync(files.ToOptions(threads));
            (await model.TextToImageAsync(Demo.Request)).Dispose();
            long since = Stopwatch.GetTimestamp();
            (await model.TextToImageAsync(Demo.Request with { Steps = 10 })).Dispose();
            Console.WriteLine(Stopwatch.GetElapsedTime(since).TotalSeconds.ToString(CultureInfo.InvariantCulture));
        }

        return 0;
    }
}
