using SdCpp.Interop;
using SdStudio.Server.Generation;
using SdStudio.Server.Models.Catalogue;

namespace SdStudio.Server.Http.Requests;

/// <summary>Finds the upscaler that a request names.</summary>
internal static class UpscalerReader
{
    /// <param name="fields">Of the request.</param>
    /// <param name="catalogue">Where upscalers are.</param>
    /// <param name="field">That names it.</param>
    /// <param name="fallback">The one of requests that name none.</param>
    /// <param name="others">Names that the field has besides, to be told with the others.</param>
    public static UpscalerDefinition Find(RequestFields fields, ModelCatalogue catalogue, string field, string fallback, params IReadOnlyList<string> others)
    {
        string? name = fields.Text(field);
        UpscalerDefinition? named = catalogue.FindUpscaler(name ?? fallback);
        // The document's default is not on every machine; what was asked for by another name is not replaced in silence.
        if (named is not { IsThere: true } && (name is null || name.Equals(fallback, StringComparison.OrdinalIgnoreCase)))
            return catalogue.Upscalers.First(upscaler => upscaler.IsThere);
        if (named is null)
            fields.Refuse(field, $"{field} is '{RequestFields.Shown(name!)}'; allowed is one of: {string.Join(", ", catalogue.Upscalers.Select(upscaler => upscaler.Name).Concat(others))}");
        else if (!named.IsThere)
            fields.Refuse(field, $"{field} '{named.Name}' has no file: {named.File!.Written} is missing");
        return named ?? catalogue.Upscalers[^1];
    }

    /// <summary>Refuses a result that is larger than an image may be.</summary>
    public static void CheckSize(RequestFields fields, ImageSize size)
    {
        if (!Fits(size.Width, size.Height))
            fields.Refuse("upscale_factor", $"The result would have {size} pixels; allowed are at most {ImageBuffer.MaxSide} a side and {ImageBuffer.MaxPixels} together");
    }

    /// <summary>Refuses an image that the upscaler's model, whose factor is fixed, would make too large at once.</summary>
    public static void CheckFirstPass(RequestFields fields, UpscalerDefinition upscaler, ImageSize input, ImageSize result)
    {
        bool isLarger = result.Width > input.Width || result.Height > input.Height;
        if (upscaler.File is null || !isLarger || Fits((long)input.Width * upscaler.Scale, (long)input.Height * upscaler.Scale))
            return;
        fields.Refuse(
            "upscaler", $"{upscaler.Name} makes an image {upscaler.Scale} times as large, and the image of {input} would become larger than is possible: at most " +
            $"{ImageBuffer.MaxSide} a side and {ImageBuffer.MaxPixels} together. Choose {Parameters.Resampler}, or send a smaller image");
    }

    private static bool Fits(long width, long height) => width <= ImageBuffer.MaxSide && height <= ImageBuffer.MaxSide && width * height <= ImageBuffer.MaxPixels;
}
