using static SdStudio.Server.Generation.InpaintSetting;
using static SdStudio.Server.Generation.JobTypes;
using static SdStudio.Server.Generation.ParameterKind;

namespace SdStudio.Server.Generation;

/// <summary>How a mask is used.</summary>
internal static partial class Parameters
{
    private static readonly string[] Contents = [Original, Fill, Noise, Nothing];

    /// <summary>The parameters of a mask.</summary>
    public static IEnumerable<Parameter> OfMask => All.Where(parameter => Inpainting.Any(row => row.Name == parameter.Name));

    private static Parameter[] Inpainting =>
    [
        new("mask_blur", Number, FromImage, "Softness of the mask's edge, in pixels of the result; everything outside the soft edge stays unchanged to the byte")
        {
            A1111 = null, Range = _ => (0, 256), Default = 0.0, Label = "Mask blur",
            Get = s => s.Inpaint is { Blur: > 0 } inpaint ? inpaint.Blur : null, Set = (s, v) => With(s, inpaint => inpaint with { Blur = (double)v }),
        },
        new("mask_invert", Flag, FromImage, "Generates where the mask is black and keeps the white part")
        {
            Aliases = ["inpainting_mask_invert"], A1111 = null, Default = false, Label = "Mask inverted",
            Get = s => s.Inpaint is { Invert: true } ? true : null, Set = (s, v) => With(s, inpaint => inpaint with { Invert = (bool)v }),
        },
        new("inpaint_area", Choice, FromImage, "masked generates only the masked area, at the requested size, and puts it back into the image, which keeps its own size")
        {
            A1111 = null, Choices = _ => ["whole", "masked"], Resolve = (_, text) => AreaOf(text), Default = "whole", Label = "Inpaint area", ValueLabel = _ => "Only masked",
            Get = s => s.Inpaint is { OnlyMasked: true } ? "masked" : null, Set = (s, v) => With(s, inpaint => inpaint with { OnlyMasked = (string)v == "masked" }),
        },
        new("inpaint_padding", Integer, FromImage, "With inpaint_area masked: context around the masked area, in pixels of the image")
        {
            Aliases = ["inpaint_full_res_padding"], A1111 = null, Range = _ => (0, 1024), Default = 32L, Label = "Masked area padding",
            Get = s => s.Inpaint is { OnlyMasked: true } inpaint ? (long)inpaint.Padding : null, Set = (s, v) => With(s, inpaint => inpaint with { Padding = (int)(long)v }),
        },
        new("inpaint_fill", Choice, FromImage, "What the masked area starts from: the original, the colours around it (fill), noise, or nothing. Default: the original, or fill with extend")
        {
            Aliases = ["inpainting_fill"], A1111 = null, Choices = _ => Contents, Resolve = (_, text) => ContentOf(text), Label = "Masked content",
            Get = s => s.Inpaint?.Content, Set = (s, v) => With(s, inpaint => inpaint with { Content = (string)v }),
        },
        new("extend", ParameterKind.Sides, FromImage, "Outpainting: pixels to add at the left, top, right and bottom of the image, and to generate")
        {
            Range = l => (0, l.MaxSide), LimitedBy = "SdStudio:Limits:MaxSide", Label = "Extend",
            Get = s => s.Inpaint?.Extend, Set = (s, v) => With(s, inpaint => inpaint with { Extend = v is Generation.Sides { Left: 0, Top: 0, Right: 0, Bottom: 0 } ? null : (Generation.Sides)v }),
        },
    ];

    private static GenerationSettings With(GenerationSettings settings, Func<InpaintSetting, InpaintSetting> change) =>
        settings with { Inpaint = change(settings.Inpaint ?? new InpaintSetting()) };

    // The names of infotexts too.
    private static string? AreaOf(string text) => text.ToUpperInvariant() switch
    {
        "MASKED" or "ONLY MASKED" => "masked",
        "WHOLE" or "WHOLE PICTURE" => "whole",
        _ => null,
    };

    // The numbers and names of Automatic1111 too.
    private static string? ContentOf(string text) => text.ToUpperInvariant() switch
    {
        "ORIGINAL" or "1" => Original,
        "FILL" or "0" => Fill,
        "NOISE" or "LATENT NOISE" or "2" => Noise,
        "NOTHING" or "LATENT NOTHING" or "3" => Nothing,
        _ => null,
    };
}
