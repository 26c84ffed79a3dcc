using System.Globalization;
using System.Text;
using System.Text.Json;

namespace SdStudio.Server.Http.Requests;

/// <summary>
/// The fields of a request, read leniently (a number may come as a string and a string as a number, null means absent) and checked
/// strictly: what is wrong is collected, so that one answer names all of it.
/// </summary>
internal sealed class RequestFields(IReadOnlyDictionary<string, JsonElement> values)
{
    private readonly List<FieldProblem> _problems = [];
    private string? _detail;

    public void Refuse(string field, string problem, string? detail = null)
    {
        _problems.Add(new FieldProblem(field, problem));
        _detail ??= detail;
    }

    /// <exception cref="BadRequestException">Something was wrong.</exception>
    public void ThrowIfRefused()
    {
        if (_problems.Count > 0)
            throw new BadRequestException(_problems, _detail);
    }

    public string? Text(string name)
    {
        if (Find([name], out _) is not { } text)
            return null;
        if (values[name].ValueKind is JsonValueKind.String or JsonValueKind.Number)
            return text;
        Refuse(name, $"{name} is {Shown(text)}; allowed is text");
        return null;
    }

    /// <summary>As <see cref="BoundedText"/>; null only when it was refused.</summary>
    public string? RequiredText(string name, int maxBytes)
    {
        int problems = _problems.Count;
        string? text = BoundedText(name, maxBytes);
        if (!string.IsNullOrWhiteSpace(text))
            return text;
        if (_problems.Count == problems)
            Refuse(name, $"Missing required field: {name}");
        return null;
    }

    /// <summary>A text of at most <paramref name="maxBytes"/> UTF-8 bytes.</summary>
    public string? BoundedText(string name, int maxBytes)
    {
        string? text = Text(name);
        if (text is not null && Encoding.UTF8.GetByteCount(text) is int bytes && bytes > maxBytes)
            Refuse(name, $"{name} has {bytes} bytes; allowed are at most {maxBytes}");
        if (text is not null && text.Contains('\0'))
            Refuse(name, $"{name} contains a zero character; remove it");
        return text;
    }

    /// <summary>A whole number under the first of the names that is there.</summary>
    public long? Integer(long min, long max, params ReadOnlySpan<string> names)
    {
        if (Find(names, out string name) is not { } text)
            return null;
        // "42.0" is how the original studio hands its seeds back.
        if (decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out decimal value) && value == decimal.Truncate(value)
            && value >= min && value <= max)
        {
            return (long)value;
        }

        Refuse(name, $"{name} is '{Shown(text)}'; allowed is a whole number{(min <= int.MinValue ? "" : $" from {min} to {max}")}");
        return null;
    }

    public double? Number(double min, double max, string name)
    {
        if (Find([name], out _) is not { } text)
            return null;
        if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && value >= min && value <= max)
            return value;
        string range = min == double.MinValue ? "" : string.Create(CultureInfo.InvariantCulture, $" from {min} to {max}");
        Refuse(name, $"{name} is '{Shown(text)}'; allowed is a number{range}");
        return null;
    }

    public bool? Flag(string name) => Find([name], out _)?.ToLowerInvariant() switch
    {
        null => null,
        "true" or "1" => true,
        "false" or "0" => false,
        { } text => Refused<bool?>(name, $"{name} is '{Shown(text)}'; allowed is true or false"),
    };

    /// <summary>A list, or a list written as JSON text, as forms have it.</summary>
    public IReadOnlyList<JsonElement> List(string name)
    {
        if (Find([name], out _) is not { } text)
            return [];
        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            if (document.RootElement.ValueKind == JsonValueKind.Array)
                return [.. document.RootElement.EnumerateArray().Select(item => item.Clone())];
        }
        catch (JsonException)
        {
            // Said below.
        }

        return Refused<IReadOnlyList<JsonElement>>(name, $"{name} is {Shown(text)}; allowed is a list") ?? [];
    }

    /// <summary>One of <paramref name="allowed"/>, in any case, under the first of the names that is there.</summary>
    public string? OneOf(IEnumerable<string> allowed, params ReadOnlySpan<string> names)
    {
        if (Find(names, out string name) is not { } text)
            return null;
        string? match = allowed.FirstOrDefault(value => value.Equals(text, StringComparison.OrdinalIgnoreCase));
        if (match is null)
            Refuse(name, $"{name} is '{Shown(text)}'; allowed is one of: {string.Join(", ", allowed)}");
        return match;
    }

    private T? Refused<T>(string field, string problem)
    {
        Refuse(field, problem);
        return default;
    }

    /// <summary>What a client sent, short enough for a message.</summary>
    public static string Shown(string text) => text.Length <= 60 ? text : text[..60] + "…";

    // Forms send what was left empty as "".
    private string? Find(ReadOnlySpan<string> names, out string found)
    {
        foreach (string name in names)
        {
            if (values.TryGetValue(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null && Raw(name, value) is { Length: > 0 } text)
            {
                found = name;
                return text;
            }
        }

        found = names[0];
        return null;
    }

    /// <summary>The text of a JSON string; null for what is none, an escaped half of a surrogate pair among it.</summary>
    public static string? TextOf(JsonElement value)
    {
        try
        {
            return value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    private string? Raw(string name, JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.String)
            return value.GetRawText();
        if (TextOf(value) is { } text)
            return text;
        Refuse(name, $"{name} is not valid Unicode; send whole characters");
        return null;
    }
}
