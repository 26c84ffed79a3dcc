using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json;

namespace SdStudio.Server.Generation;

/// <summary>The one way to read values that people write as text, wherever they come from: requests, queries, models.yml, arguments, infotexts.</summary>
internal static class TextValues
{
    /// <summary>What <see cref="TryFlag"/> takes, for messages.</summary>
    public const string FlagWords = "true or false";

    /// <summary>Whether a name is one of those by which clients mean the usual.</summary>
    public static bool IsNoName(string? text) =>
        string.IsNullOrWhiteSpace(text) || text.Trim().ToUpperInvariant() is "NONE" or "N/A" or "AUTOMATIC" or "AUTO" or "DEFAULT" or "UNDEFINED" or "USE SAME SAMPLER" or "USE SAME SCHEDULER" or "USE SAME CHECKPOINT";

    /// <summary>Reads true, false, 1, 0, yes, no, on and off in any case.</summary>
    public static bool TryFlag(string text, out bool value)
    {
        bool? read = text.Trim().ToUpperInvariant() switch
        {
            "TRUE" or "1" or "YES" or "ON" => true,
            "FALSE" or "0" or "NO" or "OFF" => false,
            _ => null,
        };
        value = read ?? false;
        return read is not null;
    }

    /// <summary>Reads a finite number. There are no thousands separators: in "7,5" the comma would multiply by ten.</summary>
    public static bool TryNumber(string text, out double value) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out value) && double.IsFinite(value);

    /// <summary>Reads a whole number, also one written as "42.0": the original studio hands its seeds back like that.</summary>
    public static bool TryInteger(string text, out long value)
    {
        value = 0;
        if (!decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out decimal number) || number != decimal.Truncate(number)
            || number < long.MinValue || number > long.MaxValue)
        {
            return false;
        }

        value = (long)number;
        return true;
    }

    /// <summary>Reads whole numbers separated by commas, with or without brackets around them.</summary>
    public static bool TryIntegers(string text, out IReadOnlyList<int> values)
    {
        List<int> read = [];
        values = read;
        foreach (string part in text.Trim().TrimStart('[').TrimEnd(']').Split(',', StringSplitOptions.TrimEntries))
        {
            if (!TryInteger(part, out long value) || value is < int.MinValue or > int.MaxValue)
                return false;
            read.Add((int)value);
        }

        return true;
    }

    /// <summary>Reads <c>{"left": 64, "right": 64}</c>, or left, top, right and bottom separated by commas.</summary>
    public static bool TrySides(string text, [NotNullWhen(true)] out Sides? sides)
    {
        sides = null;
        if (TryIntegers(text, out IReadOnlyList<int> numbers) && numbers.Count == 4)
            sides = new Sides(numbers[0], numbers[1], numbers[2], numbers[3]);
        else if (text.TrimStart().StartsWith('{'))
            sides = SidesOfJson(text);
        return sides is not null;
    }

    private static Sides? SidesOfJson(string text)
    {
        try
        {
            using JsonDocument json = JsonDocument.Parse(text);
            var sides = new Sides(0, 0, 0, 0);
            foreach (JsonProperty side in json.RootElement.EnumerateObject())
            {
                if (!TryInteger(side.Value.ToString(), out long pixels) || pixels is < 0 or > int.MaxValue)
                    return null;
                switch (side.Name)
                {
                    case "left":
                        sides = sides with { Left = (int)pixels };
                        break;
                    case "top":
                        sides = sides with { Top = (int)pixels };
                        break;
                    case "right":
                        sides = sides with { Right = (int)pixels };
                        break;
                    case "bottom":
                        sides = sides with { Bottom = (int)pixels };
                        break;
                    default:
                        return null;
                }
            }

            return sides;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return null;
        }
    }
}
