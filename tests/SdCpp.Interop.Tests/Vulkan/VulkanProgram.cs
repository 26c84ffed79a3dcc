using System.Text.Json;

namespace SdCpp.Interop.Tests.Vulkan;

/// <summary>Draws on Vulkan0 and on the CPU, in the process that <see cref="VulkanTests"/> starts, and reports.</summary>
internal static class VulkanProgram
{
    public const string Verb = "draw-with-vulkan";
    public const string Device = "Vulkan0";
    public const string ReportFile = "report.json";

    // One step is enough for the demo model's flat colours; each costs the software device seconds.
    private static readonly TextToImageRequest Request = Demo.Request with { Steps = 1 };

    public static async Task<int> RunAsync(string folder)
    {
        SdEngine engine = SdEngine.Load(new SdEngineOptions { Backend = "vulkan" });
        DiffusionModelOptions options = DemoModel.Write(folder).ToOptions(threads: 1);
        byte[][] pictures;
        int stoppedAt;
        await using (DiffusionModel onProcessor = await DiffusionModel.LoadAsync(options with { Backend = "CPU" }))
        await using (DiffusionModel onVulkan = await DiffusionModel.LoadAsync(options with { Backend = Device }))
        {
            pictures = await Task.WhenAll(DrawAsync(onProcessor), DrawAsync(onVulkan));
            stoppedAt = await CancelAsync(onVulkan);
        }

        var report = new VulkanReport(
            engine.Info, [.. engine.Devices], engine.Devices.FirstOrDefault(device => device.Name == Device)?.ReadMemory(),
            pictures[0], pictures[1], stoppedAt, await engine.SelfTestAsync(Device, folder));
        await File.WriteAllTextAsync(Path.Combine(folder, ReportFile), JsonSerializer.Serialize(report, VulkanJson.Default.VulkanReport));
        return 0;
    }

    private static async Task<byte[]> DrawAsync(DiffusionModel model)
    {
        using GenerationResult result = await model.TextToImageAsync(Request);
        return result.Images[0].Pixels.Span.ToArray();
    }

    private static async Task<int> CancelAsync(DiffusionModel model)
    {
        using var stop = new CancellationTokenSource();
        List<GenerationProgress> seen = [];
        var progress = new Recorder(seen, report =>
        {
            if (report is { Phase: GenerationPhase.Sample, Step: 1 })
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

        throw new InvalidOperationException("A cancelled picture was drawn to its end.");
    }
}
