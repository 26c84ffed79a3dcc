
namespace SdStudio.Server.Models.Catalogue;

/// <summary>What the files of the catalogue say, read once and never changed.</summary>
/// <param name="Models">By id, in the order of the files.</param>
/// <param name="Upscalers">Those of the catalogue, then those that are always there.</param>
/// <param name="Default">For requests that name no model.</param>
/// <param name="DefaultTextToImage">The same for drawing from words.</param>
/// <param name="DefaultImageToImage">The same for drawing from a picture.</param>
/// <param name="Warnings">What was left out or not understood, for people.</param>
internal sealed record CatalogueSnapshot(
    IReadOnlyDictionary<string, ModelDefinition> Models, IReadOnlyList<UpscalerDefinition> Upscalers, ModelDefinition? Default,
    ModelDefinition? DefaultTextToImage, ModelDefinition? DefaultImageToImage, IReadOnlyList<string> Warnings);

/// <summary>A file of the catalogue cannot be read; the message names file and line.</summary>
internal sealed class CatalogueException(string message, Exception? inner = null) : InvalidOperationException(message, inner);
