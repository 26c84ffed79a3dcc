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
        await using DiffusionModel one = await DiffusionModel.LoadAsync(files.ToOptions(1));
        await using DiffusionModel own = await DiffusionModel.LoadAsync(files.ToOptions(0));
        double[] shortest = [double.MaxValue, double.MaxValue];
        // By turns, and the shortest of each: what else the machine does hits both, and not every time.
        for (int round = 0; round < 8; round++)
        {
            for (int model = 0; model < 2; model++)
            {
                long since = Stopwatch.GetTimestamp();
                (await (model == 0 ? one : own).TextToImageAsync(Demo.Request with { Steps = 4 })).Dispose();
                shortest[model] = Math.Min(shortest[model], Stopwatch.GetElapsedTime(since).TotalSeconds);
            }
        }

        foreach (double seconds in shortest)
            Console.WriteLine(seconds.ToString(CultureInfo.InvariantCulture));
        return 0;
    }
}
