using System.Globalization;

namespace SdStudio.Server.Settings;

/// <summary>Which images are kept; null for no such limit.</summary>
/// <param name="Age">Those that are younger.</param>
/// <param name="Bytes">The newest that take no more together.</param>
internal sealed record KeepRule(TimeSpan? Age, long? Bytes)
{
    private static readonly (string Unit, double Hours)[] Times = [("h", 1), ("d", 24), ("w", 24 * 7)];
    private static readonly (string Unit, double Bytes)[] Sizes = [("MB", 1e6), ("GB", 1e9), ("TB", 1e12)];

    /// <summary>A rule as people write it; null when it is none.</summary>
    public static KeepRule? Parse(string text)
    {
        var rule = new KeepRule(null, null);
        foreach (string part in text.Split([',', '|'], StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (Number(part, Times) is { } hours and <= 24 * 36500)
                rule = rule with { Age = TimeSpan.FromHours(hours) };
            else if (Number(part, Sizes) is { } bytes and <= 1e15)
                rule = rule with { Bytes = (long)bytes };
            else
                return null;
        }

        return rule is { Age: null, Bytes: null } ? null : rule;
    }

    private static double? Number(string text, (string Unit, double Value)[] units)
    {
        foreach ((string unit, double value) in units)
        {
            if (text.EndsWith(unit, StringComparison.OrdinalIgnoreCase)
                && double.TryParse(text.AsSpan(0, text.Length - unit.Length), NumberStyles.AllowDecimalPoint | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out double number) && number > 0)
                return number * value;
        }

        return null;
    }
}
