using System.Globalization;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace SdStudio.Server.Models;

/// <summary>The models of <c>models.yml</c>, in the original studio's format.</summary>
internal sealed partial class ModelCatalogue
{
    // The first start leaves this for people to edit.
    private const string DefaultText =
        """
        # The models of this studio. Paths are relative to the folder of this file.
        # A model's `args` are those of stable-diffusion.cpp's command line: --diffusion-model, --vae, --llm, --clip_l, --t5xxl, ...
        default_model: demo

        models:
          demo:
            name: "Demo"
            description: "Made on this machine: draws a coloured shape, e.g. \"a red circle on a blue background\""
            capabilities: ["text-to-image", "image-to-image"]
            exec_mode: "server"
            mode: "on_demand"
            args:
              - "--diffusion-model"
              - "models/demo-diffusion.gguf"
              - "--llm"
              - "models/demo-text-encoder.gguf"
              - "--taesd"
              - "models/demo-taesd.gguf"
            default_size: "256x256"
            generation_params:
              cfg_scale: 1
              sample_steps: 8
              sampling_method: "euler"

        upscalers:
          demo-x4:
            name: "Demo 4x"
            description: "Made on this machine: enlarges four times and changes nothing else"
            model_path: "models/demo-upscaler-x4.gguf"
            scale: 4
            type: "esrgan"

        """;

    /// <summary>They enlarge without a model.</summary>
    private static readonly UpscalerDefinition[] Resamplers =
    [
        new("lanczos", "Lanczos", "Resamples without a model", File: null, Scale: 1),
        new("nearest", "Nearest", "Repeats pixels: for pixel art", File: null, Scale: 1) { Kernel = NetVips.Enums.Kernel.Nearest },
    ];

    private readonly Dictionary<string, ModelDefinition> _models = new(StringComparer.Ordinal);
    private readonly List<UpscalerDefinition> _upscalers = [];
    private readonly ILogger<ModelCatalogue> _logger;

    public ModelCatalogue(DataFolders folders, ILogger<ModelCatalogue> logger)
    {
        _logger = logger;
        if (!File.Exists(folders.Catalogue))
            File.WriteAllText(folders.Catalogue, DefaultText);
        Read(folders);
    }

    public IReadOnlyCollection<ModelDefinition> Models => _models.Values;

    /// <summary>The model for requests that name none; null when there is no model.</summary>
    public ModelDefinition? Default { get; private set; }

    public ModelDefinition? DefaultTextToImage { get; private set; }

    public ModelDefinition? DefaultImageToImage { get; private set; }

    public ModelDefinition? Find(string id) => _models.GetValueOrDefault(id);

    /// <summary>What enlarges pictures: those of the catalogue, and two that are always there.</summary>
    public IReadOnlyList<UpscalerDefinition> Upscalers => _upscalers;

    /// <summary>An upscaler by its id or name, in any case.</summary>
    public UpscalerDefinition? FindUpscaler(string text) => _upscalers.Find(upscaler =>
        upscaler.Name.Equals(text, StringComparison.OrdinalIgnoreCase) || upscaler.Id.Equals(text, StringComparison.OrdinalIgnoreCase));

    private void Read(DataFolders folders)
    {
        var yaml = new YamlStream();
        try
        {
            using StreamReader reader = File.OpenText(folders.Catalogue);
            yaml.Load(reader);
        }
        catch (YamlException exception)
        {
            throw new InvalidOperationException(
                $"models.yml cannot be read: line {exception.Start.Line}, column {exception.Start.Column}: {exception.Message}", exception);
        }

        if (yaml.Documents.Count == 0 || yaml.Documents[0].RootNode is not YamlMappingNode root)
            throw new InvalidOperationException("models.yml has no entries: it needs a list of models under 'models:'.");
        foreach ((YamlNode key, YamlNode node) in Child(root, "models") as YamlMappingNode ?? [])
        {
            if (node is YamlMappingNode entry && ReadModel(key.ToString(), entry, folders.Root) is { } model)
                _models[model.Id] = model;
        }

        foreach ((YamlNode key, YamlNode node) in Child(root, "upscalers") as YamlMappingNode ?? [])
        {
            if (node is YamlMappingNode entry && ReadUpscaler(key.ToString(), entry, folders.Root) is { } upscaler)
                _upscalers.Add(upscaler);
        }

        _upscalers.AddRange(Resamplers);
        Default = FindNamed(root, "default_model") ?? FindNamed(root, "default")
            ?? _models.Values.FirstOrDefault(model => model.IsDefault) ?? _models.Values.FirstOrDefault();
        var defaults = Child(root, "default_models") as YamlMappingNode;
        DefaultTextToImage = FindNamed(defaults, "text_to_image") ?? Default;
        DefaultImageToImage = FindNamed(defaults, "image_to_image") ?? Default;
    }

