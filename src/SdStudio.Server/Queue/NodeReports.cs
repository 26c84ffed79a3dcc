using SdStudio.Server.Models.Cache;
using SdStudio.Server.Models.Catalogue;

namespace SdStudio.Server.Queue;

/// <summary>What this machine tells of itself.</summary>
internal sealed class NodeReports(IJobDevices devices, ModelCatalogue catalogue, ModelCache cache)
{
    public NodeReport Now => new(
        devices.States,
        [.. catalogue.Models.Where(model => model.IsThere).Select(model => new NodeModel(model.Id, cache.StatusOf(model.Id), model.Remote is not null || cache.CannotFit(model) is null))]);
}
