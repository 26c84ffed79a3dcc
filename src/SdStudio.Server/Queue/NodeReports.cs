using SdStudio.Server.Models.Cache;
using SdStudio.Server.Models.Catalogue;

namespace SdStudio.Server.Queue;

/// <summary>What this machine tells of itself.</summary>
internal sealed class NodeReports(IJobDevices devices, ModelCatalogue catalogue, ModelCache cache)
{
    public NodeReport Now => new(
        devices.States,
        [.. catalogue.Models.Where(model => model.IsThere).Select(model => new NodeModel(model.Id, cache.StatusOf(model.Id), model.Remote is not null || cache.CannotFit(model) is null))]);

    /// <summary>The models that this machine has, as others read requests for them.</summary>
    public IReadOnlyList<SharedModel> Models => [.. catalogue.Models.Where(model => model is { IsThere: true, Unsupported: null }).OrderBy(model => model.Id, StringComparer.Ordinal).Select(SharedModel.Of)];
}
