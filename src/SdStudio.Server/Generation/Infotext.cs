using System.Globalization;
using System.Text;
using SdCpp.Interop;

namespace SdStudio.Server.Generation;

/// <summary>An image's settings in the text form that Automatic1111's tools read.</summary>
internal static class Infotext
{
    private const string Separator = ", ";

    /// <summary>Where the words to avoid begin.</summary>
    public const string Negative = "Negative prompt: ";

    /// <param name="settings">With sampler, scheduler, model hash and engine as they were used.</param>
    /// <param name="seed">Of this image.</param>
    public static string Of(GenerationSettings settings, long seed)
    {
        var text = new StringBuilder(PromptOf(settings));
        text.Append('\n');
        if (!string.IsNullOrEmpty(settings.NegativePrompt))
            text.Append(Negative).Append(settings.NegativePrompt).Append('\n');
        if (settings.Type == JobType.Upscale)
            Add(text, "Upscaler", settings.Upscaler);
        else
            AddParameters(text, settings with { Seed = seed });
        Add(text, "Size", new ImageSize(settings.Hires?.Width ?? settings.Width, settings.Hires?.Height ?? settings.Height));
        if (settings.Hires is { } hires)
            AddHires(text, settings, hires);
        if (settings.Type != JobType.Upscale)
        {
            Add(text, "Model hash", settings.ModelHash);
            Add(text, "Model", settings.Model);
        }

        Add(text, "Template", settings.Template);
        Add(text, "Negative Template", settings.NegativeTemplate);
        Add(text, "Version", settings.Engine ?? "");
        return text.Remove(text.Length - Separator.Length, Separator.Length).ToString();
    }

    /// <summary>The prompt with its LoRAs and people, as people write it.</summary>
    public static string PromptOf(GenerationSettings settings)
    {
        var text = new StringBuilder(settings.Prompt);
        foreach (LoraSetting lora in settings.Loras ?? [])
            text.Append(' ').Append(lora);
        foreach (string name in settings.People ?? [])
            text.Append(CultureInfo.InvariantCulture, $" <ref:{name}>");
        return text.ToString();
    }

    private static void AddParameters(StringBuilder text, GenerationSettings settings)
    {
        foreach (Parameter parameter in Parameters.All.Where(parameter => parameter.Label is not null))
        {
            if (parameter.Get!(settings) is not { } value)
                continue;
            string written = Parameter.Write(value);
            Add(text, parameter.Label!, parameter.ValueLabel?.Invoke(written) ?? written);
        }

        if (settings.MaskImage is not null)
            Add(text, "Masked area", "inpaint");
        Add(text, "Step cache", settings.StepCache);
        Add(text, "ControlNet 0", settings.Control);
        Add(text, "Identity", settings.Identity);
    }

    private static void AddHires(StringBuilder text, GenerationSettings settings, HiresSetting hires)
    {
        Add(text, "Denoising strength", hires.Strength);
        Add(text, "Hires resize", new ImageSize(settings.Width, settings.Height));
        Add(text, "Hires steps", hires.Steps > 0 ? hires.Steps : null);
        Add(text, "Hires upscaler", hires.Upscaler);
        Add(text, "Hires checkpoint", hires.Model);
        Add(text, "Hires prompt", hires.Prompt);
        Add(text, "Hires negative prompt", hires.NegativePrompt);
        Add(text, "Hires sampler", hires.Sampler is { } sampler ? SamplerNames.SamplerLabel(sampler) : null);
        Add(text, "Hires schedule type", hires.Scheduler is { } scheduler ? SamplerNames.SchedulerLabel(scheduler) : null);
        Add(text, "Hires CFG Scale", hires.CfgScale);
    }

    // A value with a comma, a colon or a line break inside stands in quotes, as Automatic1111 writes it.
    private static void Add(StringBuilder text, string name, object? value)
    {
        if (value is null)
            return;
        string written = Convert.ToString(value, CultureInfo.InvariantCulture)!;
        text.Append(name).Append(": ").Append(written.AsSpan().ContainsAny(",:\n") ? InfotextReader.Quoted(written) : written).Append(Separator);
    }
}
