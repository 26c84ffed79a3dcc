using SdStudio.Server.Models.Downloads;

namespace SdStudio.Server.Models.Catalogue;

/// <summary>An upscaler of the catalogue.</summary>
/// <param name="Id">Its key in <c>models.yml</c>.</param>
/// <param name="Name">For people, e.g. <c>RealESRGAN 4x+</c>.</param>
/// <param name="Description">What it is good for.</param>
/// <param name="File">Its weights; null for one that only resamples.</param>
/// <param name="Scale">How many times wider its results are; 1 for one that only resamples.</param>
internal sealed record UpscalerDefinition(string Id, string Name, string? Description, ModelFileEntry? File, int Scale)
{
    /// <summary>How it resamples, without a file and to reach the exact size.</summary>
    public NetVips.Enums.Kernel Kernel { get; init; } = NetVips.Enums.Kernel.Lanczos3;

    /// <summary>Where its file is on the hub; none when nobody wrote it down.</summary>
    public IReadOnlyList<HubEntry> HubFiles { get; init; } = [];

    /// <summary>Its terms, by the name people know them by.</summary>
    public string? License { get; init; }

    public bool IsThere => File is null || System.IO.File.Exists(File.FullPath);
}
