using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace SdStudio.Server.Generation;

/// <summary>A picture's settings in the text form that Automatic1111's tools read.</summary>
internal static partial class Infotext
{
    /// <param name="settings">With sampler, scheduler, model hash and engine as they were used.</param>
    /// <param name="seed">Of this picture.</param>
    public static string Of(GenerationSettings settings, long seed)
    {
        var text = new StringBuilder(PromptOf(settings));
        text.Append('\n');
        if (!string.IsNullOrEmpty(settings.NegativePrompt))
            text.Append("Negative prompt: ").Append(settings.NegativePrompt).Append('\n');
        if (settings.Type == JobType.Upscale)
            Add(text, "Upscaler", settings.Upscaler);
        else
            AddSampling(text, settings, seed);
        Add(text, "Size", new ImageSize(settings.Hires?.Width ?? settings.Width, settings.Hires?.Height ?? settings.Height));
        if (settings.Hires is { } hires)
            AddHires(text, settings, hires);
        if (settings.Type != JobType.Upscale)
        {
            Add(text, "Model hash", settings.ModelHash);
            Add(text, "Model", settings.Model);
        }

        return text.Append(CultureInfo.InvariantCulture, $"Version: {settings.Engine}").ToString();
    }

    /// <summary>The prompt with its LoRAs, as people write it.</summary>
    public static string PromptOf(GenerationSettings settings)
    {
        var text = new StringBuilder(settings.Prompt);
        foreach (LoraSetting lora in settings.Loras ?? [])
            text.Append(CultureInfo.InvariantCulture, $" <lora:{lora.Name}:{lora.Weight}>");
        return text.ToString();
    }

    /// <summary>The settings of an infotext by their names there; the prompts are <c>Prompt</c> and <c>Negative prompt</c>.</summary>
    public static IReadOnlyDictionary<string, string> Parse(string infotext)
    {
        const string Negative = "Negative prompt: ";
        var parsed = new Dictionary<string, string>(StringComparer.Ordinal);
        List<string> lines = [.. infotext.Trim().Split('\n')];
        if (lines.Count > 0 && Setting().Count(lines[^1]) >= 3)
        {
            foreach (Match setting in Setting().Matches(lines[^1]))
                parsed[setting.Groups["name"].Value.Trim()] = setting.Groups["value"].Value.Trim().Trim('"');
            lines.RemoveAt(lines.Count - 1);
        }

        int negative = lines.FindIndex(line => line.StartsWith(Negative, StringComparison.Ordinal));
        parsed["Prompt"] = string.Join('\n', negative < 0 ? lines : lines[..negative]);
        parsed["Negative prompt"] = negative < 0 ? "" : string.Join('\n', lines[negative..])[Negative.Length..];
        return parsed;
    }

    // "Name: value, " where a value in quotes may have commas inside.
    [GeneratedRegex("""(?<name>[\w][\w \-/]*):\s*(?<value>"(?:\\.|[^\\"])+"|[^,]*)(?:,|$)""", RegexOptions.ExplicitCapture)]
    private static partial Regex Setting();

    private static void AddHires(StringBuilder text, GenerationSettings settings, HiresSetting hires)
    {
        Add(text, "Denoising strength", hires.Strength);
        Add(text, "Hires resize", new ImageSize(settings.Width, settings.Height));
        Add(text, "Hires steps", hires.Steps > 0 ? hires.Steps : null);
        Add(text, "Hires upscaler", hires.Upscaler);
    }

    private static void AddSampling(StringBuilder text, GenerationSettings settings, long seed)
    {
        Add(text, "Steps", settings.Steps);
        Add(text, "Sampler", settings.Sampler is { } sampler ? SamplerNames.SamplerLabel(sampler) : null);
        Add(text, "Schedule type", settings.Scheduler is { } scheduler ? SamplerNames.SchedulerLabel(scheduler) : null);
        Add(text, "CFG scale", settings.CfgScale);
        Add(text, "Seed", seed);
        Add(text, "Denoising strength", settings.Strength);
        Add(text, "Eta", settings.Eta);
        Add(text, "Shift", settings.FlowShift);
        Add(text, "Distilled CFG Scale", settings.Guidance);
        if (settings.ClipSkip > 0)
            Add(text, "Clip skip", settings.ClipSkip);
        if (settings.Tiling)
            Add(text, "Tiling", "True");
        if (settings.MaskImage is not null)
            Add(text, "Masked area", "inpaint");
    }

    private static void Add(StringBuilder text, string name, object? value)
    {
        if (value is not null)
            text.Append(CultureInfo.InvariantCulture, $"{name}: {value}, ");
    }
}
