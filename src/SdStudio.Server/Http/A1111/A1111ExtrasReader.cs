using System.Text.Json;
using SdCpp.Interop;
using SdStudio.Server.Generation;
using SdStudio.Server.Http.Requests;
using SdStudio.Server.Images;
using SdStudio.Server.Models.Catalogue;
using SdStudio.Server.Queue;

namespace SdStudio.Server.Http.A1111;

/// <summary>Reads the requests of <c>/sdapi/v1/extra-*</c> in the words of the REST API.</summary>
internal sealed class A1111ExtrasReader(ModelCatalogue catalogue, ImageFiles files)
{
    // Automatic1111's for resizing only.
    private const string None = "None";

    // The fields of the document and Automatic1111, and those of the original studio's form.
    private static readonly (string Name, string[] From)[] Names =
    [
        ("resize_mode", ["resize_mode"]), ("upscale_factor", ["upscaling_resize", "upscale_factor"]), ("target_width", ["upscaling_resize_w", "target_width"]),
        ("target_height", ["upscaling_resize_h", "target_height"]), ("priority", ["priority"]),
    ];

    /// <summary>The bytes of a result.</summary>
    public Task<byte[]> BytesAsync(JobImage image, CancellationToken cancellation) => files.BytesAsync(image.FilePath, cancellation);

    /// <summary>
    /// The image as it is to be upscaled. To a size, Automatic1111 keeps the sides' ratio: what is too much is cut off
    /// (<c>upscaling_crop</c>), or the result is larger than the size.
    /// </summary>
    /// <param name="body">As it came.</param>
    /// <param name="image">As it came.</param>
    /// <param name="translated">The request in the words of the REST API.</param>
    public ImageBuffer Shape(RequestBody body, ImageBuffer image, out RequestBody translated)
    {
        var asked = new RequestFields(body.Fields);
        bool crop = asked.Flag("upscaling_crop") ?? true;
        Dictionary<string, JsonElement> fields = Translate(body, asked);
        var read = new RequestFields(fields);
        long? width = null, height = null;
        if (read.Integer(int.MinValue, int.MaxValue, "resize_mode") == 1)
            (width, height) = (read.Integer(1, ImageBuffer.MaxSide, "target_width"), read.Integer(1, ImageBuffer.MaxSide, "target_height"));
        asked.ThrowIfRefused();
        read.ThrowIfRefused();
        ImageSize size = new(image.Width, image.Height);
        if (width is not null && height is not null)
        {
            double scale = Math.Max((double)width / image.Width, (double)height / image.Height);
            if (crop)
                size = new ImageSize(Math.Clamp((int)Math.Round(width.Value / scale), 1, image.Width), Math.Clamp((int)Math.Round(height.Value / scale), 1, image.Height));
            else
                (fields["target_width"], fields["target_height"]) = (Number(image.Width * scale), Number(image.Height * scale));
        }

        translated = body.Translated(fields);
        return ImageShapes.Crop(image, size.Width, size.Height);
    }

    private Dictionary<string, JsonElement> Translate(RequestBody body, RequestFields asked)
    {
        var fields = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach ((string name, string[] from) in Names)
        {
            if (from.FirstOrDefault(asked.IsGiven) is { } given)
                fields[name] = body.Fields[given];
        }

        if ((asked.Text("upscaler_1") ?? asked.Text("upscaler")) is { } upscaler)
        {
            string name = upscaler == None ? Parameters.Resampler : catalogue.FindUpscaler(upscaler)?.Name ?? upscaler;
            fields["upscaler"] = JsonSerializer.SerializeToElement(name, ApiJson.Readable.String);
        }

        return fields;
    }

    private static JsonElement Number(double value) =>
        JsonSerializer.SerializeToElement(Math.Max(1, Math.Round(value)).ToString(System.Globalization.CultureInfo.InvariantCulture), ApiJson.Readable.String);
}
