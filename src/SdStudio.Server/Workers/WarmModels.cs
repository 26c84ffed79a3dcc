using SdStudio.Server.Models.Cache;
using SdStudio.Server.Queue;

namespace SdStudio.Server.Workers;

/// <summary>What the queue needs to know of the models in memory.</summary>
internal sealed class WarmModels(ModelCache cache) : IWarmModels
{
    public int Version => cache.Version;

    public bool IsWarm(string model) => cache.IsWarm(model);
}
