using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using SdStudio.Server.Generation;

namespace SdStudio.Server.Http.Requests;

/// <summary>Reads a grid: each cell is a request of its own, its base with one value of each axis.</summary>
internal sealed class GridReader(RequestFields outer, Lookups lookups, ParameterLimits limits, string owner)
{
    /// <summary>Text that is replaced in the prompts: the first value is what is looked for.</summary>
    public const string Replace = "prompt_replace";

    /// <summary>A LoRA's weight: <c>lora:NAME</c>.</summary>
    public const string LoraWeight = "lora:";

    /// <summary>Most cells of a grid.</summary>
    public const int MaxCells = 256;

    private const int MaxValues = 64;
    private const int MaxLabel = 80;
    private static readonly string[] AxisNames = ["x", "y", "z"];

    // What a cell cannot have of its own.
    private static readonly string[] NotOnAxes = ["n", "preset", "board", "priority", "on_disconnect", "source_image_id", "combinatorial"];

    /// <param name="type">Of the cells.</param>
    /// <param name="fields">Those of the base.</param>
    /// <param name="sent">The images that came with it.</param>
    /// <returns>What the grid's job generates; null when something is wrong, which the outer fields say then.</returns>
    public GenerationSettings? Read(string type, IReadOnlyDictionary<string, JsonElement> fields, SentImages sent)
    {
        List<Axis> axes = [.. AxisNames.Select(ReadAxis).OfType<Axis>()];
        if (axes.Count == 0 && !outer.Problems.Any())
            outer.Refuse("x", "Missing required field: x, with a field and its values");
        foreach (Axis axis in axes)
            CheckAxis(axis, fields);
        int count = axes.Aggregate(1, (product, axis) => product * axis.Values.Count);
        if (count > MaxCells)
            outer.Refuse("x", $"The grid has {count} cells; allowed are at most {MaxCells}");
        if (outer.Problems.Any())
            return null;
        var basis = new Dictionary<string, JsonElement>(fields, StringComparer.Ordinal) { ["n"] = Json("1") };
        // All cells have one seed, so that what differs is what the axes say.
        if (!axes.Exists(axis => axis.Field == "seed") && (new RequestFields(fields).Value<long>("seed", limits) ?? -1) == -1)
            basis["seed"] = Json(Random.Shared.NextInt64(uint.MaxValue).ToString(CultureInfo.InvariantCulture));
        List<GenerationSettings> cells = [];
        for (int index = 0; index < count; index++)
            cells.Add(ReadCell(type, basis, axes, index, sent));
        if (cells.Exists(cell => !(cell.People ?? []).SequenceEqual(cells[0].People ?? [])))
            outer.Refuse("prompt", "All cells of a grid use the same people: write the same <ref:name> into each prompt");
        if (outer.Problems.Any())
            return null;
        // A device of this machine asks other servers beside its own work; the server of a grid's only model has nothing else to do.
        GenerationSettings own = cells.Find(cell => lookups.Catalogue.Find(cell.Model) is { Remote: null }) ?? cells[0];
        return own with { Count = cells.Count, Grid = new GridSetting([.. axes.Select(axis => new GridAxis(axis.Field, axis.Labels))], cells) };
    }

    private GenerationSettings ReadCell(string type, Dictionary<string, JsonElement> basis, List<Axis> axes, int index, SentImages sent)
    {
        var values = new Dictionary<string, JsonElement>(basis, StringComparer.Ordinal);
        foreach (Axis axis in axes)
        {
            Put(values, axis, axis.Values[index % axis.Values.Count]);
            index /= axis.Values.Count;
        }

        var fields = new RequestFields(values);
        GenerationSettings settings = new GenerationReader(fields, lookups, limits, owner).Generate(type, sent, needsPrompt: type != JobType.Variation);
        outer.RefuseLike(fields);
        return settings;
    }

