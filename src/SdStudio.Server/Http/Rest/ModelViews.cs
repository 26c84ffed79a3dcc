using SdCpp.Interop;
using SdStudio.Server.Generation;
using SdStudio.Server.Models.Cache;
using SdStudio.Server.Models.Catalogue;
using SdStudio.Server.Models.Downloads;
using SdStudio.Server.Models.Files;

namespace SdStudio.Server.Http.Rest;

/// <summary>What the API shows of models.</summary>
internal sealed class ModelViews(
    ModelCache cache, FileHashes hashes, ControlNetFits nets, IdentityFits identities, VideoModels videos, ModelCards cards, ModelTimes times)
{
    /// <summary>Models with what their images cost here.</summary>
    public async Task<List<ModelResponse>> OfAsync(IEnumerable<ModelDefinition> models, CancellationToken cancellation)
    {
        Yardstick? yardstick = await times.YardstickAsync(cancellation);
        List<ModelResponse> all = [];
        foreach (ModelDefinition model in models)
        {
            (SpeedsResponse? speeds, ExpectedTimeResponse? expected) = await times.OfAsync(model, yardstick, cancellation);
            all.Add(Of(model) with { Speeds = speeds, ExpectedTime = expected });
        }

        return all;
    }

    /// <summary>The same without what its images cost here.</summary>
    public ModelResponse Of(ModelDefinition model)
    {
        FileInfo[] files = model.FileInfos();
        (ModelMemory memory, bool isMeasured) = NeededBy(model, files);
        return new ModelResponse(
            model.Id, model.Name, model.Description, model.Capabilities, model.ExecMode, model.Mode, model.Port, cache.StatusOf(model.Id),
            FilesOf(model, files),
            model.HuggingFaceRepo is { } repo ? new HuggingFaceResponse(repo) : null,
            model.DefaultSize.ToString(),
            new GenerationParamsResponse(model.DefaultCfgScale, model.DefaultSteps, model.DefaultSampler),
            model.SupportsNegativePrompt)
        {
            StepCaches = model.Remote is null ? new StepCachesResponse(CacheOf(model, Speed.Fast), CacheOf(model, Speed.Fastest)) : null,
            ControlNets = nets.Of(model),
            Identities = identities.Of(model),
            MakesVideos = videos.Makes(model),
            ReferenceImages = model.IsEditModel ? ImageRequest.MaxImages : 0,
            Family = FamilyOf(model),
            DownloadBytes = HubEntry.MissingBytes(model.HubFiles),
            Quant = model.Quant,
            License = model.License ?? (model.Files.Count > 0 && model.Remote is null ? cards.Of(model.MainFile).License : null),
            Memory = new MemoryResponse(memory.Ram, memory.Vram, isMeasured),
            Fits = model.Remote is not null ? ModelCache.Fits : memory == default ? null : cache.FitOf(memory),
            Card = model.Files.Count > 0 && model.Remote is null ? CardOf(model) : null,
            Pinned = cache.IsPinned(model),
            // A failure of the engine names files of this server.
            Problem = model.Unsupported ?? (cache.FailureOf(model.Id) is null ? null : "It could not be loaded when that was last tried; the server's log says why"),
        };
    }

    public MemoryInUseResponse MemoryInUse()
    {
        (ModelMemory used, ModelMemory budget) = (cache.Used, cache.Budget);
        return new MemoryInUseResponse(used.Ram, budget.Ram, used.Vram, budget.Vram);
    }

    public FileStatusResponse FilesOf(ModelDefinition model) => FilesOf(model, model.FileInfos());

    // What is not there yet takes in memory what it takes on the disk, as far as the catalogue tells.
    private (ModelMemory Memory, bool IsMeasured) NeededBy(ModelDefinition model, FileInfo[] files)
    {
        (ModelMemory memory, bool isMeasured) = cache.Needed(model, files);
        List<string> missing = [.. files.Zip(model.Files).Where(pair => !pair.First.Exists).Select(pair => pair.Second.FullPath)];
        if (isMeasured || missing.Count == 0)
            return (memory, isMeasured);
        long? more = missing.Aggregate((long?)0, (sum, path) => sum + model.HubFiles.FirstOrDefault(entry => entry.FullPath == path)?.Bytes);
        return (more is { } bytes ? memory + cache.Placed(model, bytes) : default, false);
    }

    private ModelCardResponse? CardOf(ModelDefinition model)
    {
        ModelCard card = cards.Of(model.MainFile);
        return card.IsEmpty ? null : new ModelCardResponse(
            card.Title, card.BaseModel, card.Notes, card.Author, card.TriggerWords, card.HasPreview ? $"/api/models/{Uri.EscapeDataString(model.Id)}/preview" : null);
    }

    private string CacheOf(ModelDefinition model, string speed) => StepCaches.Of(model, nets.FamilyOf(model), speed)!.ToString();

    private string? FamilyOf(ModelDefinition model) => nets.FamilyOf(model) is var family and not ModelFamily.Unknown ? ParametersApi.NameOf(family) : null;

    private FileStatusResponse FilesOf(ModelDefinition model, FileInfo[] files)
    {
        List<ModelFileResponse> answers = [.. model.Files.Zip(files, FileOf)];
        return new FileStatusResponse(answers.Count > 0 && answers.TrueForAll(file => file.Exists), answers);
    }

    private ModelFileResponse FileOf(ModelFileEntry entry, FileInfo file) => new(Path.GetFileName(entry.Written), file.Exists, entry.Written)
    {
        Bytes = file.Exists ? file.Length : null,
        Sha256 = hashes.Known(file),
    };
}
