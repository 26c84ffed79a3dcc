using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using SdStudio.Server.Http.Requests;
using SdStudio.Server.Models.Catalogue;

namespace SdStudio.Server.Http.A1111;

/// <summary>The IP-Adapters of SD.Next's requests, in the words of the REST API.</summary>
internal sealed class A1111Identity(Lookups lookups, List<string> notes)
{
    private const string Field = "ip_adapter";
    private const double UsualScale = 0.5;

    /// <summary>As <c>identity</c>; null for none. The REST API's own field goes first.</summary>
    /// <param name="fields">Of the request.</param>
    /// <param name="model">That generates.</param>
    public JsonElement? Read(IReadOnlyDictionary<string, JsonElement> fields, ModelDefinition? model)
    {
        if (fields.TryGetValue(IdentityReader.Field, out JsonElement own) && own.ValueKind is JsonValueKind.Object or JsonValueKind.Array or JsonValueKind.String)
            return own;
        JsonElement? followed = null;
        foreach ((int index, JsonElement json) in new RequestFields(fields).List(Field).Index())
        {
            if (json.ValueKind != JsonValueKind.Object)
                continue;
            var unit = new RequestFields(json.EnumerateObject().ToDictionary(property => property.Name, property => property.Value, StringComparer.Ordinal));
            string? problem = followed is not null ? "the engine has one at a time" : unit.Text("adapter") is not { } name ? "it names no adapter"
                : model is { Remote: null } ? lookups.Identities.Problem(model, name) : null;
            if (problem is not null)
                notes.Add($"{Field} {index}: {problem}; it is left out");
            else
                followed = Translated(unit, json, index);
        }

        return followed;
    }

    private JsonElement Translated(RequestFields unit, JsonElement json, int index)
    {
        double start = unit.Number(double.MinValue, double.MaxValue, "start") ?? 0, end = unit.Number(double.MinValue, double.MaxValue, "end") ?? 1;
        if (start > 0 || end < 1)
            notes.Add(string.Create(CultureInfo.InvariantCulture, $"{Field} {index}: not the engine's, and done otherwise: from {start} to {end} (it is used from the first step to the last)"));
        if (unit.Flag("crop") == true || (json.TryGetProperty("masks", out JsonElement masks) && masks.ValueKind == JsonValueKind.Array && masks.GetArrayLength() > 0))
            notes.Add($"{Field} {index}: crop and masks are not the engine's; the whole image is looked at");
        var identity = new JsonObject
        {
            ["model"] = unit.Text("adapter"), ["strength"] = Math.Clamp(unit.Number(double.MinValue, double.MaxValue, "scale") ?? UsualScale, 0, 1),
            ["images"] = json.TryGetProperty("images", out JsonElement images) || json.TryGetProperty("image", out images) ? JsonNode.Parse(images.GetRawText()) : new JsonArray(),
        };
        unit.ThrowIfRefused();
        using JsonDocument document = JsonDocument.Parse(identity.ToJsonString());
        return document.RootElement.Clone();
    }
}
