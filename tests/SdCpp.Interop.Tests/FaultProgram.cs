namespace SdCpp.Interop.Tests;

/// <summary>
/// What the process does that <see cref="FaultTests"/> starts: mistakes of managed code, outside the engine and in its callbacks, in a process whose
/// engine writes last words. The runtime makes exceptions of the signals SIGSEGV and SIGFPE.
/// </summary>
internal static class FaultProgram
{
    public const string Command = "managed-faults";

    public static async Task<int> RunAsync(string folder, string crashFile)
    {
        SdEngine.Load(new SdEngineOptions { CrashFile = crashFile });
        await using DiffusionModel model = await DiffusionModel.LoadAsync(DemoModel.Write(folder).ToOptions(threads: 1));
        int caught = 0;
        Catch(() => caught++);
        SdCallbacks callbacks = SdCallbacks.OnProgress(_ => Catch(() => caught++)) with { Tag = "a job" };
        using (GenerationResult result = await model.TextToImageAsync(Demo.Request, callbacks))
            Console.WriteLine($"{result.Images.Count} image, {(caught >= 2 ? "some" : "none")} of the callbacks");
        Catch(() => caught++);
        return caught % 2;
    }

    private static void Catch(Action count)
    {
        string? nothing = Environment.GetEnvironmentVariable("SDCPP_THERE_IS_NO_SUCH_VARIABLE");
        int zero = nothing is null ? 0 : 1;
        try
        {
            Console.WriteLine(nothing!.Length);
        }
        catch (NullReferenceException)
        {
            count();
        }

        try
        {
            Console.WriteLine(1 / zero);
        }
        catch (DivideByZeroException)
        {
            count();
        }
    }
}
