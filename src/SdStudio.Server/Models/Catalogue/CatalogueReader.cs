using SdStudio.Server.Generation;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace SdStudio.Server.Models.Catalogue;

/// <summary>
/// Reads a folder of YAML files in the original studio's format: settings.yml and upscalers.yml first, then the others by name; of two
/// entries with one id the later wins.
/// </summary>
internal sealed class CatalogueReader
{
    private static readonly string[] First = ["settings.yml", "upscalers.yml"];

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
    private readonly Dictionary<string, ModelDefinition> _models = new(StringComparer.Ordinal);
    private readonly Dictionary<string, UpscalerDefinition> _upscalers = new(StringComparer.Ordinal);
    private readonly List<(string File, YamlMappingNode Root)> _files = [];
    private readonly List<string> _warnings = [];
    private string _file = "";

    private CatalogueReader(string root) => _root = root;

    /// <param name="folder">Where the files are.</param>
    /// <param name="root">What the paths in them are relative to.</param>
    /// <exception cref="CatalogueException">One of them is no YAML.</exception>
    public static CatalogueSnapshot Read(string folder, string root)
    {
        var reader = new CatalogueReader(root);
        foreach (string file in FilesOf(folder))
            reader.Load(file);
        return reader.Build();
    }

    /// <summary>The files of the folder in the order in which they are read.</summary>
    public static IEnumerable<string> FilesOf(string folder) => Directory.EnumerateFiles(folder)
        .Where(file => Path.GetExtension(file) is ".yml" or ".yaml")
        .OrderBy(file => Array.IndexOf(First, Path.GetFileName(file)) is >= 0 and int index ? index : First.Length)
        .ThenBy(Path.GetFileName, StringComparer.Ordinal);

    private void Load(string path)
    {
        var yaml = new YamlStream();
        try
        {
            using StreamReader reader = File.OpenText(path);
            yaml.Load(reader);
        }
        catch (YamlException exception)
        {
            throw new CatalogueException(
                $"{Path.GetFileName(path)} cannot be read: line {exception.Start.Line}, column {exception.Start.Column}: {exception.Message}", exception);
        }

        if (yaml.Documents.Count == 0 || yaml.Documents[0].RootNode is not YamlMappingNode root)
        {
            _warnings.Add($"{Path.GetFileName(path)} has no entries: a list of models stands under 'models:'");
            return;
        }

        _files.Add((Path.GetFileName(path), root));
    }

    private CatalogueSnapshot Build()
    {
        // What holds for all models may stand in any file.
        YamlMappingNode? memory = LastOf("memory_defaults") as YamlMappingNode;
        TimeSpan? autostop = FileWith("default_autostop").Duration("default_autostop");
        bool negative = FileWith("supports_negative_prompt").Flag("supports_negative_prompt") ?? false;
        foreach ((string file, YamlMappingNode root) in _files)
        {
            _file = file;
            foreach ((YamlNode key, YamlNode node) in root.Mapping("models") ?? [])
            {
                if (node is not YamlMappingNode entry)
                    Warn(node, $"model {key} is no list of settings; it is left out");
                else if (ReadModel(key.ToString(), entry, memory, autostop, negative) is { } model)
                    _models[model.Id] = model;
                else
                    _models.Remove(key.ToString());
            }

            foreach ((YamlNode key, YamlNode node) in root.Mapping("upscalers") ?? [])
            {
                if (node is YamlMappingNode entry && ReadUpscaler(key.ToString(), entry) is { } upscaler)
                    _upscalers[upscaler.Id] = upscaler;
            }
        }

        ModelDefinition? usual = FindNamed("default_model") ?? FindNamed("default")
            ?? _models.Values.FirstOrDefault(model => model.IsDefault) ?? _models.Values.FirstOrDefault(model => model.Unsupported is null);
        return new CatalogueSnapshot(
            _models, [.. _upscalers.Values, .. Resamplers.Where(resampler => !_upscalers.ContainsKey(resampler.Id))], usual,
            FindNamed("default_models", "text_to_image") ?? usual, FindNamed("default_models", "image_to_image") ?? usual, _warnings);
    }

    private YamlMappingNode? FileWith(string key) => _files.LastOrDefault(file => file.Root.Child(key) is not null).Root;

    private YamlNode? LastOf(string key) => FileWith(key).Child(key);

    private ModelDefinition? FindNamed(string key, string? inner = null)
    {
        string? id = inner is null ? FileWith(key).Text(key) : (LastOf(key) as YamlMappingNode).Text(inner);
        if (id is null)
            return null;
        ModelDefinition? model = _models.GetValueOrDefault(id);
        if (model is null)
            _warnings.Add($"{inner ?? key} names the model {id}, which is not there or switched off; another is taken");
        return model;
    }

