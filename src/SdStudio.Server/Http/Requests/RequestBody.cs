using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace SdStudio.Server.Http.Requests;

/// <summary>What a client sent, in whatever form: JSON with images as base64, or a form with files.</summary>
/// <param name="Fields">By name.</param>
/// <param name="Files">By the name of their field, in the order in which they came.</param>
internal sealed record RequestBody(IReadOnlyDictionary<string, JsonElement> Fields, IReadOnlyDictionary<string, IReadOnlyList<byte[]>> Files)
{
    // What .NET reads where nobody says otherwise.
    private const int MaxDepth = 64;
    private static readonly string[] FileFields = ["image", "mask", "ref_images", "extra_images", "control_image", "start_image", "end_image", "control_frames"];

    private static ReadOnlySpan<byte> ByteOrderMark => [0xEF, 0xBB, 0xBF];

    /// <summary>What is said of a body that is neither; routing says it too, for endpoints that describe their bodies.</summary>
    public const string WrongType = "Send JSON with the header Content-Type: application/json, or a form (multipart/form-data)";

    /// <summary>A body without files.</summary>
    public static IReadOnlyDictionary<string, IReadOnlyList<byte[]>> NoFiles { get; } = new Dictionary<string, IReadOnlyList<byte[]>>();

    // As it came, where a surface has translated it.
    private RequestBody? Original { get; init; }

    /// <summary>The one file of a field; null for none.</summary>
    /// <exception cref="BadRequestException">There are several.</exception>
    public byte[]? File(string field) => Files.GetValueOrDefault(field) switch
    {
        null => null,
        [{ } only] => only,
        { } several => throw new BadRequestException(
            [new FieldProblem(field, $"{field} has {several.Count} files; send one")], "Only /v1/images/edits takes several, with a model that looks at several images"),
    };

    /// <summary>The same request in the words of the REST API.</summary>
    public RequestBody Translated(IReadOnlyDictionary<string, JsonElement> fields, IReadOnlyDictionary<string, IReadOnlyList<byte[]>>? files = null) =>
        new(fields, files ?? NoFiles) { Original = Original ?? this };

    /// <summary>Reads the body of a request.</summary>
    /// <exception cref="BadRequestException">It is neither, or damaged.</exception>
    public static async Task<RequestBody> ReadAsync(HttpRequest request, CancellationToken cancellation)
    {
        if (request.HasJsonContentType())
            return ParseJson(await BytesAsync(request, cancellation));
        if (!request.HasFormContentType)
            return string.IsNullOrEmpty(request.ContentType) ? await ReadUntypedAsync(request, cancellation) : throw Refused();
        // What curl -d sends calls itself a form, and is JSON when it begins like that.
        if (request.ContentType!.StartsWith("application/x-www-form-urlencoded", StringComparison.OrdinalIgnoreCase))
        {
            byte[] bytes = await BytesAsync(request, cancellation);
            if (LooksLikeJson(bytes))
                return ParseJson(bytes);
            // Without a value it is no form either: a prompt of nothing would come of it.
            if (bytes.Length > 0 && !bytes.AsSpan().Contains((byte)'='))
                throw Refused();
            request.Body = new MemoryStream(bytes);
        }

        return await FormBody.ReadAsync(request, cancellation);
    }