    private static void Put(Dictionary<string, JsonElement> values, Axis axis, JsonElement value)
    {
        if (axis.Field == Replace)
        {
            string wanted = RequestFields.TextOf(axis.Values[0])!, with = RequestFields.TextOf(value)!;
            foreach (string field in new[] { "prompt", "negative_prompt" })
            {
                if (values.TryGetValue(field, out JsonElement text) && RequestFields.TextOf(text) is { } words)
                    values[field] = Text(words.Replace(wanted, with, StringComparison.Ordinal));
            }
        }
        else if (axis.Field.StartsWith(LoraWeight, StringComparison.Ordinal))
        {
            string name = axis.Field[LoraWeight.Length..];
            var loras = new JsonArray();
            foreach (JsonElement other in new RequestFields(values).List("loras").Where(other => NameOf(other) != name))
                loras.Add(JsonNode.Parse(other.GetRawText()));
            loras.Add((JsonNode)new JsonObject { ["name"] = name, ["weight"] = JsonNode.Parse(value.GetRawText()) });
            values["loras"] = Json(loras.ToJsonString());
        }
        else
        {
            Parameter parameter = Parameters.Find(axis.Field)!;
            foreach (string name in parameter.Names)
                values.Remove(name);
            values[parameter.Name] = value;
        }
    }

    private Axis? ReadAxis(string name)
    {
        if (!outer.IsGiven(name))
            return null;
        if (outer.Object(name) is not { } given)
            return null;
        string? field = given.TryGetProperty("field", out JsonElement named) ? RequestFields.TextOf(named) : null;
        if (field is null || !given.TryGetProperty("values", out JsonElement list) || list.ValueKind != JsonValueKind.Array || list.GetArrayLength() is 0 or > MaxValues)
        {
            outer.Refuse(name, $"{name}: allowed is {{\"field\": \"cfg_scale\", \"values\": [1, 2, 3]}}, with 1 to {MaxValues} values");
            return null;
        }

        return new Axis(name, Parameters.Find(field)?.Name ?? field, [.. list.EnumerateArray()]);
    }

    private void CheckAxis(Axis axis, IReadOnlyDictionary<string, JsonElement> fields)
    {
        if (axis.Field == Replace)
        {
            string? wanted = RequestFields.TextOf(axis.Values[0]);
            if (axis.Values.Any(value => RequestFields.TextOf(value) is null) || string.IsNullOrEmpty(wanted))
                outer.Refuse(axis.Name, $"{axis.Name}: the values of {Replace} are texts; the first is what is replaced by the others");
            else if (!(new RequestFields(fields).Text("prompt") + "\n" + new RequestFields(fields).Text("negative_prompt")).Contains(wanted, StringComparison.Ordinal))
                outer.Refuse(axis.Name, $"{axis.Name}: '{RequestFields.Shown(wanted)}' is not in the prompt; the first value of {Replace} is what the others replace");
        }
        else if (axis.Field.StartsWith(LoraWeight, StringComparison.Ordinal) ? axis.Field.Length == LoraWeight.Length
            : NotOnAxes.Contains(axis.Field) || Parameters.Find(axis.Field) is null or { Kind: ParameterKind.Image or ParameterKind.Images or ParameterKind.Controls or ParameterKind.Identity or ParameterKind.Sides })
        {
            outer.Refuse(axis.Name, $"{axis.Name}: '{RequestFields.Shown(axis.Field)}' cannot change along an axis; allowed is a setting of GET /api/parameters that a cell can have of its own, {Replace}, or {LoraWeight}NAME");
        }
    }

    private static string? NameOf(JsonElement lora) => RequestFields.TextOf(lora) ?? (lora.ValueKind == JsonValueKind.Object && lora.TryGetProperty("name", out JsonElement name) ? RequestFields.TextOf(name) : null);

    private static JsonElement Text(string text) => Json($"\"{JsonEncodedText.Encode(text)}\"");

    private static JsonElement Json(string json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        return document.RootElement.Clone();
    }

    private sealed record Axis(string Name, string Field, IReadOnlyList<JsonElement> Values)
    {
        public IReadOnlyList<string> Labels => [.. Values.Select(value => RequestFields.TextOf(value) ?? value.GetRawText()).Select(text => text.Length <= MaxLabel ? text : text[..MaxLabel] + "…")];
    }
}
