using SdCpp.Interop;

namespace SdStudio.Server.Models.Cache;

/// <summary>A model or an upscaler in memory. Its numbers change under its device's lock.</summary>
internal sealed class LoadedModel(string key, string id, object engine, ModelMemory memory, TimeSpan loading)
{
    /// <summary>The same for the same files loaded with the same options.</summary>
    public string Key { get; } = key;

    public string Id { get; } = id;

    /// <summary>The <see cref="DiffusionModel"/> or <see cref="Upscaler"/>.</summary>
    public object Engine { get; } = engine;

    /// <summary>What the load took, as measured, and what is beside it.</summary>
    public ModelMemory Memory => memory + Beside;

    /// <summary>What was loaded into it since: a ControlNet.</summary>
    public ModelMemory Beside { get; set; }

    public TimeSpan Loading { get; } = loading;

    public TimeSpan? Autostop { get; set; }

    /// <summary>Whether its weights were placed in RAM because the card has no room for them.</summary>
    public bool AreWeightsInRam { get; set; }

    /// <summary>A pinned model is never evicted and has no time to live; only a stop ends it.</summary>
    public bool IsPinned { get; set; }

    public int InUse { get; set; }

    /// <summary>How often it was used.</summary>
    public long Uses { get; set; }

    public long LastUsed { get; set; }

    /// <summary>Set when it was stopped while in use: it is unloaded when that has ended.</summary>
    public bool IsStopping { get; set; }

    public bool IsModel => Engine is DiffusionModel;

    /// <summary>Seconds of loading that it saves for each byte it takes.</summary>
    public double Value => Loading.TotalSeconds * Math.Max(1, Uses) / Math.Max(1, Memory.Ram + Memory.Vram);
}

/// <summary>A loaded model in use; disposing gives it back.</summary>
internal sealed class ModelLease(DeviceModels owner, LoadedModel loaded, TimeSpan loading) : IAsyncDisposable
{
    public DiffusionModel Model => (DiffusionModel)loaded.Engine;

    public Upscaler Upscaler => (Upscaler)loaded.Engine;

    /// <summary>What this lease had to wait for the load; 0 when the model was in memory.</summary>
    public TimeSpan Loading { get; } = loading;

    /// <summary>Whether the card has no room for the weights, so that they stay in RAM.</summary>
    public bool AreWeightsInRam => loaded.AreWeightsInRam;

    /// <summary>Makes room for what is loaded into the model now in place of what was before, as far as others can leave.</summary>
    public Task LoadBesideAsync(string? path, CancellationToken cancellation) => owner.LoadBesideAsync(loaded, path, cancellation);

    public ValueTask DisposeAsync() => owner.ReturnAsync(loaded);
}
