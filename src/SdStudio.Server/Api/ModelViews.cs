using SdStudio.Server.Models;

namespace SdStudio.Server.Api;

/// <summary>What the API shows of models.</summary>
internal sealed class ModelViews(ModelCache cache, FileHashes hashes)
{
    public ModelAnswer Of(ModelDefinition model) => new(
        model.Id, model.Name, model.Description, model.Capabilities, model.ExecMode, model.Mode, model.Port, cache.StatusOf(model.Id),
        FilesOf(model),
        model.HuggingFaceRepo is { } repo ? new HuggingFaceAnswer(repo) : null,
        model.DefaultSize.ToString(),
        new GenerationParamsAnswer(model.DefaultCfgScale, model.DefaultSteps, model.DefaultSampler),
        model.SupportsNegativePrompt)
    {
        Quant = model.Quant,
        License = model.License,
        Memory = MemoryOf(model),
        // A failure of the engine names files of this server.
        Problem = model.Unsupported ?? (cache.FailureOf(model.Id) is null ? null : "It could not be loaded when that was last tried; the server's log says why"),
    };

    private MemoryAnswer MemoryOf(ModelDefinition model)
    {
        ModelMemory needed = cache.Needed(model);
        return new MemoryAnswer(needed.Ram, needed.Vram, cache.Measured(model) is not null);
    }

    public FileStatusAnswer FilesOf(ModelDefinition model)
    {
        List<ModelFileAnswer> answers = [.. model.Files.Select(FileOf)];
        return new FileStatusAnswer(answers.Count > 0 && answers.TrueForAll(file => file.Exists), answers);
    }

    private ModelFileAnswer FileOf(ModelFileEntry entry)
    {
        FileInfo file = FileFacts.At(entry.FullPath);
        return new ModelFileAnswer(Path.GetFileName(entry.Written), file.Exists, entry.Written)
        {
            Bytes = file.Exists ? file.Length : null,
            Sha256 = hashes.Known(file),
        };
    }
}
