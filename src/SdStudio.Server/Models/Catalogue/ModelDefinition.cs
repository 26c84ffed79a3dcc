using SdCpp.Interop;
using SdStudio.Server.Generation;
using SdStudio.Server.Models.Downloads;
using SdStudio.Server.Models.Files;

namespace SdStudio.Server.Models.Catalogue;

/// <summary>An entry of the catalogue.</summary>
internal sealed record ModelDefinition
{
    private string? _loadKey;

    public required string Id { get; init; }

    public required string Name { get; init; }

    public string? Description { get; init; }

    public IReadOnlyList<string> Capabilities { get; init; } = ["text-to-image"];

    /// <summary>Whether it looks at images as a whole and changes what the words ask for, as Kontext and Qwen-Image-Edit do.</summary>
    public bool IsEditModel => Capabilities.Contains("imgedit");

    /// <summary>Whether its entry says that it makes videos.</summary>
    public bool SaysVideo => Capabilities.Contains("text-to-video") || Capabilities.Contains("image-to-video");

    public string ExecMode { get; init; } = "auto";

    public string Mode { get; init; } = "on_demand";

    public int? Port { get; init; }

    public string? HuggingFaceRepo { get; init; }

    /// <summary>Where its files are on the hub; none when nobody wrote it down.</summary>
    public IReadOnlyList<HubEntry> HubFiles { get; init; } = [];

    /// <summary>Its files and how to load them; paths are absolute.</summary>
    public required DiffusionModelOptions Options
    {
        get;
        init => (field, _loadKey) = (value, null);
    }

    /// <summary>The files as the catalogue writes them, with where that is.</summary>
    public required IReadOnlyList<ModelFileEntry> Files { get; init; }

    /// <summary>Its files as they are now, where links lead.</summary>
    public FileInfo[] FileInfos() => [.. Files.Select(file => ModelFileCache.At(file.FullPath))];

    /// <summary>The file that makes it this model: the denoiser, or the checkpoint that holds everything.</summary>
    public string MainFile => Options.DiffusionModelPath ?? Options.ModelPath ?? Files[0].FullPath;

    public required ImageSize DefaultSize { get; init; }

    /// <summary>What requests generate with that say nothing.</summary>
    public GenerationDefaults Defaults { get; init; } = new();

    public int DefaultSteps => (int)Defaults.Value<long>("steps");

    public double DefaultCfgScale => Defaults.Value<double>("cfg_scale");

    public string? DefaultSampler => Defaults.Value<string>("sampler");

    public string? DefaultScheduler => Defaults.Value<string>("scheduler");

    /// <summary>Its own step caches, by the speed that they are for.</summary>
    public IReadOnlyDictionary<string, StepCacheSetting> StepCaches { get; init; } = new Dictionary<string, StepCacheSetting>();

    /// <summary>The speeds that it has for OpenAI's words of quality; none when its entry says nothing.</summary>
    public IReadOnlyDictionary<string, string> SpeedOfQuality { get; init; } = new Dictionary<string, string>();

    /// <summary>How its weights are stored, for people, e.g. <c>Q8_0</c>.</summary>
    public string? Quant { get; init; }

    /// <summary>Its terms, by the name people know them by.</summary>
    public string? License { get; init; }

    /// <summary>The arithmetic of one look at a megapixel, in 10^12 operations; null if unknown.</summary>
    public double? StepWork { get; init; }

    /// <summary>Whether it can generate now: its files exist, or it is another server's.</summary>
    public bool IsThere => Remote is not null || Files.All(file => File.Exists(file.FullPath));

    /// <summary>Whether its weights lie in RAM, whatever computes with them.</summary>
    public bool IsOffloaded => (Options.ParamsBackend ?? Options.Backend ?? "").Contains("cpu", StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether it says nothing of where it computes and where its weights lie.</summary>
    public bool LeavesPlacement => Options is { ParamsBackend: null, Backend: null, MaxVram: null, AutoFit: null };

    /// <summary>How long it stays loaded when it is not used; null for as long as there is room.</summary>
    public TimeSpan? Autostop { get; init; }

    /// <summary>Another server's OpenAI-compatible API that generates in its place; null for a model of this one.</summary>
    public RemoteModel? Remote { get; init; }

    /// <summary>Why this server cannot generate with it; null when it can.</summary>
    public string? Unsupported { get; init; }

    /// <summary>The same for the same files loaded with the same options: they are one context, whatever entries name them.</summary>
    public string LoadKey => _loadKey ??= string.Join(
        '\n', (Options.EngineOptions ?? new Dictionary<string, string>()).OrderBy(option => option.Key, StringComparer.Ordinal).Select(option => $"{option.Key}={option.Value}")
            .Concat((Options.Embeddings ?? new Dictionary<string, string>()).OrderBy(word => word.Key, StringComparer.Ordinal).Select(word => $"embedding {word.Key}={word.Value}"))
            .Prepend((Options with { EngineOptions = null, Embeddings = null }).ToString()));

    public bool SupportsNegativePrompt { get; init; }

    public bool IsDefault { get; init; }
}

/// <summary>A file that a model needs.</summary>
/// <param name="Written">As the catalogue writes it; this is what answers show.</param>
/// <param name="FullPath">Where it is.</param>
internal sealed record ModelFileEntry(string Written, string FullPath);

/// <summary>Where a model of another server is.</summary>
/// <param name="Address">Of the server; the API's paths come after it.</param>
/// <param name="ApiKey">Its key; null for none.</param>
/// <param name="Model">What the model is called there.</param>
internal sealed record RemoteModel(Uri Address, string? ApiKey, string Model)
{
    /// <summary>How many requests it may have at the same time.</summary>
    public int Concurrency { get; init; } = 1;

    /// <summary>Models at one address share its concurrency.</summary>
    public string Server => Address.Authority;
}
