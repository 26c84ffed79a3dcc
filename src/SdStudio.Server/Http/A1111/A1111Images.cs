using System.Text.Json;
using SdCpp.Interop;
using SdStudio.Server.Http.Requests;
using SdStudio.Server.Images;

namespace SdStudio.Server.Http.A1111;

/// <summary>The images of <c>img2img</c>, in the shape of the result as Automatic1111's resize modes have it.</summary>
internal sealed class A1111Images(RequestBody body, RequestImages images, A1111GenerationReader reader)
{
    private readonly RequestFields _fields = new(body.Fields);

    /// <summary>The input image, the mask, and what the model is to look at besides; null when there is none of them and none is needed.</summary>
    public async Task<RequestInputs?> ReadAsync(bool fromImage, CancellationToken cancellation)
    {
        IReadOnlyList<byte[]> identity = reader.Identity;
        if (!fromImage && reader.References.Count + identity.Count == 0 && reader.Followed is null)
            return null;
        byte[]? image = fromImage ? FindImage() : null, mask = fromImage ? body.File("mask") : null;
        RequestInputs inputs = await images.EnterAsync([.. new[] { image, mask, reader.Followed }.OfType<byte[]>(), .. reader.References, .. identity], cancellation);
        return RequestImages.Filled(inputs, () =>
        {
            inputs.References.AddRange(reader.References.Select(reference => images.Decode(reference, "extra_images")));
            inputs.Identity.AddRange(identity.Select(image => images.Decode(image, IdentityReader.Field)));
            inputs.Control = reader.Followed is { } followed ? images.Decode(followed, "alwayson_scripts.controlnet") : null;
            inputs.Image = image is null ? null : Shaped(images.Decode(image, "init_images"));
            // Its clients paint: of a mask with transparency the opaque part is meant.
            inputs.Mask = mask is null ? null : Shaped(images.DecodeMask(mask, MaskAlpha.Strokes));
            _fields.ThrowIfRefused();
        });
    }

    private byte[] FindImage()
    {
        if (!body.Fields.TryGetValue("init_images", out JsonElement list) || list.ValueKind != JsonValueKind.Array || list.GetArrayLength() == 0
            || list[0].ValueKind != JsonValueKind.String)
        {
            throw new BadRequestException("Init image not found", "Send base64 or a data URL in init_images", StatusCodes.Status404NotFound);
        }

        if (list.GetArrayLength() > 1)
            reader.Notes.Add("init_images: only the first is used; extra_images is for more, with models that look at them");
        string text = RequestFields.TextOf(list[0])
            ?? throw new BadRequestException([new FieldProblem("init_images", "init_images is not valid Unicode; send base64 or a data URL")], detail: null);
        return EncodedImage.Decode(text, "init_images");
    }

    private ImageBuffer Shaped(ImageBuffer image)
    {
        if (reader.InputSize is not { } target || (target.Width == image.Width && target.Height == image.Height))
            return image;
        long? mode = _fields.Integer(int.MinValue, int.MaxValue, "resize_mode");
        if (mode is not (null or 0 or 1 or 2) && image.Channels > 1)
            reader.Notes.Add($"resize_mode {mode} is done to the image, as 0, not to latents");
        return Replaced(image, mode switch
        {
            1 => ImageDecoder.Cover(image, target.Width, target.Height),
            2 => ImageShapes.Contain(image, target.Width, target.Height),
            // 0, and 3, which is the same done to latents.
            _ => ImageDecoder.Resize(image, target.Width, target.Height),
        });
    }

    private static ImageBuffer Replaced(ImageBuffer old, ImageBuffer next)
    {
        old.Dispose();
        return next;
    }
}
