using Microsoft.Extensions.Options;
using SdCpp.Interop;
using SdStudio.Server.Images;
using SdStudio.Server.Queue;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Http.Requests;

/// <summary>Reads the images that requests bring or name.</summary>
internal sealed class RequestImages(ImageFiles files, IJobQueries queries, IOptions<StudioOptions> options)
{
    private const string SourceField = "source_image_id";
    private const int MaxIdCharacters = 64;

    /// <summary>The image that a body brings or names.</summary>
    /// <exception cref="BadRequestException">There is none.</exception>
    public async Task<ImageBuffer> ReadInputAsync(RequestBody body, RequestFields fields, OwnerScope scope, CancellationToken cancellation)
    {
        if (body.File("image") is { } bytes)
            return Read(bytes, "image");
        if (await FindSourceAsync(fields, scope, cancellation) is { } source)
            return ReadSource(source);
        throw new BadRequestException([new FieldProblem("image", "Missing required field: image")], $"Send a file in the field image, or an image's id in {SourceField}");
    }

    /// <summary>An image that came in a request.</summary>
    public ImageBuffer Read(byte[] bytes, string field) => ImageDecoder.Read(bytes, field, options.Value.Limits.MaxInputPixels);

    /// <summary>The mask of a body; null for none.</summary>
    public ImageBuffer? ReadMask(RequestBody body) => body.File("mask") is { } bytes ? ReadMask(bytes) : null;

    /// <summary>A mask of the REST API or of OpenAI's: white, or what is transparent.</summary>
    public ImageBuffer ReadMask(byte[] bytes) => ImageDecoder.ReadMask(bytes, "mask", options.Value.Limits.MaxInputPixels);

    /// <summary>A mask of Automatic1111's clients: white, or what is painted on transparency.</summary>
    public ImageBuffer ReadStrokes(byte[] bytes) => ImageDecoder.ReadMask(bytes, "mask", options.Value.Limits.MaxInputPixels);

    /// <summary>The id of the image of this server that a request names; null for none.</summary>
    /// <exception cref="BadRequestException">There is no such image.</exception>
    public async Task<string?> SourceOfAsync(RequestFields fields, OwnerScope scope, CancellationToken cancellation) =>
        (await FindSourceAsync(fields, scope, cancellation))?.Id;

    private async Task<JobImage?> FindSourceAsync(RequestFields fields, OwnerScope scope, CancellationToken cancellation)
    {
        if (fields.Text(SourceField) is not { } id)
            return null;
        JobImage? image = id.Length <= MaxIdCharacters ? await queries.FindImageAsync(id, scope, cancellation) : null;
        return image ?? throw new BadRequestException([new FieldProblem(SourceField, $"{SourceField} is '{RequestFields.Shown(id)}'; there is no such image")], detail: null);
    }

    private ImageBuffer ReadSource(JobImage source)
    {
        try
        {
            return ImageDecoder.Read(files.Bytes(source.FilePath), SourceField, ImageBuffer.MaxPixels);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new BadRequestException($"The file of image {source.Id} is gone", $"Choose another image in {SourceField}", StatusCodes.Status404NotFound);
        }
    }
}
