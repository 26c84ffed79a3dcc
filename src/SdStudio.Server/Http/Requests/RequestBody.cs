using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace SdStudio.Server.Http.Requests;

/// <summary>What a client sent, whatever it came as: JSON with pictures as base64, or a form with files.</summary>
/// <param name="Fields">By name.</param>
/// <param name="Files">By the name of their field.</param>
internal sealed record RequestBody(IReadOnlyDictionary<string, JsonElement> Fields, IReadOnlyDictionary<string, byte[]> Files)
{
    /// <summary>What is said of a body that is neither; routing says it too, for endpoints that describe their bodies.</summary>
    public const string WrongType = "Send JSON with the header Content-Type: application/json, or a form (multipart/form-data)";

    private static readonly string[] FileFields = ["image", "mask"];

    /// <exception cref="BadRequestException">It is neither, or damaged.</exception>
    public static async Task<RequestBody> ReadAsync(HttpRequest request, CancellationToken cancellation)
    {
        if (request.HasFormContentType)
            return await ReadFormAsync(request, cancellation);
        if (request.HasJsonContentType())
            return await ReadJsonAsync(request, cancellation);
        throw new BadRequestException(WrongType, statusCode: StatusCodes.Status415UnsupportedMediaType);
    }

    /// <summary>The same for the same request, whatever order its fields come in.</summary>
    public string Fingerprint(string path)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        void Add(string text) => hash.AppendData(Encoding.UTF8.GetBytes(text + "\0"));
        Add(path);
        foreach ((string name, JsonElement value) in Fields.OrderBy(field => field.Key, StringComparer.Ordinal))
            Add($"{name}={value.GetRawText()}");
        foreach ((string name, byte[] bytes) in Files.OrderBy(file => file.Key, StringComparer.Ordinal))
            Add($"{name}:{Convert.ToHexString(SHA256.HashData(bytes))}");
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static async Task<RequestBody> ReadFormAsync(HttpRequest request, CancellationToken cancellation)
    {
        IFormCollection form;
        try
        {
            form = await request.ReadFormAsync(cancellation);
        }
        catch (InvalidDataException exception)
        {
            throw new BadRequestException("The form cannot be read: it is damaged or has more parts than allowed", exception.Message);
        }

        var fields = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach ((string name, Microsoft.Extensions.Primitives.StringValues values) in form)
            fields[name] = JsonSerializer.SerializeToElement(values.ToString(), ApiJson.Readable.String);
        var files = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        foreach (IFormFile file in form.Files)
        {
            var bytes = new byte[file.Length];
            await using Stream stream = file.OpenReadStream();
            await stream.ReadExactlyAsync(bytes, cancellation);
            if (!files.TryAdd(file.Name, bytes))
                throw new BadRequestException($"The form has more than one file in the field {file.Name}; send one");
        }

        TakeEncodedFiles(fields, files);
        return new RequestBody(fields, files);
    }

    private static async Task<RequestBody> ReadJsonAsync(HttpRequest request, CancellationToken cancellation)
    {
        try
        {
            using JsonDocument document = await JsonDocument.ParseAsync(request.Body, default, cancellation);
            Dictionary<string, JsonElement> fields = document.RootElement.ValueKind == JsonValueKind.Object
                ? document.RootElement.Deserialize(ApiJson.Readable.DictionaryStringJsonElement)!
                : throw new BadRequestException("The body must be a JSON object, e.g. {\"model\": \"demo\", \"prompt\": \"a red circle\"}");
            var files = new Dictionary<string, byte[]>(StringComparer.Ordinal);
            TakeEncodedFiles(fields, files);
            return new RequestBody(fields, files);
        }
        catch (JsonException exception)
        {
            throw new BadRequestException(
                $"The body is not valid JSON (line {exception.LineNumber + 1}, byte {exception.BytePositionInLine + 1})");
        }
    }

    // Pictures come as base64 or as a data URL where they do not come as files.
    private static void TakeEncodedFiles(Dictionary<string, JsonElement> fields, Dictionary<string, byte[]> files)
    {
        foreach (string name in FileFields)
        {
            if (files.ContainsKey(name) || !fields.TryGetValue(name, out JsonElement value) || RequestFields.TextOf(value) is not { Length: > 0 } text)
            {
                continue;
            }

            files[name] = Decode(text, name);
            fields.Remove(name);
        }
    }

    /// <summary>The bytes of base64 or of a data URL.</summary>
    /// <exception cref="BadRequestException">It is neither.</exception>
    public static byte[] Decode(string text, string field)
    {
        int comma = text.StartsWith("data:", StringComparison.OrdinalIgnoreCase) ? text.IndexOf(',', StringComparison.Ordinal) + 1 : 0;
        string encoded = text[comma..];
        return Base64.IsValid(encoded)
            ? Convert.FromBase64String(encoded)
            : throw new BadRequestException([new FieldProblem(field, $"{field} is text that is not base64; send a file, base64 or a data URL")], detail: null);
    }
}
