using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Extensions.Options;
using SdCpp.Interop;
using SdStudio.Server.Events;

namespace SdStudio.Server.Models;

/// <summary>Keeps the model that was used last: the next picture of it needs no loading.</summary>
internal sealed partial class ModelCache(IOptions<StudioOptions> options, EventHub hub, TimeProvider time, ILogger<ModelCache> logger) : IAsyncDisposable
{
    private readonly SemaphoreSlim _gate = new(1, 1);
    private volatile Resident? _resident;
    private volatile string? _loadingId;

    /// <summary>The model that needs no loading; null when there is none.</summary>
    public string? ResidentId => _resident?.Definition.Id;

    /// <summary>The document's word for a model's state: stopped, starting or running.</summary>
    public string StatusOf(string id) => _loadingId == id ? "starting" : _resident?.Definition.Id == id ? "running" : "stopped";

    /// <summary>The model, loaded; what it took is 0 when it was resident. One caller at a time uses it: the job worker.</summary>
    public async Task<(DiffusionModel Model, TimeSpan Loading)> AcquireAsync(
        ModelDefinition definition, SdCallbacks callbacks, CancellationToken cancellation)
    {
        await _gate.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            if (_resident is { } resident)
            {
                if (resident.Definition.LoadKey == definition.LoadKey)
                    return (resident.Model, TimeSpan.Zero);
                _resident = null;
                await resident.Model.DisposeAsync().ConfigureAwait(false);
                Tell(resident.Definition.Id);
            }

            _loadingId = definition.Id;
            Tell(definition.Id);
            long start = time.GetTimestamp();
            DiffusionModelOptions load = definition.Options.Threads > 0 ? definition.Options : definition.Options with { Threads = options.Value.Threads };
            DiffusionModel model = await DiffusionModel.LoadAsync(load, callbacks, cancellation).ConfigureAwait(false);
            _resident = new Resident(definition, model);
            TimeSpan took = time.GetElapsedTime(start);
            LogLoaded(definition.Id, model.Family, (long)took.TotalMilliseconds);
            return (model, took);
        }
        finally
        {
            if (_loadingId is { } id)
            {
                _loadingId = null;
                Tell(id);
            }

            _gate.Release();
        }
    }

    private void Tell(string id) => hub.Publish(
        EventChannel.Models, "model_status_changed",
        JsonSerializer.SerializeToUtf8Bytes(new ModelStatusView(id, StatusOf(id)), ModelJson.Default.ModelStatusView));

    public async ValueTask DisposeAsync()
    {
        if (_resident is { } resident)
            await resident.Model.DisposeAsync().ConfigureAwait(false);
        _gate.Dispose();
    }

    private sealed record Resident(ModelDefinition Definition, DiffusionModel Model);

    [LoggerMessage(Level = LogLevel.Information, Message = "Model {Model} ({Family}) loaded in {Milliseconds} ms")]
    private partial void LogLoaded(string model, string family, long milliseconds);
}

/// <summary>What the event tells.</summary>
internal sealed record ModelStatusView([property: JsonPropertyName("modelId")] string ModelId, [property: JsonPropertyName("status")] string Status);

/// <summary>The JSON of what events tell about models.</summary>
[JsonSerializable(typeof(ModelStatusView))]
internal sealed partial class ModelJson : JsonSerializerContext;
