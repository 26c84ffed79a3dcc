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
    public static UpscalerDefinition Find(RequestFields fields, ModelCatalogue catalogue, string field, string fallback)
    {
        string? name = fields.Text(field);
        UpscalerDefinition? named = catalogue.FindUpscaler(name ?? fallback);
        // The document's default is not on every machine; what was asked for by another name is not replaced in silence.
        if (named is not { IsThere: true } && (name is null || name.Equals(fallback, StringComparison.OrdinalIgnoreCase)))
            return catalogue.Upscalers.First(upscaler => upscaler.IsThere);
        if (named is null)
            fields.Refuse(field, $"{field} is '{RequestFields.Shown(name!)}'; allowed is one of: {string.Join(", ", catalogue.Upscalers.Select(upscaler => upscaler.Name))}");
        else if (!named.IsThere)
            fields.Refuse(field, $"{field} '{named.Name}' has no file: {named.File!.Written} is missing");
        return named ?? catalogue.Upscalers[^1];
    }

    /// <summary>Refuses a result that is larger than an image may be.</summary>
    public static void CheckSize(RequestFields fields, ImageSize size)
    {
        if (size.Width > ImageBuffer.MaxSide || size.Height > ImageBuffer.MaxSide || (long)size.Width * size.Height > ImageBuffer.MaxPixels)
            fields.Refuse("upscale_factor", $"The result would have {size} pixels; allowed are at most {ImageBuffer.MaxSide} a side and {ImageBuffer.MaxPixels} together");
    }
}
