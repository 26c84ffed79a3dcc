using System.Globalization;
using SdStudio.Server.Generation;
using SdStudio.Server.Http.Requests;

namespace SdStudio.Server.Http.A1111;

/// <summary>How Automatic1111's clients want a mask used, with that program's own defaults.</summary>
internal static class A1111Inpainting
{
    private const double DefaultBlur = 4;
    private static readonly string[] Contents = [InpaintSetting.Fill, InpaintSetting.Original, InpaintSetting.Noise, InpaintSetting.Nothing];

    /// <summary>Whether only the masked area is generated; it is what happens when nothing is said.</summary>
    public static bool IsOnlyMasked(RequestFields fields) => fields.Flag("inpaint_full_res") ?? true;

    /// <summary>The same in the words of the REST API.</summary>
    public static IEnumerable<(string Name, string Value)> Of(RequestFields fields, ParameterLimits limits, List<string> notes)
    {
        double blur = Clamped(fields, "mask_blur", "mask_blur", limits)
            ?? Math.Max(Clamped(fields, "mask_blur_x", "mask_blur", limits) ?? DefaultBlur, Clamped(fields, "mask_blur_y", "mask_blur", limits) ?? DefaultBlur);
        yield return ("mask_blur", blur.ToString(CultureInfo.InvariantCulture));
        yield return ("mask_invert", fields.Flag("inpainting_mask_invert") == true ? "true" : "false");
        yield return ("inpaint_area", IsOnlyMasked(fields) ? "masked" : "whole");
        double padding = Clamped(fields, "inpaint_full_res_padding", "inpaint_padding", limits) ?? 0;
        yield return ("inpaint_padding", ((long)padding).ToString(CultureInfo.InvariantCulture));
        long content = fields.Integer(int.MinValue, int.MaxValue, "inpainting_fill") ?? 0;
        if (content is < 0 or > 3)
            notes.Add($"inpainting_fill is {content}: the masked area begins from the colours around it, as with 0");
        else if (content > 1)
            notes.Add($"inpainting_fill {content} is done to the image's pixels, not to latents");
        yield return ("inpaint_fill", Contents[content is < 0 or > 3 ? 0 : content]);
    }

    private static double? Clamped(RequestFields fields, string name, string parameter, ParameterLimits limits)
    {
        (double min, double max) = Parameters.Get(parameter).Range!(limits);
        return fields.Number(double.MinValue, double.MaxValue, name) is { } value ? Math.Clamp(value, min, max) : null;
    }
}
