using System.Globalization;
using SdCpp.Interop;
using SdStudio.Server.Generation;
using YamlDotNet.RepresentationModel;

namespace SdStudio.Server.Models.Catalogue;

/// <summary>
/// Reads a folder of YAML files in the original studio's format: settings.yml and upscalers.yml first, then the others by name; of two
/// entries with one id the later wins. What is wrong with an entry costs that entry or that value, and is warned of with file and line.
/// </summary>
internal sealed class CatalogueReader
{
    private const int MaxScale = 16;

    // The original's switches for memory, as arguments of the engine's programs.
    private static readonly (string Key, string Flag)[] MemoryFlags =
    [
        ("offload_to_cpu", "--offload-to-cpu"), ("clip_on_cpu", "--clip-on-cpu"), ("vae_on_cpu", "--vae-on-cpu"), ("vae_tiling", "--vae-tiling"),
        ("diffusion_fa", "--diffusion-fa"), ("vae_conv_direct", "--vae-conv-direct"),
    ];

    // The files of an entry in the original's newer format.
    private static readonly (string Key, string Flag)[] FileFields =
    [
        ("diffusion_model", "--diffusion-model"), ("vae", "--vae"), ("clip_l", "--clip_l"), ("clip_g", "--clip_g"), ("t5xxl", "--t5xxl"),
        ("qwen2vl", "--qwen2vl"), ("llm", "--llm"), ("clip_vision", "--clip_vision"), ("mmproj", "--llm_vision"), ("taesd", "--taesd"),
    ];

    private static readonly UpscalerDefinition[] Resamplers =
    [
        new("lanczos", "Lanczos", "Resamples without a model", File: null, Scale: 1),
        new("nearest", "Nearest", "Repeats pixels: for pixel art", File: null, Scale: 1) { Kernel = NetVips.Enums.Kernel.Nearest },
    ];

    private readonly string _root;
    private readonly IReadOnlyList<CatalogueFile> _files;
    private readonly Dictionary<string, ModelDefinition> _models = new(StringComparer.Ordinal);
    private readonly Dictionary<string, UpscalerDefinition> _upscalers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ControlNetDefinition> _nets = new(StringComparer.Ordinal);
    private readonly List<string> _warnings = [];
    private string _file = "";

    private CatalogueReader(IReadOnlyList<CatalogueFile> files, string root) => (_files, _root) = (files, root);

    /// <param name="folder">Where the files are.</param>
    /// <param name="root">What the paths in them are relative to.</param>
    /// <param name="files">Remembers how files were that cannot be read; null for nothing.</param>
    public static CatalogueSnapshot Read(string folder, string root, CatalogueFiles? files = null)
    {
        List<string> problems = [];
        CatalogueSnapshot catalogue = new CatalogueReader((files ?? new CatalogueFiles()).Read(folder, problems.Add), root).Build();
        return catalogue with { Problems = problems };
    }

    private CatalogueSnapshot Build()
    {
        // What holds for all models may stand in any file.
        YamlEntry memory = FileWith("memory_defaults").Entry("memory_defaults");
        TimeSpan? autostop = FileWith("default_autostop").Duration("default_autostop");
        bool negative = FileWith("supports_negative_prompt").Flag("supports_negative_prompt") ?? false;
        foreach (CatalogueFile file in _files)
        {
            _file = file.Name;
            foreach ((string id, YamlNode node) in Root(file).Entry("models").Pairs())
            {
                ModelDefinition? model = OrNothing(node, $"model {id}", entry => ReadModel(id, entry, memory, autostop, negative));
                if (model is null)
                    _models.Remove(id);
                else
                    _models[id] = model;
            }

            foreach ((string id, YamlNode node) in Root(file).Entry("upscalers").Pairs())
            {
                if (OrNothing(node, $"upscaler {id}", entry => ReadUpscaler(id, entry)) is { } upscaler)
                    _upscalers[id] = upscaler;
            }

            foreach ((string id, YamlNode node) in Root(file).Entry("controlnets").Pairs())
            {
                if (OrNothing(node, $"ControlNet {id}", entry => ReadControlNet(id, entry)) is { } net)
                    _nets[id] = net;
            }
        }

        ModelDefinition? fallback = FindNamed("default_model") ?? FindNamed("default")
            ?? _models.Values.FirstOrDefault(model => model.IsDefault) ?? _models.Values.FirstOrDefault(model => model.Unsupported is null);
        return new CatalogueSnapshot(
            _models, [.. _upscalers.Values, .. Resamplers.Where(resampler => !_upscalers.ContainsKey(resampler.Id))], fallback,
            FindNamed("default_models", "text_to_image") ?? fallback, FindNamed("default_models", "image_to_image") ?? fallback, _warnings)
        {
            ControlNets = [.. _nets.Values],
        };
    }

