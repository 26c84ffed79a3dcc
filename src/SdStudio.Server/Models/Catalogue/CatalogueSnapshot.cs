
namespace SdStudio.Server.Models.Catalogue;

/// <summary>What the files of the catalogue say, read once and never changed.</summary>
/// <param name="Models">By id, in the order of the files.</param>
/// <param name="Upscalers">Those of the catalogue, then the built-in ones.</param>
/// <param name="Default">For requests that name no model.</param>
/// <param name="DefaultTextToImage">The same for text-to-image.</param>
/// <param name="DefaultImageToImage">The same for image-to-image.</param>
/// <param name="Warnings">What was left out or not understood, for people.</param>
internal sealed record CatalogueSnapshot(
    IReadOnlyDictionary<string, ModelDefinition> Models, IReadOnlyList<UpscalerDefinition> Upscalers, ModelDefinition? Default,
    ModelDefinition? DefaultTextToImage, ModelDefinition? DefaultImageToImage, IReadOnlyList<string> Warnings)
{
    /// <summary>The ControlNets that can be downloaded.</summary>
    public IReadOnlyList<ControlNetDefinition> ControlNets { get; init; } = [];

    /// <summary>Files that could not be read, and why.</summary>
    public IReadOnlyList<string> Problems { get; init; } = [];
}
