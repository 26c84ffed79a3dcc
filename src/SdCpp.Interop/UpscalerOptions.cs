namespace SdCpp.Interop;

/// <summary>An upscaler's file and how to load it.</summary>
/// <param name="ModelPath">An ESRGAN file.</param>
public sealed record UpscalerOptions(string ModelPath)
{
    /// <summary>CPU threads, 1 to 1024; 0 as in <see cref="DiffusionModelOptions.Threads"/>.</summary>
    public int Threads { get; init; }

    /// <summary>Side of the tiles the input is cut into, 16 to 4096 pixels; 0 for the engine's own.</summary>
    public int TileSize { get; init; }

    /// <summary>Device to compute on; null for the engine's choice.</summary>
    public string? Backend { get; init; }

    /// <summary>Where the weights lie; null for the engine's choice.</summary>
    public string? ParamsBackend { get; init; }

    /// <summary>Direct convolution: less memory, on some devices slower.</summary>
    public bool ConvDirect { get; init; }

    /// <summary>What a second call does while one is running.</summary>
    public WhenBusy WhenBusy { get; init; }

    /// <summary>Most calls that wait for their turn, as <see cref="DiffusionModelOptions.MaxWaitingCalls"/>.</summary>
    public int MaxWaitingCalls { get; init; } = 1000;
}
