using Microsoft.Extensions.Options;
using SdCpp.Interop;
using SdStudio.Server.Generation;
using SdStudio.Server.Images;
using SdStudio.Server.Queue;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Http.Requests;

/// <summary>Reads the images that requests bring or name, a few at a time.</summary>
internal sealed class RequestImages(ImageFiles files, IJobQueries queries, DecodeGate gate, IOptions<StudioOptions> options)
{
    private const string SourceField = "source_image_id";
    private const int MaxIdCharacters = 64;

    /// <summary>The image that a body brings or names, its mask, and every further image.</summary>
    /// <exception cref="BadRequestException">There is none.</exception>
    public async Task<RequestInputs> ReadAsync(RequestBody body, RequestFields fields, OwnerScope scope, CancellationToken cancellation)
    {
        JobImage? source = await FindSourceAsync(fields, scope, cancellation);
        IReadOnlyList<byte[]> images = body.Files.GetValueOrDefault("image") ?? (source is null ? [] : [await BytesOfAsync(source, cancellation)]);
        if (images.Count == 0)
            throw new BadRequestException([new FieldProblem("image", "Missing required field: image")], $"Send a file in the field image, or an image's id in {SourceField}");
        if (images.Count > ImageRequest.MaxImages)
            throw new BadRequestException([new FieldProblem("image", $"image: {images.Count} images were sent; allowed are at most {ImageRequest.MaxImages}")], detail: null);
        byte[]? mask = body.File("mask");
        RequestInputs inputs = await EnterAsync(mask is null ? images : [.. images, mask], cancellation, source?.Id);
        return Filled(inputs, () =>
        {
            inputs.Image = Decode(images[0], "image");
            inputs.References.AddRange(images.Skip(1).Select(image => Decode(image, "image")));
            inputs.Mask = mask is null ? null : DecodeMask(mask, MaskAlpha.Holes);
        });
    }

    /// <summary>The input images of an earlier job, to use them again.</summary>
    public async Task<RequestInputs> ReadAsync(GenerationSettings settings, CancellationToken cancellation)
    {
        byte[]? image = await BytesOfAsync(settings.InputImage, cancellation), mask = await BytesOfAsync(settings.MaskImage, cancellation);
        List<byte[]> references = [];
        foreach (string reference in settings.ReferenceImages ?? [])
            references.Add(await files.BytesAsync(reference, cancellation));
        RequestInputs inputs = await EnterAsync([.. new[] { image, mask }.OfType<byte[]>(), .. references], cancellation, settings.SourceImageId);
        return Filled(inputs, () =>
        {
            inputs.Image = image is null ? null : ImageDecoder.Read(image, "the job's input", ImageBuffer.MaxPixels);
            inputs.Mask = mask is null ? null : ImageDecoder.ReadMask(mask, "the job's mask", ImageBuffer.MaxPixels);
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
        return image ?? throw new BadRequestException([new FieldProblem(SourceField, $"{SourceField} is '{RequestFields.Shown(id)}'; there is no such image")], detail: null);
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
