using System.Collections.Concurrent;
using SdStudio.Server.Models.Catalogue;
using SdStudio.Server.Models.Files;

namespace SdStudio.Server.Models.Cache;

/// <summary>What models take: as measured when they were last loaded, or as their files say.</summary>
internal sealed partial class ModelMeasurements(IModelMemoryStore store, ModelFileCache files, ILogger<ModelMeasurements> logger)
{
    private readonly Lazy<ConcurrentDictionary<string, ModelMemory>> _measured =
        new(() => new ConcurrentDictionary<string, ModelMemory>(store.All(), StringComparer.Ordinal));

    /// <param name="model">The model.</param>
    /// <param name="device">Where it is to be loaded.</param>
    /// <param name="weights">Its files as they are now.</param>
    public (ModelMemory Memory, bool IsMeasured) Of(ModelDefinition model, DeviceKind device, IReadOnlyList<FileInfo> weights)
    {
        if (_measured.Value.TryGetValue(KeyOf(model, device, weights), out ModelMemory measured))
            return (measured, true);
        long bytes = weights.Sum(files.MemoryOf);
        return (device == DeviceKind.Graphics && !model.IsOffloaded ? new ModelMemory(0, bytes) : new ModelMemory(bytes, 0), false);
    }

    /// <summary>What a file takes by itself, an upscaler or a ControlNet, as it says.</summary>
    public ModelMemory OfFile(string path, DeviceKind device)
    {
        long bytes = files.MemoryOf(ModelFileCache.At(path));
        return device == DeviceKind.Graphics ? new ModelMemory(0, bytes) : new ModelMemory(bytes, 0);
    }

    public async Task KeepAsync(ModelDefinition model, DeviceKind device, ModelMemory memory, CancellationToken cancellation)
    {
        string key = KeyOf(model, device, model.FileInfos());
        _measured.Value[key] = memory;
        try
        {
            await store.SaveAsync(key, memory, cancellation).ConfigureAwait(false);
        }
        catch (StorageUnavailableException exception)
        {
            // A loaded model works, whatever became of the note about it.
            LogNotSaved(model.Id, exception.Message);
        }
    }

    // Other weights under the same names are another model.
    private static string KeyOf(ModelDefinition model, DeviceKind device, IReadOnlyList<FileInfo> weights) =>
        $"{model.LoadKey}\n{weights.Sum(file => file.Exists ? file.Length : 0)}{(device == DeviceKind.Graphics ? "\ngraphics" : "")}";

    [LoggerMessage(Level = LogLevel.Warning, Message = "Could not save the measured memory of model {Model}: {Reason}")]
    private partial void LogNotSaved(string model, string reason);
}
