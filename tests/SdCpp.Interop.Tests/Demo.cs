namespace SdCpp.Interop.Tests;

/// <summary>The real engine and the demo model, loaded once for all tests.</summary>
public sealed class Demo : IAsyncLifetime
{
    private readonly string _folder = Path.Combine(Path.GetTempPath(), "sdcpp-tests-" + Guid.NewGuid().ToString("N"));

    public DemoModelFiles Files { get; private set; } = null!;

    public DiffusionModel Model { get; private set; } = null!;

    public SdEngine Engine { get; private set; } = null!;

    public static TextToImageRequest Request { get; } = new()
    {
        Prompt = "a red circle on a blue background",
        Width = 64,
        Height = 64,
        Steps = 4,
        CfgScale = 1,
        Seed = 7,
    };

    public async ValueTask InitializeAsync()
    {
        Files = DemoModel.Write(_folder);
        Engine = SdEngine.Load(new SdEngineOptions { CrashFile = Environment.GetEnvironmentVariable("SDCPP_CRASH_FILE") });
        // One thread: images this small gain nothing from a second one, and two threads wait for each other when the machine is busy.
        Model = await DiffusionModel.LoadAsync(Files.ToOptions(threads: 1));
    }

    public async ValueTask DisposeAsync()
    {
        await Model.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>A fresh path under the tests' own folder.</summary>
    public string NewPath(string extension) => Path.Combine(_folder, Guid.NewGuid().ToString("N") + extension);

    /// <summary>One image's bytes.</summary>
    public async Task<byte[]> GenerateAsync(TextToImageRequest request)
    {
        using GenerationResult result = await Model.TextToImageAsync(request, null, TestContext.Current.CancellationToken);
        return Assert.Single(result.Images).Image.Span.ToArray();
    }
}
