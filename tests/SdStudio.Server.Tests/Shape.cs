using System.Text.Json;

namespace SdStudio.Server.Tests;

/// <summary>Checks of JSON, field by field.</summary>
internal static class Shape
{
    public const string Text = "text", TextOrNull = "text?", Number = "number", NumberOrNull = "number?", Flag = "flag", List = "list", Object = "object", ObjectOrNull = "object?";

    /// <summary>Every named field is there and of its kind; others may be there too.</summary>
    public static void Has(JsonElement element, params (string Name, string Kind)[] fields)
    {
        foreach ((string name, string kind) in fields)
        {
            Assert.True(element.TryGetProperty(name, out JsonElement value), $"{name} is missing in {element}");
            bool right = value.ValueKind switch
            {
                JsonValueKind.Null => kind.EndsWith('?'),
                JsonValueKind.String => kind.TrimEnd('?') == Text,
                JsonValueKind.Number => kind.TrimEnd('?') == Number,
                JsonValueKind.True or JsonValueKind.False => kind == Flag,
                JsonValueKind.Array => kind == List,
                _ => kind.TrimEnd('?') == Object,
            };
            Assert.True(right, $"{name} is {value}, not of kind {kind}");
        }
    }

    public static string Error(JsonElement body)
    {
        string error = body.GetProperty("error").GetString()!;
        Assert.NotEmpty(error);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
        Assert.DoesNotContain(Path.GetTempPath(), body.ToString(), StringComparison.Ordinal);
        return error;
    }
}
