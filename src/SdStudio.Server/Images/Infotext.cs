using System.Globalization;
using System.Text;
using SdStudio.Server.Jobs;

namespace SdStudio.Server.Images;

/// <summary>A picture's settings in the text form that Automatic1111's tools read.</summary>
internal static class Infotext
{
    public static string Of(JobSettings settings, string sampler, string scheduler, long seed, string engineVersion)
    {
        var text = new StringBuilder(settings.Prompt).Append('\n');
        if (!string.IsNullOrEmpty(settings.NegativePrompt))
            text.Append("Negative prompt: ").Append(settings.NegativePrompt).Append('\n');
        text.Append(CultureInfo.InvariantCulture, $"Steps: {settings.Steps}, Sampler: {sampler}, Schedule type: {scheduler}, ");
        text.Append(CultureInfo.InvariantCulture, $"CFG scale: {settings.CfgScale}, Seed: {seed}, Size: {settings.Width}x{settings.Height}, ");
        text.Append(CultureInfo.InvariantCulture, $"Model: {settings.Model}");
        if (settings.ClipSkip > 0)
            text.Append(CultureInfo.InvariantCulture, $", Clip skip: {settings.ClipSkip}");
        return text.Append(CultureInfo.InvariantCulture, $", Version: stable-diffusion.cpp {engineVersion}").ToString();
    }
}
