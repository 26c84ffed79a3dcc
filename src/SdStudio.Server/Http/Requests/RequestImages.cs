using System.Text.Json;
using Microsoft.Extensions.Options;
using SdCpp.Interop;
using SdStudio.Server.Generation;
using SdStudio.Server.Images;
using SdStudio.Server.Images.Videos;
using SdStudio.Server.Queue;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Http.Requests;

/// <summary>Reads the images that requests bring or name, a few at a time.</summary>
internal sealed class RequestImages(ImageFiles files, IJobQueries queries, DecodeGate gate, IOptions<StudioOptions> options)
{
    private const string SourceField = "source_image_id";
    private const int MaxIdCharacters = 64;
    private static readonly string[] VideoFields = ["image", "start_image", "end_image", "control_frames"];

    /// <summary>The image that a body brings or names, its mask, and what the model is to look at besides; null when there is nothing and nothing is needed.</summary>
    /// <exception cref="BadRequestException">There is no image, and the job's type needs one.</exception>
    public async Task<RequestInputs?> ReadAsync(string type, RequestBody body, RequestFields fields, OwnerScope scope, CancellationToken cancellation)
    {
        bool fromImage = type != JobType.Generate;
        JobImage? source = fromImage ? await FindSourceAsync(fields, scope, cancellation) : null;
        IReadOnlyList<byte[]> images = !fromImage ? [] : body.Files.GetValueOrDefault("image") ?? body.Files.GetValueOrDefault("start_image") ?? (source is null ? [] : [await BytesOfAsync(source, cancellation)]);
        if (type == JobType.Video)
            return await ReadVideoAsync(body, fields, images, source, cancellation);
        IReadOnlyList<byte[]> references = References(body, fields);
        if (fromImage && images.Count == 0)
            throw new BadRequestException([new FieldProblem("image", "Missing required field: image")], $"Send a file in the field image, or an image's id in {SourceField}");
        if (images.Count + references.Count > ImageRequest.MaxImages)
            throw new BadRequestException([new FieldProblem("image", $"image: {images.Count + references.Count} images were sent; allowed are at most {ImageRequest.MaxImages}")], detail: null);
        byte[]? control = type == JobType.Upscale ? null : ControlReader.ImageOf(body, fields);
        IReadOnlyList<byte[]> identity = type == JobType.Upscale ? [] : IdentityReader.ImagesOf(fields);
        if (images.Count + references.Count + identity.Count == 0 && control is null)
            return null;
        byte[]? mask = fromImage ? body.File("mask") : null;
        RequestInputs inputs = await EnterAsync([.. images, .. references, .. identity, .. new[] { mask, control }.OfType<byte[]>()], cancellation, source?.Id);
        return Filled(inputs, () =>
        {
            // The mask first: of its pixels least stay while the others are decoded.
            inputs.Mask = mask is null ? null : DecodeMask(mask, MaskAlpha.Holes);
            inputs.Image = fromImage ? Decode(images[0], "image") : null;
            inputs.References.AddRange(images.Skip(1).Select(image => Decode(image, "image")));
            inputs.References.AddRange(references.Select(image => Decode(image, "ref_images")));
            inputs.Control = control is null ? null : Decode(control, "control");
            inputs.Identity.AddRange(identity.Select(image => Decode(image, IdentityReader.Field)));
        });
    }

    // A video may begin with an image, end with one and follow others; it needs none.
    private async Task<RequestInputs?> ReadVideoAsync(RequestBody body, RequestFields fields, IReadOnlyList<byte[]> start, JobImage? source, CancellationToken cancellation)
    {
        foreach (string name in VideoFields)
            RefuseWhatIsNoImage(body, fields, name);
        byte[]? end = body.File("end_image");
        IReadOnlyList<byte[]> frames = body.Files.GetValueOrDefault("control_frames") ?? body.Files.GetValueOrDefault("control_frames[]") ?? [];
        if (start.Count > 1)
            throw new BadRequestException([new FieldProblem("image", $"image: {start.Count} images were sent; a video starts with one")], detail: null);
        if (frames.Count > options.Value.Limits.MaxFrames)
            throw new BadRequestException([new FieldProblem("control_frames", $"control_frames: {frames.Count} images were sent; allowed are at most {options.Value.Limits.MaxFrames} (SdStudio:Limits:MaxFrames)")], detail: null);
        if (start.Count + frames.Count == 0 && end is null)
            return null;
        RequestInputs inputs = await EnterAsync([.. start, .. frames, .. end is null ? Array.Empty<byte[]>() : [end]], cancellation, source?.Id);
        return Filled(inputs, () =>
        {
            inputs.Image = start.Count == 0 ? null : Decode(start[0], "image");
            inputs.End = end is null ? null : Decode(end, "end_image");
            inputs.Frames.AddRange(frames.Select(frame => Decode(frame, "control_frames")));
        });
    }

