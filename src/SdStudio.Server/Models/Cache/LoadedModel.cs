using SdCpp.Interop;
using SdStudio.Server.Models.Catalogue;

namespace SdStudio.Server.Models.Cache;

/// <summary>A model that is loaded. Its numbers change under the cache's lock.</summary>
internal sealed class LoadedModel(ModelDefinition definition, DiffusionModel model, ModelMemory memory, TimeSpan loading)
{
    public string Key { get; } = definition.LoadKey;

    public string Id { get; } = definition.Id;

    public DiffusionModel Model { get; } = model;

    /// <summary>What the load took, as measured.</summary>
    public ModelMemory Memory { get; } = memory;

    public TimeSpan Loading { get; } = loading;

    public TimeSpan? Autostop { get; set; } = definition.Autostop;

    /// <summary>A pinned model is never evicted and has no time to live; only a stop ends it.</summary>
    public bool IsPinned { get; set; }

    public int InUse { get; set; }

    /// <summary>How often somebody drew with it.</summary>
    public long Uses { get; set; }

    public long LastUsed { get; set; }

    /// <summary>Set when somebody stopped it while it drew: it goes when the drawing has ended.</summary>
    public bool IsStopping { get; set; }

    /// <summary>Seconds of loading that it saves for each byte it takes.</summary>
    public double Value => Loading.TotalSeconds * Math.Max(1, Uses) / Math.Max(1, Memory.Ram + Memory.Vram);
}

/// <summary>A loaded model in the hands of somebody who draws with it; disposing gives it back.</summary>
internal sealed class ModelLease(ModelCache cache, LoadedModel resident, TimeSpan loading) : IAsyncDisposable
{
    public DiffusionModel Model => resident.Model;

    /// <summary>What this lease had to wait for the load; 0 when the model was there.</summary>
    public TimeSpan Loading { get; } = loading;

    public ValueTask DisposeAsync() => cache.ReturnAsync(resident);
}
