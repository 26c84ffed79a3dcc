using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Serialization;
using SdStudio.Server.Events;

namespace SdStudio.Server.Models.Cache;

/// <summary>Which models are being loaded and which could not be, and the events about it.</summary>
internal sealed class ModelStates(IEventLog events)
{
    private readonly ConcurrentDictionary<string, int> _starting = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, string> _failures = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, string> _announced = new(StringComparer.Ordinal);

    public bool IsStarting(string id) => _starting.GetValueOrDefault(id) > 0;

    /// <summary>Why a model could not be loaded when that was last tried; null when it could.</summary>
    public string? FailureOf(string id) => _failures.GetValueOrDefault(id);

    public void Begin(string id) => _starting.AddOrUpdate(id, 1, (_, count) => count + 1);

    public void End(string id) => _starting.AddOrUpdate(id, 0, (_, count) => count - 1);

    public void Failed(string id, string reason) => _failures[id] = reason;

    public void Loaded(string id) => _failures.TryRemove(id, out _);

    /// <summary>Publishes a state that differs from the last published one.</summary>
    public void Announce(string id, string status)
    {
        if (_announced.TryGetValue(id, out string? before) && before == status)
            return;
        _announced[id] = status;
        events.Publish(
            EventChannel.Models, "model_status_changed", owner: null,
            JsonSerializer.SerializeToUtf8Bytes(new ModelStatusView(id, status), ModelJson.Default.ModelStatusView));
    }
}

/// <summary>What the event tells.</summary>
internal sealed record ModelStatusView([property: JsonPropertyName("modelId")] string ModelId, [property: JsonPropertyName("status")] string Status);

/// <summary>The JSON of what events tell about models.</summary>
[JsonSerializable(typeof(ModelStatusView))]
internal sealed partial class ModelJson : JsonSerializerContext;