    /// <summary>The images that a model is to look at, under every name that clients have for them.</summary>
    public static IReadOnlyList<byte[]> References(RequestBody body, RequestFields fields)
    {
        foreach (string name in Parameters.Get("ref_images").Names)
        {
            RefuseWhatIsNoImage(body, fields, name);
            if ((body.Files.GetValueOrDefault(name) ?? body.Files.GetValueOrDefault(name + "[]")) is { } files)
                return files;
        }

        return [];
    }

    // What is an image was taken out of the fields.
    private static void RefuseWhatIsNoImage(RequestBody body, RequestFields fields, string name)
    {
        if (fields.IsGiven(name) && !(body.Fields[name].ValueKind == JsonValueKind.Array && body.Fields[name].GetArrayLength() == 0))
            fields.Refuse(name, $"{name} contains something that is not an image; send files, base64 or data URLs");
    }

    /// <summary>The input images of an earlier job, to use them again.</summary>
    public async Task<RequestInputs> ReadAsync(GenerationSettings settings, CancellationToken cancellation)
    {
        byte[]? image = await BytesOfAsync(settings.InputImage, cancellation), mask = await BytesOfAsync(settings.MaskImage, cancellation);
        byte[]? control = await BytesOfAsync(settings.Control?.Image, cancellation);
        byte[]? end = await BytesOfAsync(settings.Video?.EndImage, cancellation), frames = await BytesOfAsync(settings.Video?.ControlFrames, cancellation);
        List<byte[]> references = [], identity = [];
        foreach (string reference in settings.ReferenceImages ?? [])
            references.Add(await files.BytesAsync(reference, cancellation));
        foreach (string seen in settings.Identity?.Images ?? [])
            identity.Add(await files.BytesAsync(seen, cancellation));
        RequestInputs inputs = await EnterAsync([.. new[] { image, mask, control, end, frames }.OfType<byte[]>(), .. references, .. identity], cancellation, settings.SourceImageId);
        return Filled(inputs, () =>
        {
            inputs.Image = image is null ? null : ImageDecoder.Read(image, "the job's input", ImageBuffer.MaxPixels);
            inputs.Mask = mask is null ? null : ImageDecoder.ReadMask(mask, "the job's mask", ImageBuffer.MaxPixels);
            inputs.Control = control is null ? null : ImageDecoder.Read(control, "the job's input", ImageBuffer.MaxPixels);
            inputs.End = end is null ? null : ImageDecoder.Read(end, "the job's input", ImageBuffer.MaxPixels);
            inputs.Frames.AddRange(frames is null ? [] : AnimatedPng.Read(frames).Select(frame => ImageDecoder.Read(frame, "the job's input", ImageBuffer.MaxPixels)));
            inputs.Identity.AddRange(identity.Select(seen => ImageDecoder.Read(seen, "the job's input", ImageBuffer.MaxPixels)));
            inputs.References.AddRange(references.Select(reference => ImageDecoder.Read(reference, "the job's input", ImageBuffer.MaxPixels)));
        });
    }

    /// <summary>Waits until files may be decoded.</summary>
    public async Task<RequestInputs> EnterAsync(IReadOnlyList<byte[]> images, CancellationToken cancellation, string? sourceId = null) =>
        new(await gate.EnterAsync(images, cancellation)) { SourceId = sourceId };

    /// <summary>The same with images in it, which are given back when one of them cannot be read.</summary>
    public static RequestInputs Filled(RequestInputs inputs, Action fill)
    {
        try
        {
            fill();
            return inputs;
        }
        catch
        {
            inputs.Dispose();
            throw;
        }
    }

    /// <summary>An image that came in a request.</summary>
    public ImageBuffer Decode(byte[] bytes, string field) => ImageDecoder.Read(bytes, field, options.Value.Limits.MaxInputPixels);

    /// <summary>A mask that came in a request: white, or by its transparency where it has some.</summary>
    public ImageBuffer DecodeMask(byte[] bytes, MaskAlpha alpha) => ImageDecoder.ReadMask(bytes, "mask", options.Value.Limits.MaxInputPixels, alpha);

    private async Task<JobImage?> FindSourceAsync(RequestFields fields, OwnerScope scope, CancellationToken cancellation)
    {
        if (fields.Text(SourceField) is not { } id)
            return null;
        JobImage? image = id.Length <= MaxIdCharacters ? await queries.FindImageAsync(id, scope, cancellation) : null;
        if (image is { Video: null })
            return image;
        string problem = image is null ? "there is no such image" : $"that is a video. Send an image of it: /api/images/{image.Id}/thumbnail is a still, /sheet has its frames";
        throw new BadRequestException([new FieldProblem(SourceField, $"{SourceField} is '{RequestFields.Shown(id)}'; {problem}")], detail: null);
    }

    private async Task<byte[]?> BytesOfAsync(string? relative, CancellationToken cancellation) => relative is null ? null : await files.BytesAsync(relative, cancellation);

    private async Task<byte[]> BytesOfAsync(JobImage source, CancellationToken cancellation)
    {
        try
        {
            return await files.BytesAsync(source.FilePath, cancellation);
        }
        catch (FileNotFoundException)
        {
            throw new BadRequestException($"The file of image {source.Id} is gone", $"Choose another image in {SourceField}", StatusCodes.Status404NotFound);
        }
    }
}
