using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using SdStudio.Server.Generation;

namespace SdStudio.Server.Http.Requests;

/// <summary>
/// The fields of a request, read leniently (a number may come as a string and a string as a number, null means absent) and checked
/// strictly: what is wrong is collected, so that one answer names all of it.
/// </summary>
internal sealed class RequestFields(IReadOnlyDictionary<string, JsonElement> values)
{
    // Who sends a list of a million wrong things learns no more from the millionth.
    private const int MaxProblems = 20;

    private readonly List<FieldProblem> _problems = [];
    private string? _detail;

    public void Refuse(string field, string problem, string? detail = null)
    {
        var refused = new FieldProblem(field, problem);
        if (_problems.Count < MaxProblems && !_problems.Contains(refused))
            _problems.Add(refused);
        _detail ??= detail;
    }

    /// <summary>Refuses what others have refused.</summary>
    public void RefuseLike(RequestFields other)
    {
        foreach (FieldProblem problem in other._problems)
            Refuse(problem.Field, problem.Problem, other._detail);
    }

    /// <summary>An object; null for none, and for one that was refused.</summary>
    public JsonElement? Object(string name)
    {
        if (Find([name], out _) is not { } text)
            return null;
        return values[name].ValueKind == JsonValueKind.Object ? values[name] : Refused<JsonElement?>(name, $"{name} is {Shown(text)}; allowed is an object");
    }

    /// <summary>What was wrong up to now, in sentences.</summary>
    public IEnumerable<string> Problems => _problems.Select(problem => problem.Problem);

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
        if (text is not null && Encoding.UTF8.GetByteCount(text) is var bytes && bytes > maxBytes)
            Refuse(name, $"{name} has {bytes} bytes; allowed are at most {maxBytes}");
        if (text is not null && text.Contains('\0'))
            Refuse(name, $"{name} contains a zero character; remove it");
        return text;
    }

    /// <summary>A parameter's value under the first of its names that is given; null for none, and for one that was refused.</summary>
    public object? Value(Parameter parameter, ParameterLimits limits)
    {
        if (parameter.Kind == ParameterKind.Text)
            return BoundedText(parameter.Name, parameter.Range is null ? int.MaxValue : (int)parameter.Range(limits).Max);
        if (Find(parameter.Names.AsSpan(), out string name) is not { } text)
            return null;
        return parameter.TryRead(text, limits, out object? value) ? value : Refused<object?>(name, parameter.Problem(name, text, limits));
    }

    /// <summary>A number or a switch of the table of parameters.</summary>
    public T? Value<T>(string parameter, ParameterLimits limits)
        where T : struct => (T?)Value(Parameters.Get(parameter), limits);

    /// <summary>Whether the field is there and says something.</summary>
    public bool IsGiven(string name) => Find([name], out _) is not null;

    /// <summary>A value as it came, an object among them; null for none.</summary>
    public string? Json(string name) => Find([name], out _);

    /// <summary>A whole number under the first of the names that is there.</summary>
    public long? Integer(long min, long max, params ReadOnlySpan<string> names)
    {
        if (Find(names, out string name) is not { } text)
            return null;
        if (TextValues.TryInteger(text, out long value) && value >= min && value <= max)
            return value;
        Refuse(name, $"{name} is '{Shown(text)}'; allowed is a whole number{(min <= int.MinValue ? $" of at most {max}" : $" from {min} to {max}")}");
        return null;
    }

    public double? Number(double min, double max, string name)
    {
        if (Find([name], out _) is not { } text)
            return null;
        if (TextValues.TryNumber(text, out double value) && value >= min && value <= max)
            return value;
        string range = min == double.MinValue ? "" : string.Create(CultureInfo.InvariantCulture, $" from {min} to {max}");
        Refuse(name, $"{name} is '{Shown(text)}'; allowed is a number{range}");
        return null;
    }

    /// <summary>True or false, in every way that <see cref="TextValues.TryFlag"/> reads.</summary>
    public bool? Flag(string name)
    {
        if (Find([name], out _) is not { } text)
            return null;
        return TextValues.TryFlag(text, out bool value) ? value : Refused<bool?>(name, $"{name} is '{Shown(text)}'; allowed is {TextValues.FlagWords}");
    }

    /// <summary>A list, or a list written as JSON text, as forms have it.</summary>
    public IReadOnlyList<JsonElement> List(string name)
    {
        if (Find([name], out _) is not { } text)
            return [];
        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            if (!IsUnicode(document.RootElement))
                return Refused<IReadOnlyList<JsonElement>>(name, NotUnicode(name).Problem) ?? [];
            if (HasZero(document.RootElement))
                return Refused<IReadOnlyList<JsonElement>>(name, $"{name} contains a zero character; remove it") ?? [];
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

    /// <summary>Whether all texts in a value are texts: an escaped half of a surrogate pair is none, and cannot be written again.</summary>
    public static bool IsUnicode(JsonElement value)
    {
        // Half of a pair is escaped as \ud800 to \udfff; images, whose plus signs some clients escape, are not unescaped for this.
        ReadOnlySpan<byte> raw = JsonMarshal.GetRawUtf8Value(value);
        if (raw.IndexOf("\\ud"u8) < 0 && raw.IndexOf("\\uD"u8) < 0)
            return true;
        return value.ValueKind switch
        {
            JsonValueKind.String => TextOf(value) is not null,
            JsonValueKind.Array => value.EnumerateArray().All(IsUnicode),
            JsonValueKind.Object => value.EnumerateObject().All(property => NameOf(property) is not null && IsUnicode(property.Value)),
            _ => true,
        };
    }

    // PostgreSQL has no texts with one, and for SQLite a text ends there.
    private static bool HasZero(JsonElement value) => JsonMarshal.GetRawUtf8Value(value).IndexOf("\\u0000"u8) >= 0 && value.ValueKind switch
    {
        JsonValueKind.String => value.GetString()!.Contains('\0'),
        JsonValueKind.Array => value.EnumerateArray().Any(HasZero),
        JsonValueKind.Object => value.EnumerateObject().Any(property => HasZero(property.Value)),
        _ => false,
    };

    /// <summary>The name of a property; null for what is no text.</summary>
    public static string? NameOf(JsonProperty property)
    {
        try
        {
            return property.Name;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>What is said of a value that is not <see cref="IsUnicode"/>.</summary>
    public static FieldProblem NotUnicode(string name) => new(name, $"{name} is not valid Unicode; send whole characters");

    private string? Raw(string name, JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.String)
            return value.GetRawText();
        if (TextOf(value) is { } text)
            return text;
        Refuse(name, NotUnicode(name).Problem);
        return null;
    }
}
