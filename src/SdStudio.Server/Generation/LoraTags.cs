using System.Globalization;
using System.Text.RegularExpressions;

namespace SdStudio.Server.Generation;

/// <summary>The LoRAs that people write into the prompt, <c>&lt;lora:name:weight&gt;</c>, as Automatic1111 has taught them.</summary>
internal static partial class LoraTags
{
    /// <summary>What stands before the name of one that the expert for much noise has, as in the engine's own programs.</summary>
    public const string HighNoise = "|high_noise|";

    /// <summary>Takes the tags out of a prompt.</summary>
    /// <returns>The prompt without the tags, and the LoRAs; without a weight it is 1, and NaN where something else than a number stands there.</returns>
    public static (string Prompt, List<LoraSetting> Loras) Take(string prompt)
    {
        List<LoraSetting> loras = [];
        string left = Tag().Replace(prompt, tag =>
        {
            loras.Add(Of(tag));
            return "";
        });
        return loras.Count == 0 ? (prompt, loras) : (left.Trim(), loras);
    }

    /// <summary>Writes each tag as <paramref name="rewrite"/> has it: null leaves it out.</summary>
    public static string Rewrite(string prompt, Func<LoraSetting, LoraSetting?> rewrite) => Tag().Replace(prompt, tag =>
    {
        LoraSetting written = Of(tag);
        LoraSetting? wanted = rewrite(written);
        return wanted is null ? "" : wanted == written ? tag.Value : wanted.ToString();
    }).Trim();

    /// <summary>A LoRA by its name as it stands in a tag.</summary>
    public static LoraSetting Of(string name, double weight)
    {
        bool isHighNoise = name.StartsWith(HighNoise, StringComparison.OrdinalIgnoreCase);
        return new LoraSetting((isHighNoise ? name[HighNoise.Length..] : name).Trim(), weight) { HighNoise = isHighNoise };
    }

    private static LoraSetting Of(Match tag) => Of(tag.Groups["name"].Value, WeightOf(tag.Groups["weight"].Value));

    private static double WeightOf(string text) => string.IsNullOrWhiteSpace(text) ? 1
        : double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double weight) && double.IsFinite(weight) ? Math.Clamp(weight, -100, 100) : double.NaN;

    // A second weight, for the text encoder, is read and left: the engine has one for both.
    [GeneratedRegex("<(?:lora|lyco):(?<name>[^:<>]+)(?::(?<weight>[^:<>]*))?(?::[^<>]*)?>", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture)]
    private static partial Regex Tag();
}
