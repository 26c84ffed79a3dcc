using Microsoft.Extensions.Options;
using SdCpp.Interop;
using SdStudio.Server.Events;
using SdStudio.Server.Models.Downloads;
using SdStudio.Server.Models.Files;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Models.Catalogue;

/// <summary>
/// The models that can be asked for: those of the YAML files of the catalogue's folder, and files of the folder of models that none of them
/// names. A changed file is read again within a second; one that cannot be read keeps its models as they were.
/// </summary>
internal sealed partial class ModelCatalogue : BackgroundService
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    private readonly DataFolders _folders;
    private readonly ModelOptions _options;
    private readonly ModelFileCache _facts;
    private readonly EmbeddingFolder _embeddings;
    private readonly IEventLog _events;
    private readonly TimeProvider _time;
    private readonly ILogger<ModelCatalogue> _logger;
    private readonly CatalogueFiles _files = new();
    private readonly Lock _lock = new();
    private volatile CatalogueSnapshot _catalogue;
    private volatile IReadOnlyDictionary<string, ModelDefinition> _elsewhere = new Dictionary<string, ModelDefinition>();
    private string _seen;

    public ModelCatalogue(DataFolders folders, IOptions<StudioOptions> options, ModelFileCache facts, EmbeddingFolder embeddings, IEventLog events, TimeProvider time, ILogger<ModelCatalogue> logger)
    {
        (_folders, _options, _facts, _embeddings, _events, _time, _logger) = (folders, options.Value.Models, facts, embeddings, events, time, logger);
        if (_options.CatalogueDirectory.Length == 0 && !CatalogueFiles.Of(Folder).Any())
            WriteFirst(folders.Catalogue);
        _seen = Fingerprint();
        _catalogue = Read();
    }

    public IReadOnlyCollection<ModelDefinition> Models => (IReadOnlyCollection<ModelDefinition>)_catalogue.Models.Values;

    /// <summary>The model for requests that name none; null when there is no model.</summary>
    public ModelDefinition? Default => _catalogue.Default;

    public ModelDefinition? DefaultTextToImage => _catalogue.DefaultTextToImage;

    public ModelDefinition? DefaultImageToImage => _catalogue.DefaultImageToImage;

    /// <summary>The upscalers of the catalogue, and two built-in ones.</summary>
    public IReadOnlyList<UpscalerDefinition> Upscalers => _catalogue.Upscalers;

    /// <summary>The ControlNets that can be downloaded.</summary>
    public IReadOnlyList<ControlNetDefinition> ControlNets => _catalogue.ControlNets;

    private string Folder => _options.CatalogueDirectory.Length > 0 ? Path.GetFullPath(_options.CatalogueDirectory) : _folders.Root;

    private string Upscaling => Path.Combine(_folders.Root, "upscalers");

    private string Root => _options.Root.Length > 0 ? Path.GetFullPath(_options.Root) : _folders.Root;

    public ModelDefinition? Find(string id) => _catalogue.Models.GetValueOrDefault(id);

    /// <summary>The same, or the entry of another machine of the studio that has the model.</summary>
    public ModelDefinition? FindAnywhere(string id) => Find(id) ?? _elsewhere.GetValueOrDefault(id);

    /// <summary>The models of this machine, and those that only others have.</summary>
    public IEnumerable<ModelDefinition> ModelsAnywhere => _elsewhere.Count == 0 ? Models : Models.Concat(_elsewhere.Values.Where(model => Find(model.Id) is null));

    /// <summary>Whether a model can generate now: here, or on another machine that lives.</summary>
    public bool IsUsable(ModelDefinition model) => model.IsThere || _elsewhere.ContainsKey(model.Id);

    /// <summary>Tells which models the other machines have.</summary>
    public void Know(IEnumerable<SharedModel> elsewhere) =>
        _elsewhere = elsewhere.DistinctBy(model => model.Id).ToDictionary(model => model.Id, model => model.ToDefinition(), StringComparer.Ordinal);

    /// <summary>Where the files of a model or an upscaler are on the hub; none when nobody wrote it down, null when there is no such entry.</summary>
    public IReadOnlyList<HubEntry>? HubFilesOf(string id) =>
        AddedFile.Parse(id) is { } added ? [added.EntryIn(_folders.Root)] : Find(id)?.HubFiles ?? _catalogue.Upscalers.FirstOrDefault(upscaler => upscaler.Id == id)?.HubFiles
            ?? _catalogue.ControlNets.FirstOrDefault(net => net.Id == id)?.HubFiles;

    /// <summary>An upscaler by its id or name, in any case.</summary>
    public UpscalerDefinition? FindUpscaler(string text) => _catalogue.Upscalers.FirstOrDefault(upscaler =>
        upscaler.Name.Equals(text, StringComparison.OrdinalIgnoreCase) || upscaler.Id.Equals(text, StringComparison.OrdinalIgnoreCase));

    /// <exception cref="SdException">There is no such model any more.</exception>
    public ModelDefinition Require(string id) =>
        Find(id) ?? throw new SdException(SdError.InvalidArgument, $"Model {id} is no longer in models.yml.");

    /// <exception cref="SdException">There is no such upscaler any more.</exception>
    public UpscalerDefinition RequireUpscaler(string text) =>
        FindUpscaler(text) ?? throw new SdException(SdError.InvalidArgument, $"Upscaler {text} is no longer in models.yml.");

    /// <summary>A file was added: those who show files of folders that the catalogue does not read look again too.</summary>
    public void Added()
    {
        CatalogueSnapshot before = _catalogue;
        Refresh();
        if (ReferenceEquals(before, _catalogue))
            _events.Publish(EventChannel.Models, "models_changed", owner: null, "{}"u8.ToArray());
    }

    /// <summary>Reads the files again when one of them is not what it was.</summary>
    public void Refresh()
    {
        lock (_lock)
        {
            string now = Fingerprint();
            if (now == _seen)
                return;
            _seen = now;
            try
            {
                _catalogue = Read();
                LogRead(_catalogue.Models.Count);
            }
            catch (Exception exception)
            {
                // Whatever is wrong with a folder that people edit, the models that work go on working.
                LogKept(exception.Message);
                return;
            }
        }

        _events.Publish(EventChannel.Models, "models_changed", owner: null, "{}"u8.ToArray());
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // Polling is cheap and works on every file system; change notifications do not.
        using var timer = new PeriodicTimer(LookEvery, _time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
                Refresh();
        }
        catch (OperationCanceledException)
        {
            // The server stops.
        }
    }

    // The first start leaves a catalogue for people to edit.
    private static void WriteFirst(string path)
    {
        using Stream written = typeof(ModelCatalogue).Assembly.GetManifestResourceStream("models.yml")!;
        using FileStream file = File.Create(path);
        written.CopyTo(file);
    }

    private CatalogueSnapshot Read()
    {
        CatalogueSnapshot catalogue = CatalogueReader.Read(Folder, Root, _files);
        foreach (string problem in catalogue.Problems)
            LogProblem(problem);
        foreach (string warning in catalogue.Warnings)
            LogWarning(warning);
        if (_options.Scan)
            catalogue = FoundUpscalers.AddTo(FoundModels.AddTo(catalogue, _folders.Models, _facts, LogWarning), Upscaling, _facts);
        return WithWords(catalogue);
    }

    // Textual inversions are read when a model is loaded: each model gets those of its family.
    private CatalogueSnapshot WithWords(CatalogueSnapshot catalogue)
    {
        if (!_embeddings.Names.Any())
            return catalogue;
        Dictionary<string, ModelDefinition> models = catalogue.Models.ToDictionary(pair => pair.Key, pair => WithWords(pair.Value), StringComparer.Ordinal);
        ModelDefinition? Same(ModelDefinition? model) => model is null ? null : models[model.Id];
        return catalogue with
        {
            Models = models, Default = Same(catalogue.Default), DefaultTextToImage = Same(catalogue.DefaultTextToImage), DefaultImageToImage = Same(catalogue.DefaultImageToImage),
        };
    }

    private ModelDefinition WithWords(ModelDefinition model) =>
        model is { Remote: null, Files.Count: > 0 } && _facts.Of(ModelFileCache.At(model.MainFile)) is { } main && _embeddings.For(main.Family) is { Count: > 0 } words
            ? model with { Options = model.Options with { Embeddings = words } }
            : model;

    // Names, sizes and times of everything that is read: the YAML files, and which files of models and of textual inversions there are.
    private string Fingerprint()
    {
        try
        {
            IEnumerable<string> files = CatalogueFiles.Of(Folder).Concat(_embeddings.Paths);
            if (_options.Scan)
                files = files.Concat(FoundModels.FilesOf(_folders.Models)).Concat(FoundUpscalers.FilesOf(Upscaling));
            return string.Join('\n', files.Select(path => new FileInfo(path)).Select(file => $"{file.FullName}|{(file.Exists ? file.Length : 0)}|{file.LastWriteTimeUtc.Ticks}"));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return _seen ?? "";
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "{Problem}")]
    private partial void LogProblem(string problem);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Warning}")]
    private partial void LogWarning(string warning);

    [LoggerMessage(Level = LogLevel.Information, Message = "The catalogue was reloaded: {Count} models")]
    private partial void LogRead(int count);

    [LoggerMessage(Level = LogLevel.Error, Message = "The catalogue cannot be read: {Reason}. The previous models stay in use")]
    private partial void LogKept(string reason);
}
