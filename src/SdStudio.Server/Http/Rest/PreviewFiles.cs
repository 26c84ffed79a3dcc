using Microsoft.Extensions.Options;
using NetVips;
using SdStudio.Server.Http.Requests;
using SdStudio.Server.Images;
using SdStudio.Server.Models.Files;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Http.Rest;

/// <summary>Answers with the preview image of a model file, small: what lies beside models comes from strangers and may be of any size.</summary>
internal sealed class PreviewFiles(DecodeGate gate, IOptions<StudioOptions> options)
{
    private const int Side = 512;

    public async Task<IResult> AnswerAsync(string? path, HttpContext context)
    {
        if (path is null || ModelCards.PreviewOf(path) is not { } bytes)
            return ApiErrors.NotFound("There is no preview of it");
        try
        {
            ImageDecoder.Inspect(bytes, "The preview", options.Value.Limits.MaxInputPixels);
            using IDisposable place = await gate.EnterAsync([bytes], context.RequestAborted);
            using Image small = Image.ThumbnailBuffer(bytes, Side, height: Side, size: Enums.Size.Down);
            context.Response.Headers.CacheControl = "private, max-age=300";
            return Results.Bytes(small.WebpsaveBuffer(q: 80, keep: Enums.ForeignKeep.None), "image/webp");
        }
        catch (Exception exception) when (exception is ImageFormatException or VipsException)
        {
            return ApiErrors.NotFound("The preview cannot be read as an image");
        }
    }
}
