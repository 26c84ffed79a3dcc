using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace SdStudio.Server.Generation;

/// <summary>A cache of the engine that leaves out steps whose results would hardly differ: faster, and not quite the same image.</summary>
/// <param name="Mode">The engine's name.</param>
/// <param name="Threshold">How much change is left out; higher is faster and further off. Null for the engine's own.</param>
/// <param name="Start">From which part of the steps on; null for the engine's own.</param>
/// <param name="End">Up to which part; null for the engine's own.</param>
internal sealed record StepCacheSetting(string Mode, double? Threshold = null, double? Start = null, double? End = null)
{
    /// <summary>Every mode of the engine.</summary>
    public static IReadOnlyList<string> Modes { get; } = ["easycache", "ucache", "dbcache", "taylorseer", "cache-dit", "spectrum"];

    /// <summary>Reads <c>easycache:0.2,0.15,0.95</c>: the mode and, as the engine's programs have them, threshold, start and end.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out StepCacheSetting? cache)
    {
        cache = null;
        string[] parts = text.Split(':', 2, StringSplitOptions.TrimEntries);
        if (!Modes.Contains(parts[0]))
            return false;
        List<double> numbers = [];
        foreach (string part in parts.Length == 1 ? [] : parts[1].Split(',', StringSplitOptions.TrimEntries))
        {
            if (!TextValues.TryNumber(part, out double number) || number < 0 || number > (numbers.Count == 0 ? 100 : 1))
                return false;
            numbers.Add(number);
        }

        if (numbers.Count > 3 || (numbers.Count == 3 && numbers[1] >= numbers[2]))
            return false;
        cache = new StepCacheSetting(parts[0], At(0), At(1), At(2));
        return true;

        double? At(int index) => index < numbers.Count ? numbers[index] : null;
    }

    /// <summary>As <see cref="TryParse"/> reads it.</summary>
    public override string ToString() => Threshold is null
        ? Mode
        : $"{Mode}:{string.Join(',', new[] { Threshold, Start, End }.OfType<double>().Select(number => number.ToString(CultureInfo.InvariantCulture)))}";
}

/// <summary>How fast at the cost of exactness.</summary>
internal static class Speed
{
    public const string Exact = "exact";
    public const string Fast = "fast";
    public const string Fastest = "fastest";

    public static IReadOnlyList<string> All { get; } = [Exact, Fast, Fastest];
}
