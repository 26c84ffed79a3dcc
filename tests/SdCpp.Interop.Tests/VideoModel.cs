using SdStudio.Tests;

namespace SdCpp.Interop.Tests;

/// <summary>The tiny video model, written and loaded once for a class.</summary>
public sealed class VideoModel : IAsyncLifetime
{
    /// <summary>Side of the cells of one colour that its encoder keeps, pixels.</summary>
    public const int Cell = 16;

    private readonly string _folder = Path.Combine(Path.GetTempPath(), "sdcpp-video-" + Guid.NewGuid().ToString("N"));

    public DiffusionModelOptions Options { get; private set; } = null!;

    public DiffusionModel Model { get; private set; } = null!;

    /// <summary>Nothing is left of the noise: each frame is its target.</summary>
    public static VideoRequest Request { get; } =
        new() { Prompt = "a red fox", Width = 32, Height = 32, Frames = 5, Fps = 8, Steps = TinyVideoModel.ExactSteps, CfgScale = 1, FlowShift = 1, Seed = 7 };

    public async ValueTask InitializeAsync()
    {
        Options = TinyVideoModel.Write(_folder);
        Model = await DiffusionModel.LoadAsync(Options);
    }

    public async ValueTask DisposeAsync()
    {
        await Model.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>A fresh path under the tests' own folder.</summary>
    public string NewPath(string extension) => Path.Combine(_folder, Guid.NewGuid().ToString("N") + extension);
}
