using SdCpp.Interop;
using SdStudio.Server.Generation;

namespace SdStudio.Server.Models.Catalogue;

/// <summary>The step caches of the speeds, where a model's entry names none: UNets have a cache of their own, everything else has the one for transformers.</summary>
internal static class StepCaches
{
    private static readonly ModelFamily[] Unets = [ModelFamily.Sd1, ModelFamily.Sd2, ModelFamily.Sdxl];

    public static StepCacheSetting? Of(ModelDefinition model, ModelFamily family, string? speed) => speed is null or Speed.Exact
        ? null
        : model.StepCaches.GetValueOrDefault(speed) ?? (Unets.Contains(family), speed) switch
        {
            (true, Speed.Fast) => new StepCacheSetting("ucache", 1, 0.15, 0.95),
            (true, _) => new StepCacheSetting("ucache", 2, 0.1, 1),
            (false, Speed.Fast) => new StepCacheSetting("easycache", 0.2, 0.15, 0.95),
            _ => new StepCacheSetting("easycache", 0.5, 0.1, 1),
        };
}
