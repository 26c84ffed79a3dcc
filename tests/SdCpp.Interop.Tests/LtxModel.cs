using SdStudio.Tests;

namespace SdCpp.Interop.Tests;

/// <summary>The tiny LTX-2 model, written and loaded once for a class.</summary>
public sealed class LtxModel : IAsyncLifetime
{
    /// <summary>Side of the cells of one colour that its encoder keeps, pixels.</summary>
    public const int Cell = 32;

    // An encoding of a prompt takes 2.2 GB beside the weights.
    private const long Needed = 4L << 30;
    private readonly string _folder = Path.Combine(Path.GetTempPath(), "sdcpp-ltx-" + Guid.NewGuid().ToString("N"));

    public DiffusionModelOptions Options { get; private set; } = null!;

    public DiffusionModel Model { get; private set; } = null!;

    /// <summary>Nothing is left of the noise: each frame is its target.</summary>
    public static VideoRequest Request { get; } =
        new() { Prompt = "The people look at the water", Width = 32, Height = 32, Frames = 9, Fps = 8, Steps = TinyLtxModel.ExactSteps, CfgScale = 1, FlowShift = 1, Seed = 7 };

    public async ValueTask InitializeAsync()
    {
        Assert.SkipWhen(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes < Needed, "needs 4 GB of memory");
        Options = TinyLtxModel.Write(_folder);
        Model = await DiffusionModel.LoadAsync(Options);
    }

    public async ValueTask DisposeAsync()
    {
        if (Model is null)
            return;
        await Model.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>A fresh path under the tests' own folder.</summary>
    public string NewPath(string extension) => Path.Combine(_folder, Guid.NewGuid().ToString("N") + extension);
}
