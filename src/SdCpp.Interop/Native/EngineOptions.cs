using System.Globalization;

namespace SdCpp.Interop.Native;

/// <summary>Options by the engine's own names; what is null is left out, so that the engine's own value holds.</summary>
internal sealed class EngineOptions : List<KeyValuePair<string, string>>
{
    public void AddIfSet(string name, string? value)
    {
        if (value is not null)
            Add(new(name, ValueNames.Normalize(name, value)));
    }

    public void AddIfSet(string name, bool? value) => AddIfSet(name, value switch { true => "true", false => "false", null => null });

    public void AddIfSet(string name, int? value) => AddIfSet(name, value?.ToString(CultureInfo.InvariantCulture));

    // The shortest text that reads back as the same number.
    public void AddIfSet(string name, float? value) => AddIfSet(name, value?.ToString(CultureInfo.InvariantCulture));

    public void AddIfSet(string name, IReadOnlyList<float>? values) =>
        AddIfSet(name, values is null ? null : string.Join(',', values.Select(value => value.ToString(CultureInfo.InvariantCulture))));

    public void AddIfSet(string name, IReadOnlyList<int>? values) => AddIfSet(name, values is null ? null : string.Join(',', values));

    public void AddAll(IReadOnlyDictionary<string, string>? others)
    {
        foreach ((string name, string value) in others ?? new Dictionary<string, string>())
            AddIfSet(name, value);
    }
}
