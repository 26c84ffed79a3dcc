using System.Text.Json;
using Microsoft.Extensions.Primitives;

namespace SdStudio.Server.Http.Requests;

/// <summary>A body that is a form, with files or with images as text.</summary>
internal static class FormBody
{
    // COR_E_IO: what .NET itself says, here that a part does not end. Errors of the disk, where large parts are kept, have the system's code.
    private const int NotOfTheSystem = unchecked((int)0x80131620);

    /// <exception cref="BadRequestException">It is damaged.</exception>
    public static async Task<RequestBody> ReadAsync(HttpRequest request, CancellationToken cancellation)
    {
        IFormCollection form = await FormOfAsync(request, cancellation);
        var fields = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        // Of a field that comes twice the last counts, as in JSON.
        foreach ((string name, StringValues values) in form)
            fields[name] = JsonSerializer.SerializeToElement(values.Count > 0 ? values[^1]! : "", ApiJson.Readable.String);
        var files = new Dictionary<string, IReadOnlyList<byte[]>>(StringComparer.Ordinal);
        foreach (IGrouping<string, IFormFile> field in form.Files.GroupBy(file => file.Name, StringComparer.Ordinal))
        {
            List<byte[]> ofField = [];
            foreach (IFormFile file in field)
                ofField.Add(await BytesAsync(file, cancellation));
            files[field.Key] = ofField;
        }

        foreach ((string name, IReadOnlyList<byte[]> encoded) in RequestBody.TakeEncodedFiles(fields))
            files.TryAdd(name, encoded);
        return new RequestBody(fields, files);
    }

    private static async Task<IFormCollection> FormOfAsync(HttpRequest request, CancellationToken cancellation)
    {
        try
        {
            return await request.ReadFormAsync(cancellation);
        }
        catch (InvalidDataException exception) when (exception.Message.Contains("limit", StringComparison.Ordinal))
        {
            throw new BadRequestException("The form is too large", exception.Message, StatusCodes.Status413PayloadTooLarge);
        }
        catch (InvalidDataException exception)
        {
            throw new BadRequestException("The form cannot be read: it is damaged", exception.Message);
        }
        catch (IOException exception) when (exception.GetType() == typeof(IOException) && exception.HResult == NotOfTheSystem)
        {
            throw new BadRequestException("The form is cut short: its last boundary is missing", "Send the whole form");
        }
    }

    private static async Task<byte[]> BytesAsync(IFormFile file, CancellationToken cancellation)
    {
        var bytes = new byte[file.Length];
        await using Stream stream = file.OpenReadStream();
        await stream.ReadExactlyAsync(bytes, cancellation);
        return bytes;
    }
}
