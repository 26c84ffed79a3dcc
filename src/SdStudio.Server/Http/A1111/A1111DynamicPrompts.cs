using System.Text.Json;

namespace SdStudio.Server.Http.A1111;

/// <summary>The script "Dynamic Prompts" in <c>alwayson_scripts</c>, as clients of that extension send it.</summary>
internal static class A1111DynamicPrompts
{
    private const string Name = "dynamic prompts";

    /// <summary>Whether a script is this one, of whatever version.</summary>
    public static bool IsThis(string script) => script.StartsWith(Name, StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether the prompts are templates, and whether all combinations are wanted; null when nothing is said of it.</summary>
    public static (bool IsOn, bool Combinations)? Read(IReadOnlyDictionary<string, JsonElement> fields)
    {
        if (!fields.TryGetValue("alwayson_scripts", out JsonElement scripts) || scripts.ValueKind != JsonValueKind.Object)
            return null;
        foreach (JsonProperty script in scripts.EnumerateObject().Where(script => IsThis(script.Name)))
        {
            JsonElement arguments = script.Value.ValueKind == JsonValueKind.Object && script.Value.TryGetProperty("args", out JsonElement inner) ? inner : script.Value;
            // Without arguments the extension is on, as it is there by default.
            return (Argument(arguments, 0) ?? true, Argument(arguments, 1) ?? false);
        }

        return null;
    }

    private static bool? Argument(JsonElement arguments, int index) =>
        arguments.ValueKind == JsonValueKind.Array && index < arguments.GetArrayLength() && arguments[index].ValueKind is JsonValueKind.True or JsonValueKind.False ? arguments[index].GetBoolean() : null;
}