    // One bad entry never takes the others along.
    private T? OrNothing<T>(YamlNode node, string name, Func<YamlEntry, T?> read)
        where T : class
    {
        if (node is not YamlMappingNode mapping)
        {
            Warn(node, $"{name} is not a list of settings; it is ignored");
            return null;
        }

        try
        {
            return read(new YamlEntry(mapping, name, Warn));
        }
        catch (Exception exception)
        {
            Warn(node, $"{name} cannot be read and is left out: {exception.Message}");
            return null;
        }
    }

    private YamlEntry Root(CatalogueFile? file) => new(file?.Root, file?.Name ?? "", Warn);

    private YamlEntry FileWith(string key)
    {
        CatalogueFile? file = _files.LastOrDefault(file => Root(file).Child(key) is not null);
        _file = file?.Name ?? _file;
        return Root(file);
    }

    private ModelDefinition? FindNamed(string key, string? inner = null)
    {
        YamlEntry file = FileWith(key);
        string? id = inner is null ? file.Text(key) : file.Entry(key).Text(inner);
        if (id is null)
            return null;
        ModelDefinition? model = _models.GetValueOrDefault(id);
        if (model is null)
            Warn(file.Child(key)!, $"{inner ?? key} names the model {id}, which does not exist or is switched off; another is used");
        return model;
    }

    private ModelDefinition? ReadModel(string id, YamlEntry entry, YamlEntry memory, TimeSpan? autostop, bool negative)
    {
        if (entry.Flag("enabled") is false)
            return null;
        if (entry.Text("name") is not { } name)
        {
            entry.Warn(entry.Node!, "it has no name; it is left out");
            return null;
        }

        SdCliArguments arguments = SdCliArguments.Parse([.. ArgumentsOf(entry), .. MemoryArguments(entry, memory)], _root);
        foreach (string flag in arguments.Unknown)
            Warn(entry.Node!, $"model {id} has the argument {flag}, which this server does not know; it is ignored");
        foreach (string problem in arguments.Problems)
            entry.Warn(entry.Node!, problem);
        GenerationDefaults defaults = arguments.Defaults;
        ReadDefaults(entry.Entry("generation_params"), defaults);
        string execMode = entry.Text("exec_mode") ?? FileWith("default_exec_mode").Text("default_exec_mode") ?? "auto";
        return new ModelDefinition
        {
            Id = id,
            Name = name,
            Description = entry.Text("description"),
            Quant = entry.Text("quant"),
            License = entry.Text("license"),
            StepWork = entry.Number("step_work", 0.001, 100_000),
            Capabilities = CapabilitiesOf(entry, arguments),
            ExecMode = execMode,
            Mode = entry.Text("mode") ?? "on_demand",
            Port = entry.Integer("port", 0, 65535),
            HuggingFaceRepo = entry.Entry("huggingface").Text("repo"),
            HubFiles = HubEntries.Read(entry, arguments.Files, _root),
            Options = arguments.Options,
            Files = arguments.Files,
            DefaultSize = ReadSize(entry, defaults),
            Defaults = defaults,
            SupportsNegativePrompt = entry.Flag("supports_negative_prompt") ?? negative,
            Autostop = entry.Duration("autostop") ?? autostop,
            StepCaches = StepCachesOf(entry.Entry("step_cache")),
            SpeedOfQuality = SpeedsOf(entry.Entry("quality")),
            Remote = ReadRemote(id, entry, execMode),
            Unsupported = Unsupported(entry, execMode, arguments.Files.Count),
            IsDefault = entry.Flag("default") is true,
        };
    }

    // What an entry says is worth more than its arguments.
    private static void ReadDefaults(YamlEntry entry, GenerationDefaults defaults)
    {
        foreach (Parameter parameter in Parameters.All.Where(parameter => parameter.OfModel))
        {
            if (parameter.Aliases.Append(parameter.Name).FirstOrDefault(name => entry.Child(name) is not null) is not { } name || entry.Text(name) is not { } text)
                continue;
            if (GenerationDefaults.TryRead(parameter, name, text, out object? value, out string? problem))
                defaults.Set(parameter, value);
            if (problem is not null)
                entry.Warn(entry.Child(name)!, problem);
        }
    }

    private static List<string> ArgumentsOf(YamlEntry entry)
    {
        List<string> arguments = entry.Texts("args");
        List<(string Flag, string Path)> files = [.. FileFields
            .Select(field => (field.Flag, Path: entry.Path(field.Key) ?? entry.Path(field.Key + "_file"))).Where(file => file.Path is not null)
            .Select(file => (file.Flag, file.Path!))];
        // A file without parts beside it is a checkpoint that holds everything.
        if (entry.Path("model_file") is { } main)
            files.Insert(0, (files.Count > 0 ? "--diffusion-model" : "--model", main));
        foreach ((string flag, string path) in files.Where(file => !arguments.Contains(file.Flag)))
            arguments.AddRange([flag, path]);
        return arguments;
    }

    private static IEnumerable<string> MemoryArguments(YamlEntry entry, YamlEntry defaults)
    {
        YamlEntry own = entry.Entry("memory_overrides");
        return MemoryFlags.Where(flag => own.Flag(flag.Key) ?? defaults.Flag(flag.Key) ?? false).Select(flag => flag.Flag);
    }

