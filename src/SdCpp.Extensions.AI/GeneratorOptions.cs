using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.AI;

namespace SdCpp.Interop;

/// <summary>Reads <see cref="ImageGenerationOptions.AdditionalProperties"/>: what is not known is refused by its name, not left out.</summary>
internal sealed class GeneratorOptions
{
    private static readonly HashSet<string> Known = new(
        ["negative_prompt", "steps", "cfg_scale", "guidance", "seed", "sampler", "scheduler", "strength", "clip_skip"], StringComparer.Ordinal);

    private readonly AdditionalPropertiesDictionary _values;

    /// <exception cref="ArgumentException">There is an option that no image generator of this library has.</exception>
    public GeneratorOptions(ImageGenerationOptions? options)
    {
        _values = options?.AdditionalProperties ?? [];
        string[] unknown = [.. _values.Keys.Where(name => !Known.Contains(name))];
        if (unknown.Length > 0)
            throw new ArgumentException($"{string.Join(", ", unknown)}: there is no such option; allowed are {string.Join(", ", Known)}", nameof(options));
        if (options?.RawRepresentationFactory is not null)
            throw new ArgumentException("RawRepresentationFactory is not used here; set AdditionalProperties", nameof(options));
        if (options?.ResponseFormat is { } format && format == ImageGenerationResponseFormat.Hosted)
            throw new ArgumentException("ResponseFormat.Hosted: there is nobody to host the image; allowed are Data and Uri", nameof(options));
    }

    public IEnumerable<KeyValuePair<string, object?>> All => _values.Where(value => value.Value is not null);

    public string? Text(string name) => _values.TryGetValue(name, out object? value) && value is not null ? Written(value) : null;

    public int? Integer(string name) => Text(name) is not { } text ? null
        : int.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out int number) ? number : throw Wrong(name, text, "a whole number");

    public long? Long(string name) => Text(name) is not { } text ? null
        : long.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out long number) ? number : throw Wrong(name, text, "a whole number");

    public float? Number(string name) => Text(name) is not { } text ? null
        : float.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out float number) ? number : throw Wrong(name, text, "a number");

    /// <summary>An option as text, whether it came from code or from JSON.</summary>
    public static string Written(object value) => value switch
    {
        JsonElement { ValueKind: JsonValueKind.String } text => text.GetString()!,
        JsonElement json => json.GetRawText(),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "",
    };

    private static ArgumentException Wrong(string name, string text, string allowed) => new($"{name} is '{text}'; allowed is {allowed}", name);
}
