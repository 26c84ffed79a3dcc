using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace SdStudio.EngineUpgrade;

/// <summary>A field of an engine struct, and how its place is known: the engine prints it under a name, or its default lies there.</summary>
internal sealed record Field(
    string Name,
    string Type,
    int At,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Printed = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Default = null);

internal sealed record Struct(string Name, int Size, IReadOnlyList<Field> Fields);

/// <summary>An enum: the bridge needs the values that it names and the end; the engine's name function tells how many there are.</summary>
internal sealed record EngineEnum(string Name, string Values, string? End, string? Function, IReadOnlyList<string> Names);

/// <summary>What is known of an engine that comes without a header: the content of engine.layout.json.</summary>
internal sealed record Layout(string Engine, IReadOnlyList<EngineEnum> Enums, IReadOnlyList<Struct> Structs, IReadOnlyList<string> Functions)
{
    /// <summary>The structs that the engine's init functions fill; the others are parts of them, or what they point to.</summary>
    public static IReadOnlyList<string> Roots { get; } = ["sd_ctx_params_t", "sd_img_gen_params_t", "sd_vid_gen_params_t"];

    /// <summary>Those that the engine has no printer for: their parts are those of the others, and the rest is known by its defaults.</summary>
    public static IReadOnlyList<string> Unprinted { get; } = ["sd_vid_gen_params_t"];

    public static Layout Read(string path) => JsonSerializer.Deserialize(File.ReadAllText(path), LayoutJson.Default.Layout)
        ?? throw new UpgradeException($"{path} is empty.");

    public Struct this[string name] => Structs.First(s => s.Name == name);

    public bool IsStruct(string type) => Structs.Any(s => s.Name == type);

    /// <summary>The file's text: a field on each line, so that a change of the engine reads as one.</summary>
    public string ToJson()
    {
        var text = new StringBuilder($"{{\n  \"engine\": {Quoted(Engine)},\n  \"enums\": [\n");
        text.AppendJoin(",\n", Enums.Select(e => "    " + JsonSerializer.Serialize(e, LayoutJson.Default.EngineEnum)));
        text.Append("\n  ],\n  \"structs\": [\n");
        text.AppendJoin(",\n", Structs.Select(s =>
            $"    {{\"name\": {Quoted(s.Name)}, \"size\": {s.Size}, \"fields\": [\n" +
            string.Join(",\n", s.Fields.Select(f => "      " + JsonSerializer.Serialize(f, LayoutJson.Default.Field))) + "]}"));
        text.Append("\n  ],\n  \"functions\": [\n");
        text.AppendJoin(",\n", Functions.Select(f => "    " + Quoted(f)));
        return text.Append("\n  ]\n}\n").ToString();
    }

    private static string Quoted(string text) => JsonSerializer.Serialize(text, LayoutJson.Default.String);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Layout))]
[JsonSerializable(typeof(ProbeAnswer))]
internal sealed partial class LayoutJson : JsonSerializerContext;

/// <summary>Something that a person must see to before the upgrade can go on.</summary>
internal sealed class UpgradeException(string message) : Exception(message);