    private static Dictionary<string, StepCacheSetting> StepCachesOf(YamlEntry entry)
    {
        Dictionary<string, StepCacheSetting> caches = new(StringComparer.Ordinal);
        foreach (string speed in Speed.All.Where(speed => speed != Speed.Exact))
        {
            if (entry.Text(speed) is not { } text)
                continue;
            if (StepCacheSetting.TryParse(text, out StepCacheSetting? cache))
                caches[speed] = cache;
            else
                entry.Warn(entry.Child(speed)!, $"step_cache {speed} is '{text}'; allowed is MODE:THRESHOLD,START,END with one of {string.Join(", ", StepCacheSetting.Modes)}, e.g. easycache:0.2,0.15,0.95; it is ignored");
        }

        return caches;
    }

    private static Dictionary<string, string> SpeedsOf(YamlEntry entry)
    {
        Dictionary<string, string> speeds = new(StringComparer.Ordinal);
        foreach (string quality in Parameters.Qualities)
        {
            if (entry.Text(quality) is not { } text)
                continue;
            if (Speed.All.Contains(text))
                speeds[quality] = text;
            else
                entry.Warn(entry.Child(quality)!, $"quality {quality} is '{text}'; allowed is one of: {string.Join(", ", Speed.All)}; it is ignored");
        }

        return speeds;
    }

    private static List<string> CapabilitiesOf(YamlEntry entry, SdCliArguments arguments)
    {
        List<string> capabilities = entry.Texts("capabilities");
        if (capabilities.Count == 0)
            capabilities.Add(arguments.MakesVideos ? "text-to-video" : "text-to-image");
        if (entry.Text("model_type") == "imgedit" && !capabilities.Contains("imgedit"))
            capabilities.Add("imgedit");
        return capabilities;
    }

    private static RemoteModel? ReadRemote(string id, YamlEntry entry, string execMode)
    {
        if (execMode != "api")
            return null;
        if (Uri.TryCreate(entry.Text("api"), UriKind.Absolute, out Uri? address) && address.Scheme is "http" or "https")
            return new RemoteModel(address, entry.Text("api_key"), entry.Text("api_model") ?? id) { Concurrency = entry.Integer("api_concurrency", 1, 64) ?? 1 };
        entry.Warn(entry.Node!, "it has exec_mode api and no http address in api; it cannot generate");
        return null;
    }

    private static string? Unsupported(YamlEntry entry, string execMode, int files)
    {
        if (entry.Text("backend") is { } backend && !backend.StartsWith("sd", StringComparison.Ordinal))
            return $"it is for the backend {backend}; this server generates with stable-diffusion.cpp";
        if (execMode == "api")
            return Uri.TryCreate(entry.Text("api"), UriKind.Absolute, out _) ? null : "it names no address in api";
        return files == 0 ? "it names no files" : null;
    }

    private UpscalerDefinition? ReadUpscaler(string id, YamlEntry entry)
    {
        if (entry.Text("type") == "resize")
        {
            // The built-in resamplers.
            return entry.Text("method") == "nearest"
                ? Resamplers[1] with { Id = id, Name = entry.Text("name") ?? id }
                : Resamplers[0] with { Id = id, Name = entry.Text("name") ?? id };
        }

        if (entry.Path("model_path") is { } path)
        {
            var file = new ModelFileEntry(path, Path.GetFullPath(path, _root));
            return new UpscalerDefinition(id, entry.Text("name") ?? id, entry.Text("description"), file, entry.Integer("scale", 1, MaxScale) ?? 4)
            {
                HubFiles = HubEntries.Read(entry, [file], _root), License = entry.Text("license"),
            };
        }

        entry.Warn(entry.Node!, "it has no model_path; it is left out");
        return null;
    }

    private ControlNetDefinition? ReadControlNet(string id, YamlEntry entry)
    {
        if (entry.Path("model_path") is { } path)
        {
            var file = new ModelFileEntry(path, Path.GetFullPath(path, _root));
            return new ControlNetDefinition(id, entry.Text("name") ?? id, entry.Text("description"), file) { HubFiles = HubEntries.Read(entry, [file], _root), License = entry.Text("license") };
        }

        entry.Warn(entry.Node!, "it has no model_path; it is left out");
        return null;
    }

    private static ImageSize ReadSize(YamlEntry entry, GenerationDefaults defaults)
    {
        if (entry.Text("default_size") is not { } text)
            return defaults.Size ?? ImageSize.Default;
        if (ImageSize.TryParse(text, out ImageSize size) && size is { Width: >= 8 and <= ImageBuffer.MaxSide, Height: >= 8 and <= ImageBuffer.MaxSide })
            return size;
        entry.Warn(entry.Child("default_size")!, $"default_size is '{text}'; allowed is WIDTHxHEIGHT, each side 8 to 16384; {ImageSize.Default} is used");
        return ImageSize.Default;
    }

    private void Warn(YamlNode node, string text) => _warnings.Add(string.Create(CultureInfo.InvariantCulture, $"{_file}, line {node.Start.Line}: {text}"));
}
