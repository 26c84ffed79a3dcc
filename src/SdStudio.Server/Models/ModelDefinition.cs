using SdCpp.Interop;

namespace SdStudio.Server.Models;

/// <summary>An entry of the catalogue.</summary>
internal sealed record ModelDefinition
{
    public required string Id { get; init; }

    public required string Name { get; init; }

    public string? Description { get; init; }

    public IReadOnlyList<string> Capabilities { get; init; } = ["text-to-image"];

    public string ExecMode { get; init; } = "auto";

    public string Mode { get; init; } = "on_demand";

    public int? Port { get; init; }

    public string? HuggingFaceRepo { get; init; }

    /// <summary>Its files and how to load them; paths are absolute.</summary>
    public required DiffusionModelOptions Options { get; init; }

    /// <summary>The files as the catalogue writes them, with where that is.</summary>
    public required IReadOnlyList<ModelFileEntry> Files { get; init; }

    /// <summary>The file that makes it this model: the denoiser, or the checkpoint that holds everything.</summary>
    public string MainFile => Options.DiffusionModelPath ?? Options.ModelPath ?? Files[0].FullPath;

    public required PictureSize DefaultSize { get; init; }

    public int DefaultSteps { get; init; } = 20;

    public double DefaultCfgScale { get; init; } = 7;

    public string? DefaultSampler { get; init; }

    public bool SupportsNegativePrompt { get; init; }

    public bool IsDefault { get; init; }
}

/// <summary>A file that a model needs.</summary>
/// <param name="Written">As the catalogue writes it; this is what answers show.</param>
/// <param name="FullPath">Where it is.</param>
internal sealed record ModelFileEntry(string Written, string FullPath);