    /// <summary>The same for the same request, whatever order its fields come in; taken of what came, not of a translation.</summary>
    public string Fingerprint(string path)
    {
        RequestBody raw = Original ?? this;
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        void Add(string text) => hash.AppendData(Encoding.UTF8.GetBytes(text));
        Add(path + "\0");
        foreach ((string name, JsonElement value) in raw.Fields.OrderBy(field => field.Key, StringComparer.Ordinal))
        {
            Add(name + "=");
            hash.AppendData(JsonMarshal.GetRawUtf8Value(value));
            Add("\0");
        }

        foreach ((string name, IReadOnlyList<byte[]> files) in raw.Files.OrderBy(file => file.Key, StringComparer.Ordinal))
        {
            foreach (byte[] bytes in files)
                Add($"{name}:{Convert.ToHexString(SHA256.HashData(bytes))}\0");
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static async Task<RequestBody> ReadUntypedAsync(HttpRequest request, CancellationToken cancellation)
    {
        byte[] bytes = await BytesAsync(request, cancellation);
        return LooksLikeJson(bytes) ? ParseJson(bytes) : throw Refused();
    }

    private static BadRequestException Refused() => new(WrongType, statusCode: StatusCodes.Status415UnsupportedMediaType);

    /// <summary>The whole body.</summary>
    private static async Task<byte[]> BytesAsync(HttpRequest request, CancellationToken cancellation)
    {
        // The stated length may be a lie: memory is taken as bytes come.
        using var bytes = new MemoryStream();
        await request.Body.CopyToAsync(bytes, cancellation);
        return bytes.ToArray();
    }

    /// <summary>Whether the first character says JSON: no field of a form begins like an object, a list or a text.</summary>
    private static bool LooksLikeJson(ReadOnlySpan<byte> bytes) => (bytes.StartsWith(ByteOrderMark) ? bytes[ByteOrderMark.Length..] : bytes).TrimStart(" \t\r\n"u8) is [(byte)'{' or (byte)'[' or (byte)'"', ..];

    /// <summary>Reads a body of JSON.</summary>
    /// <exception cref="BadRequestException">It is no JSON object.</exception>
    public static RequestBody ParseJson(byte[] bytes)
    {
        ReadOnlyMemory<byte> json = bytes.AsSpan().StartsWith(ByteOrderMark) ? bytes.AsMemory(ByteOrderMark.Length) : bytes;
        if (!Utf8.IsValid(json.Span))
            throw new BadRequestException("The body is not valid UTF-8; send JSON in UTF-8");
        // A parser would complain of its first byte, which it does not have.
        if (json.Span.TrimStart(" \t\r\n"u8).IsEmpty)
            throw new BadRequestException("The body is empty; send a JSON object, e.g. {\"model\": \"demo\", \"prompt\": \"a red circle\"}");
        try
        {
            // Not disposed: the fields look into it as long as the request lives.
            JsonElement root = JsonDocument.Parse(json).RootElement;
            if (root.ValueKind != JsonValueKind.Object)
                throw new BadRequestException("The body must be a JSON object, e.g. {\"model\": \"demo\", \"prompt\": \"a red circle\"}");
            var fields = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
            foreach (JsonProperty property in root.EnumerateObject())
                fields[RequestFields.NameOf(property) ?? throw new BadRequestException("The body is not valid JSON: the name of a field is not valid Unicode")] = property.Value;
            List<FieldProblem> problems = [.. fields.Where(field => !RequestFields.IsUnicode(field.Value)).Select(field => RequestFields.NotUnicode(field.Key))];
            if (problems.Count > 0)
                throw new BadRequestException(problems, detail: null);
            return new RequestBody(fields, TakeEncodedFiles(fields));
        }
        catch (JsonException exception)
        {
            string where = $"(line {exception.LineNumber + 1}, byte {exception.BytePositionInLine + 1})";
            throw new BadRequestException(IsTooDeep(json.Span)
                ? $"The body has lists or objects within each other more than {MaxDepth} deep {where}; no field has"
                : $"The body is not valid JSON {where}");
        }
    }

    private static bool IsTooDeep(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = MaxDepth + 1 });
        try
        {
            while (reader.Read())
            {
                if (reader.CurrentDepth >= MaxDepth)
                    return true;
            }
        }
        catch (JsonException)
        {
            // It is no JSON, and not because of its depth.
        }

        return false;
    }

    /// <summary>Takes out the fields whose text is an image. Images come as base64 or as a data URL where they do not come as files.</summary>
    public static Dictionary<string, IReadOnlyList<byte[]>> TakeEncodedFiles(Dictionary<string, JsonElement> fields)
    {
        var files = new Dictionary<string, IReadOnlyList<byte[]>>(StringComparer.Ordinal);
        foreach (string name in FileFields)
        {
            if (fields.TryGetValue(name, out JsonElement value) && TextsOf(value) is { Count: > 0 } texts)
            {
                files[name] = [.. texts.Select(text => EncodedImage.Decode(text, name))];
                fields.Remove(name);
            }
        }

        return files;
    }

    private static List<string> TextsOf(JsonElement value)
    {
        IEnumerable<JsonElement> items = value.ValueKind == JsonValueKind.Array ? value.EnumerateArray() : [value];
        List<string> texts = [.. items.Select(item => EncodedImage.TextOf(item) ?? "")];
        return texts.TrueForAll(text => text.Length > 0) ? texts : [];
    }
}