    private ModelDefinition? ReadModel(string id, YamlMappingNode entry, YamlMappingNode? memory, TimeSpan? autostop, bool negative)
    {
        if (entry.Flag("enabled") is false)
            return null;
        if (entry.Text("name") is not { } name)
        {
            Warn(entry, $"model {id} has no name; it is left out");
            return null;
        }

        SdCliArguments arguments = SdCliArguments.Parse([.. ArgumentsOf(entry), .. MemoryArguments(entry, memory)], _root);
        foreach (string flag in arguments.Unknown)
            Warn(entry, $"model {id} has the argument {flag}, which this server does not know; it is ignored");
        foreach (string problem in arguments.Problems)
            Warn(entry, $"model {id}: {problem}");
        GenerationDefaults defaults = arguments.Defaults;
        ReadDefaults(id, entry.Mapping("generation_params"), defaults);
        string execMode = entry.Text("exec_mode") ?? FileWith("default_exec_mode").Text("default_exec_mode") ?? "auto";
        return new ModelDefinition
        {
            Id = id,
            Name = name,
            Description = entry.Text("description"),
            Quant = entry.Text("quant"),
            License = entry.Text("license"),
            Capabilities = CapabilitiesOf(entry),
            ExecMode = execMode,
            Mode = entry.Text("mode") ?? "on_demand",
            Port = (int?)entry.Number("port"),
            HuggingFaceRepo = entry.Mapping("huggingface").Text("repo"),
            HubFiles = HubEntries.Read(entry, arguments.Files, _root, (node, text) => Warn(node, $"model {id}: {text}")),
            Options = arguments.Options,
            Files = arguments.Files,
            DefaultSize = ReadSize(id, entry, defaults),
            Defaults = defaults,
            SupportsNegativePrompt = entry.Flag("supports_negative_prompt") ?? negative,
            Autostop = entry.Duration("autostop") ?? autostop,
            Remote = ReadRemote(id, entry, execMode),
            Unsupported = Unsupported(entry, execMode, arguments.Files.Count),
            IsDefault = entry.Flag("default") is true,
        };
    }

    // What an entry says is worth more than its arguments.
    private void ReadDefaults(string id, YamlMappingNode? entry, GenerationDefaults defaults)
    {
        foreach (Parameter parameter in Parameters.All.Where(parameter => parameter.OfModel))
        {
            if (parameter.Aliases.Append(parameter.Name).FirstOrDefault(name => entry.Text(name) is not null) is not { } name)
                continue;
            if (GenerationDefaults.TryRead(parameter, entry.Text(name)!, out object? value, out string? problem))
                defaults.Set(parameter, value);
            if (problem is not null)
                Warn(entry.Child(name)!, $"model {id}: generation_params: {problem}");
        }
    }

    private static List<string> ArgumentsOf(YamlMappingNode entry)
    {
        List<string> arguments = entry.Texts("args");
        List<(string Flag, string Path)> files = [.. FileFields
            .Select(field => (field.Flag, Path: entry.Text(field.Key) ?? entry.Text(field.Key + "_file"))).Where(file => file.Path is not null)
            .Select(file => (file.Flag, file.Path!))];
        // A file that brings no parts along is a checkpoint that holds everything.
        if (entry.Text("model_file") is { } main)
            files.Insert(0, (files.Count > 0 ? "--diffusion-model" : "--model", main));
        foreach ((string flag, string path) in files.Where(file => !arguments.Contains(file.Flag)))
            arguments.AddRange([flag, path]);
        return arguments;
    }

    private static IEnumerable<string> MemoryArguments(YamlMappingNode entry, YamlMappingNode? defaults)
    {
        YamlMappingNode? own = entry.Mapping("memory_overrides");
        return MemoryFlags.Where(flag => own.Flag(flag.Key) ?? defaults.Flag(flag.Key) ?? false).Select(flag => flag.Flag);
    }

    private static List<string> CapabilitiesOf(YamlMappingNode entry)
    {
        List<string> capabilities = entry.Texts("capabilities");
        if (capabilities.Count == 0)
            capabilities.Add("text-to-image");
        if (entry.Text("model_type") == "imgedit" && !capabilities.Contains("imgedit"))
            capabilities.Add("imgedit");
        return capabilities;
    }

    private RemoteModel? ReadRemote(string id, YamlMappingNode entry, string execMode)
    {
        if (execMode != "api")
            return null;
        if (Uri.TryCreate(entry.Text("api"), UriKind.Absolute, out Uri? address) && address.Scheme is "http" or "https")
            return new RemoteModel(address, entry.Text("api_key"), entry.Text("api_model") ?? id);
        Warn(entry, $"model {id} has exec_mode api and no http address in api; nothing can be drawn with it");
        return null;
    }

    private static string? Unsupported(YamlMappingNode entry, string execMode, int files)
    {
        if (entry.Text("backend") is { } backend && !backend.StartsWith("sd", StringComparison.Ordinal))
            return $"it is for the backend {backend}; this server draws with stable-diffusion.cpp";
        if (execMode == "api")
            return Uri.TryCreate(entry.Text("api"), UriKind.Absolute, out _) ? null : "it names no address in api";
        return files == 0 ? "it names no files" : null;
    }

    private UpscalerDefinition? ReadUpscaler(string id, YamlMappingNode entry)
    {
        if (entry.Text("type") == "resize")
        {
            // The resamplers that are always there.
            return entry.Text("method") == "nearest"
                ? Resamplers[1] with { Id = id, Name = entry.Text("name") ?? id }
                : Resamplers[0] with { Id = id, Name = entry.Text("name") ?? id };
        }

        if (entry.Text("model_path") is { } path)
        {
            var file = new ModelFileEntry(path, Path.GetFullPath(path, _root));
            return new UpscalerDefinition(id, entry.Text("name") ?? id, entry.Text("description"), file, (int)(entry.Number("scale") ?? 4))
            {
                HubFiles = HubEntries.Read(entry, [file], _root, (node, text) => Warn(node, $"upscaler {id}: {text}")),
            };
        }

        Warn(entry, $"upscaler {id} has no model_path; it is left out (Lanczos is always there)");
        return null;
    }

    private ImageSize ReadSize(string id, YamlMappingNode entry, GenerationDefaults defaults)
    {
        if (entry.Text("default_size") is not { } text)
            return defaults.Size ?? ImageSize.Default;
        if (ImageSize.TryParse(text, out ImageSize size))
            return size;
        Warn(entry, $"model {id} has the default_size '{text}', which is no WIDTHxHEIGHT; {ImageSize.Default} is taken");
        return ImageSize.Default;
    }

    private void Warn(YamlNode node, string text) => _warnings.Add($"{_file}, line {node.Start.Line}: {text}");
}
