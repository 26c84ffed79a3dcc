using System.Collections.Concurrent;
using SdCpp.Interop;
using SdStudio.Server.Models.Catalogue;

namespace SdStudio.Server.Models.Files;

/// <summary>The LoRAs with their cards, and which of them a model can use.</summary>
internal sealed class LoraShelf(LoraFolder folder, ModelFileCache files, ModelCards cards)
{
    private const int MaxKnown = 100_000;
    private readonly ConcurrentDictionary<(string Lora, long Bytes, long Changed, string Model), bool?> _fits = new();

    /// <summary>All of them, by name.</summary>
    /// <param name="model">Who is to use them; null for nobody.</param>
    public IEnumerable<ShelfLora> For(ModelDefinition? model)
    {
        ModelFileInfo[]? parts = null;
        foreach (string name in folder.Names)
        {
            if (folder.Find(name) is not { } path)
                continue;
            FileInfo file = ModelFileCache.At(path);
            ModelFileInfo? info = files.Of(file);
            bool? fits = null;
            if (model is { Remote: null, IsThere: true } && info is not null)
                fits = Fits(info, file, model, parts ??= [.. model.FileInfos().Select(files.Of).OfType<ModelFileInfo>()]);
            yield return new ShelfLora(name, path, file, info, cards.Of(path), fits);
        }
    }

    // Names are compared tensor by tensor: once for each pair of files is enough.
    private bool? Fits(ModelFileInfo info, FileInfo file, ModelDefinition model, ModelFileInfo[] parts)
    {
        if (_fits.Count > MaxKnown)
            _fits.Clear();
        return _fits.GetOrAdd((file.FullName, file.Length, file.LastWriteTimeUtc.Ticks, model.LoadKey), _ => ModelFile.LoraFits(info, parts));
    }
}

/// <param name="Name">For requests.</param>
/// <param name="Path">Its file.</param>
/// <param name="File">The same, where links lead.</param>
/// <param name="Info">What its header says; null when it cannot be read.</param>
/// <param name="Card">What it and the files beside it tell people.</param>
/// <param name="Fits">Whether the model can use it; null when that is not known.</param>
internal sealed record ShelfLora(string Name, string Path, FileInfo File, ModelFileInfo? Info, ModelCard Card, bool? Fits)
{
    /// <summary>Why it is of no use to any model, or to the one that was named; null when it may be.</summary>
    public string? Problem(ModelDefinition? model) =>
        Info is null ? "The file cannot be read as a model; is it complete?"
        : Info.Role != ModelRole.Lora ? "The file is not a LoRA"
        : Fits == false ? $"It was made for {(Info.Family == ModelFamily.Unknown ? "another model" : Info.Family)} and fits no part of {model?.Id}" : null;
}
