using System.Text.Json;
using SdStudio.Server.Http.Requests;

namespace SdStudio.Server.Http.A1111;

/// <summary>The <c>override_settings</c> of a request: an object, or its JSON as text. What is not used of them is noted.</summary>
internal sealed class A1111Override
{
    // Those whose value asks for nothing that is not done anyway.
    private static readonly string[] Used = [A1111Options.CheckpointKey, A1111Options.ClipLayersKey, A1111Options.VaeKey, A1111Options.NoDetectedMapKey];

    private readonly RequestFields _fields;

    public A1111Override(RequestFields request, IReadOnlyDictionary<string, JsonElement> values, List<string> notes)
    {
        Dictionary<string, JsonElement> settings = Read(request, values, notes);
        _fields = new RequestFields(settings);
        Checkpoint = _fields.Text(A1111Options.CheckpointKey);
        ClipLayers = _fields.Text(A1111Options.ClipLayersKey);
        Vae = _fields.Text(A1111Options.VaeKey);
        NoDetectedMap = _fields.Flag(A1111Options.NoDetectedMapKey);
        List<string> unused = [.. settings.Where(setting => !Used.Contains(setting.Key) && A1111Options.ChangesSomething(setting.Key, setting.Value)).Select(setting => setting.Key)];
        if (unused.Count > 0)
            notes.Add($"override_settings: {A1111Responses.Names(unused)} {(unused.Count == 1 ? "is" : "are")} not used by this server");
    }

    /// <summary>The model of this request, as its client calls it.</summary>
    public string? Checkpoint { get; }

    /// <summary>Layers of the text encoder to stop at.</summary>
    public string? ClipLayers { get; }

    /// <summary>Whether images are sent without what a ControlNet sees.</summary>
    public bool? NoDetectedMap { get; }

    /// <summary>The decoder of this request.</summary>
    public string? Vae { get; }

    /// <exception cref="BadRequestException">A setting that is used has the wrong type.</exception>
    public void ThrowIfRefused() => _fields.ThrowIfRefused();

    private static Dictionary<string, JsonElement> Read(RequestFields request, IReadOnlyDictionary<string, JsonElement> values, List<string> notes)
    {
        const string Field = "override_settings";
        if (!values.TryGetValue(Field, out JsonElement value) || !request.IsGiven(Field))
            return [];
        if (RequestFields.TextOf(value) is { } text)
        {
            try
            {
                using JsonDocument document = JsonDocument.Parse(text);
                value = document.RootElement.Clone();
            }
            catch (JsonException)
            {
                // Noted below, as everything that is no object.
            }
        }

        if (value.ValueKind == JsonValueKind.Object)
            return value.Deserialize(ApiJson.Readable.DictionaryStringJsonElement)!;
        notes.Add($"{Field} is not an object: it is ignored");
        return [];
    }
}
