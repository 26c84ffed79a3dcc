using System.Text;
using System.Text.Json;
using SdStudio.Server.Generation;

namespace SdStudio.Server.Http.Requests;

/// <summary>Named sets of settings: checked when they are kept, and put under the fields of requests that name one.</summary>
internal sealed class Presets(IPresetStore store, LiveLimits limits)
{
    private const int MaxNameBytes = 200;
    private const int MaxBytes = 64 * 1024;

    // What belongs to one request alone.
    private static readonly string[] NotKept = ["source_image_id", "preset", "priority", "on_disconnect"];

    /// <summary>Whether a preset may have a parameter.</summary>
    public static bool Keeps(Parameter parameter) => parameter.Kind is not (ParameterKind.Image or ParameterKind.Images) && !NotKept.Contains(parameter.Name);

    /// <summary>The fields of a request, and those of its preset that it does not have itself.</summary>
    /// <exception cref="BadRequestException">There is no such preset.</exception>
    public async ValueTask<IReadOnlyDictionary<string, JsonElement>> WithPresetAsync(IReadOnlyDictionary<string, JsonElement> fields, string owner, CancellationToken cancellation)
    {
        if (new RequestFields(fields).Text("preset") is not { } name)
            return fields;
        Preset preset = await store.FindAsync(name, owner, cancellation)
            ?? throw new BadRequestException([new FieldProblem("preset", $"preset is '{RequestFields.Shown(name)}'; there is no such preset, GET /api/presets lists yours")], detail: null);
        Dictionary<string, JsonElement> merged = new(FieldsOf(preset), StringComparer.Ordinal);
        foreach ((string field, JsonElement value) in fields.Where(field => field.Value.ValueKind != JsonValueKind.Null && RequestFields.TextOf(field.Value) != ""))
        {
            // Under whichever name the preset has it.
            foreach (string other in Parameters.Find(field)?.Names ?? [])
                merged.Remove(other);
            merged[field] = value;
        }

        return merged;
    }

    /// <summary>The fields of a preset.</summary>
    public static Dictionary<string, JsonElement> FieldsOf(Preset preset) => JsonSerializer.Deserialize(preset.Settings, ApiJson.Readable.DictionaryStringJsonElement)!;

    /// <summary>A preset of fields that requests have.</summary>
    /// <exception cref="BadRequestException">Names every field that is wrong.</exception>
    public Preset Checked(string name, IReadOnlyDictionary<string, JsonElement> values)
    {
        var fields = new RequestFields(values);
        string trimmed = name.Trim();
        if (trimmed.Length == 0 || Encoding.UTF8.GetByteCount(trimmed) > MaxNameBytes || trimmed.Any(char.IsControl))
            fields.Refuse("name", $"The name of a preset is one line of at most {MaxNameBytes} bytes");
        ParameterLimits now = limits.Now;
        foreach (string field in values.Keys)
        {
            if (Parameters.Find(field) is not { } parameter || !Keeps(parameter))
                fields.Refuse(field, $"{RequestFields.Shown(field)} is not a setting for presets; GET /api/parameters lists them");
            else
                Check(fields, field, parameter, now);
        }

        string settings = JsonSerializer.Serialize(new Dictionary<string, JsonElement>(values), ApiJson.Readable.DictionaryStringJsonElement);
        if (settings.Length > MaxBytes)
            fields.Refuse("settings", $"The settings of a preset have {settings.Length} characters; allowed are at most {MaxBytes}");
        fields.ThrowIfRefused();
        return new Preset(trimmed, settings);
    }

    // What depends on the model or on files is checked when it is used.
    private static void Check(RequestFields fields, string field, Parameter parameter, ParameterLimits limits)
    {
        switch (parameter.Kind)
        {
            case ParameterKind.Texts or ParameterKind.Loras:
                fields.List(field);
                break;
            case ParameterKind.Size:
                if (fields.Text(field) is { } size && size != "auto" && !ImageSize.TryParse(size, out _))
                    fields.Refuse(field, $"{field} is '{RequestFields.Shown(size)}'; allowed is WIDTHxHEIGHT, e.g. 512x768");
                break;
            // Without an engine nobody knows its names.
            case ParameterKind.Choice when parameter.Choices!(limits).Count == 0:
                break;
            default:
                fields.Value(parameter, limits);
                break;
        }
    }
}
