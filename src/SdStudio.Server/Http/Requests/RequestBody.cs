using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace SdStudio.Server.Http.Requests;

/// <summary>What a client sent, in whatever form: JSON with images as base64, or a form with files.</summary>
/// <param name="Fields">By name.</param>
/// <param name="Files">By the name of their field, in the order in which they came.</param>
internal sealed record RequestBody(IReadOnlyDictionary<string, JsonElement> Fields, IReadOnlyDictionary<string, IReadOnlyList<byte[]>> Files)
{
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
            return JsonBody.Parse(await JsonBody.BytesAsync(request, cancellation));
        if (!request.HasFormContentType)
            return string.IsNullOrEmpty(request.ContentType) ? await ReadUntypedAsync(request, cancellation) : throw Refused();
        // What curl -d sends calls itself a form, and is JSON when it begins like that.
        if (request.ContentType!.StartsWith("application/x-www-form-urlencoded", StringComparison.OrdinalIgnoreCase))
        {
            byte[] bytes = await JsonBody.BytesAsync(request, cancellation);
            if (JsonBody.LooksLikeJson(bytes))
                return JsonBody.Parse(bytes);
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
        byte[] bytes = await JsonBody.BytesAsync(request, cancellation);
        return JsonBody.LooksLikeJson(bytes) ? JsonBody.Parse(bytes) : throw Refused();
    }

    private static BadRequestException Refused() => new(WrongType, statusCode: StatusCodes.Status415UnsupportedMediaType);
}
