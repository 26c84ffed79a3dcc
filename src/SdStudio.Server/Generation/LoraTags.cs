using System.Globalization;
using System.Text.RegularExpressions;

namespace SdStudio.Server.Generation;

/// <summary>The LoRAs that people write into the prompt, <c>&lt;lora:name:weight&gt;</c>, as Automatic1111 has taught them.</summary>
internal static partial class LoraTags
{
    /// <summary>Takes the tags out of a prompt.</summary>
    /// <returns>The prompt without the tags, and the LoRAs; a weight that is not a number is 1.</returns>
    public static (string Prompt, List<LoraSetting> Loras) Take(string prompt)
    {
        List<LoraSetting> loras = [];
        string left = Tag().Replace(prompt, tag =>
        {
            loras.Add(new LoraSetting(tag.Groups["name"].Value.Trim(), WeightOf(tag.Groups["weight"].Value)));
            return "";
        });
        return loras.Count == 0 ? (prompt, loras) : (left.Trim(), loras);
    }

    /// <summary>Takes out only the tags that <paramref name="isUnwanted"/> names.</summary>
    public static string Without(string prompt, Predicate<string> isUnwanted) =>
        Tag().Replace(prompt, tag => isUnwanted(tag.Groups["name"].Value.Trim()) ? "" : tag.Value).Trim();

    private static double WeightOf(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double weight) && double.IsFinite(weight) ? Math.Clamp(weight, -100, 100) : 1;

    // A second weight, for the text encoder, is read and left: the engine has one for both.
    [GeneratedRegex("<(?:lora|lyco):(?<name>[^:<>]+)(?::(?<weight>[^:<>]*))?(?::[^<>]*)?>", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture)]
    private static partial Regex Tag();
}
