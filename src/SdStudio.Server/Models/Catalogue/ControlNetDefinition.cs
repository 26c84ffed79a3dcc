using SdStudio.Server.Models.Downloads;

namespace SdStudio.Server.Models.Catalogue;

/// <summary>A ControlNet of the catalogue, which can be downloaded into the folder of ControlNets.</summary>
/// <param name="Id">Its key in <c>models.yml</c>.</param>
/// <param name="Name">For people.</param>
/// <param name="Description">What it follows, and with which models.</param>
/// <param name="File">Its weights.</param>
internal sealed record ControlNetDefinition(string Id, string Name, string? Description, ModelFileEntry File)
{
    /// <summary>Where its file is on the hub; none when nobody wrote it down.</summary>
    public IReadOnlyList<HubEntry> HubFiles { get; init; } = [];

    /// <summary>Its terms, by the name people know them by.</summary>
    public string? License { get; init; }

    public bool IsThere => System.IO.File.Exists(File.FullPath);
}
