using System.Text.Json;

namespace SdCpp.Interop.Tests.Vulkan;

/// <summary>What the processes do that <see cref="VulkanTests"/> starts.</summary>
internal static class VulkanProgram
{
    public const string Generate = "generate-with-vulkan";
    public const string Load = "load-engine";
    public const string Device = "Vulkan0";
    public const string ReportFile = "report.json";

    // One step is enough for the demo model's flat colours; each costs the software device seconds.
    private static readonly TextToImageRequest Request = Demo.Request with { Steps = 1 };

    /// <summary>Says which backend the engine in a folder has and why, or why it has none.</summary>
    public static int LoadEngine(string folder, string backend)
    {
        try
        {
            SdEngineInfo info = SdEngine.Load(new SdEngineOptions { NativeDirectory = folder, Backend = backend }).Info;
            Console.WriteLine($"{info.Backend}: {info.BackendReason}");
        }
        catch (SdException exception)
        {
            Console.WriteLine($"{exception.Code}: {exception.Message}");
        }

        return 0;
    }

    /// <summary>Generates on Vulkan0 and on the CPU, and reports.</summary>
    public static async Task<int> GenerateAsync(string folder)
    {
        SdEngine engine = SdEngine.Load(new SdEngineOptions { Backend = "vulkan" });
        DiffusionModelOptions options = DemoModel.Write(folder).ToOptions(threads: 1);
        byte[][] images;
        int stoppedAt;
        await using (DiffusionModel onProcessor = await DiffusionModel.LoadAsync(options with { Backend = "CPU" }))
        await using (DiffusionModel onVulkan = await DiffusionModel.LoadAsync(options with { Backend = Device }))
        {
            images = await Task.WhenAll(GenerateAsync(onProcessor), GenerateAsync(onVulkan));
            stoppedAt = await CancelAsync(onVulkan);
        }

        var report = new VulkanReport(
            engine.Info, [.. engine.Devices], engine.Devices.FirstOrDefault(device => device.Name == Device)?.ReadMemory(),
            images[0], images[1], stoppedAt, await engine.SelfTestAsync(Device, folder));
        await File.WriteAllTextAsync(Path.Combine(folder, ReportFile), JsonSerializer.Serialize(report, VulkanJson.Default.VulkanReport));
        return 0;
    }

    private static async Task<byte[]> GenerateAsync(DiffusionModel model)
    {
        using GenerationResult result = await model.TextToImageAsync(Request);
        return result.Images[0].Image.Span.ToArray();
    }

    private static async Task<int> CancelAsync(DiffusionModel model)
    {
        using var stop = new CancellationTokenSource();
        List<GenerationProgress> seen = [];
        var progress = new Recorder(seen, report =>
        {
            if (report.Phase == GenerationPhase.Sample)
                stop.Cancel();
        });
        try
        {
            (await model.TextToImageAsync(Request with { Steps = 100 }, new SdCallbacks { Progress = progress }, stop.Token)).Dispose();
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return seen.Where(report => report.Phase == GenerationPhase.Sample).Max(report => report.Step);
        }

        throw new InvalidOperationException("A cancelled image was generated to its end.");
    }
}