    private ModelDefinition? FindNamed(YamlMappingNode? parent, string key)
    {
        if (Text(parent, key) is not { } id)
            return null;
        ModelDefinition? model = Find(id);
        if (model is null)
            LogNoSuchDefault(key, id);
        return model;
    }

    private ModelDefinition? ReadModel(string id, YamlMappingNode entry, string folder)
    {
        if (Flag(entry, "enabled") is false)
            return null;
        if (Text(entry, "name") is not { } name)
        {
            LogNameless(id, entry.Start.Line);
            return null;
        }

        SdCliArguments arguments = SdCliArguments.Parse(Texts(entry, "args"), folder);
        foreach (string flag in arguments.Unknown)
            LogUnknownFlag(flag, id);
        var parameters = Child(entry, "generation_params") as YamlMappingNode;
        return new ModelDefinition
        {
            Id = id,
            Name = name,
            Description = Text(entry, "description"),
            Capabilities = Texts(entry, "capabilities") is { Count: > 0 } capabilities ? capabilities : ["text-to-image"],
            ExecMode = Text(entry, "exec_mode") ?? "auto",
            Mode = Text(entry, "mode") ?? "on_demand",
            Port = (int?)Number(entry, "port"),
            HuggingFaceRepo = Child(entry, "huggingface") is YamlMappingNode hub ? Text(hub, "repo") : null,
            Options = arguments.Options,
            Files = arguments.Files,
            DefaultSize = ReadSize(id, entry),
            DefaultSteps = (int?)Number(parameters, "sample_steps") ?? arguments.Steps ?? 20,
            DefaultCfgScale = Number(parameters, "cfg_scale") ?? 7,
            DefaultSampler = Text(parameters, "sampling_method"),
            SupportsNegativePrompt = Flag(entry, "supports_negative_prompt") is true,
            IsDefault = Flag(entry, "default") is true,
        };
    }

    private UpscalerDefinition? ReadUpscaler(string id, YamlMappingNode entry, string folder)
    {
        if (Text(entry, "type") is "resize" || Text(entry, "model_path") is not { } path)
        {
            LogUpscalerWithoutFile(id, entry.Start.Line);
            return null;
        }

        return new UpscalerDefinition(
            id, Text(entry, "name") ?? id, Text(entry, "description"), new ModelFileEntry(path, Path.GetFullPath(path, folder)),
            (int)(Number(entry, "scale") ?? 4));
    }

    private PictureSize ReadSize(string id, YamlMappingNode entry)
    {
        if (Text(entry, "default_size") is not { } text)
            return PictureSize.Default;
        if (PictureSize.TryParse(text, out PictureSize size))
            return size;
        LogBadSize(id, text);
        return PictureSize.Default;
    }

    private static YamlNode? Child(YamlMappingNode? parent, string key) =>
        parent is not null && parent.Children.TryGetValue(new YamlScalarNode(key), out YamlNode? child) ? child : null;

    private static string? Text(YamlMappingNode? parent, string key) => (Child(parent, key) as YamlScalarNode)?.Value;

    private static bool? Flag(YamlMappingNode parent, string key) => bool.TryParse(Text(parent, key), out bool value) ? value : null;

    private static double? Number(YamlMappingNode? parent, string key) =>
        double.TryParse(Text(parent, key), CultureInfo.InvariantCulture, out double value) ? value : null;

    private static List<string> Texts(YamlMappingNode parent, string key) =>
        Child(parent, key) is YamlSequenceNode list ? [.. list.OfType<YamlScalarNode>().Select(node => node.Value ?? "")] : [];

    [LoggerMessage(Level = LogLevel.Warning, Message = "models.yml: model {Model} has the argument {Flag}, which this server does not know; it is ignored")]
    private partial void LogUnknownFlag(string flag, string model);

    [LoggerMessage(Level = LogLevel.Warning, Message = "models.yml, line {Line}: model {Model} has no name; it is left out")]
    private partial void LogNameless(string model, long line);

    [LoggerMessage(Level = LogLevel.Warning, Message = "models.yml, line {Line}: upscaler {Upscaler} has no model_path; it is left out (Lanczos is always there)")]
    private partial void LogUpscalerWithoutFile(string upscaler, long line);

    [LoggerMessage(Level = LogLevel.Warning, Message = "models.yml: model {Model} has the default_size '{Size}', which is no WIDTHxHEIGHT; 512x512 is taken")]
    private partial void LogBadSize(string model, string size);

    [LoggerMessage(Level = LogLevel.Warning, Message = "models.yml: {Key} names the model '{Model}', which is not there")]
    private partial void LogNoSuchDefault(string key, string model);
}
