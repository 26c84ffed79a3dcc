using Microsoft.AspNetCore.Http.HttpResults;
using SdCpp.Interop;
using SdStudio.Server.Http.OpenApi;
using SdStudio.Server.Http.Requests;
using SdStudio.Server.Models.Downloads;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Http.Rest;

/// <summary><c>POST /api/models/add</c>: files of a repository, of an address, or sent in parts.</summary>
internal static class AddModelApi
{
    private const string Group = "Models";
    private const long MaxFileBytes = 1L << 40;
    private const int Sha256Digits = 64;
    private const int MaxText = 1000;

    public static void MapAddModelApi(this IEndpointRouteBuilder api)
    {
        api.MapPost("/models/add", AddAsync).Accepts<AddModelBody>("application/json").RequireAdministrator()
            .Describe("addModel", Group, "Adds a model, LoRA, VAE, upscaler, ControlNet or textual inversion: from a repository or a URL, or starts an upload", 400, 404)
            .WithMetadata(new RequestExample("""{"kind":"lora","repository":"someone/loras","file":"ink.safetensors"}"""));
        RouteGroupBuilder uploads = api.MapGroup("/models/uploads");
        uploads.MapGet("", (ModelUploads all) => TypedResults.Ok(all.All.Select(Of).ToList())).RequireAdministrator()
            .Describe("listUploads", Group, "The uploads that are not complete");
        uploads.MapGet("/{id}", Results<Ok<UploadResponse>, NotFound<ErrorResponse>> (string id, ModelUploads all) => all.Find(id) is { } upload ? TypedResults.Ok(Of(upload)) : NotFound()).RequireAdministrator()
            .Describe("getUpload", Group, "How much of an upload has been received");
        uploads.MapPut("/{id}", AppendAsync).WithMetadata(new FileRequest("application/octet-stream")).RequireAdministrator()
            .Describe("continueUpload", Group, "Sends the next part of an upload; after the last one, the file is inspected and gets its name", 400, 413, 507)
            .WithQuery(new QueryParameter("offset", "Where the part begins: the number of bytes received so far"));
        uploads.MapDelete("/{id}", Results<Ok<SuccessResponse>, NotFound<ErrorResponse>> (string id, ModelUploads all) => all.Delete(id) ? TypedResults.Ok(new SuccessResponse(true)) : NotFound()).RequireAdministrator()
            .Describe("deleteUpload", Group, "Deletes an incomplete upload");
    }

    private static async Task<Results<Ok<AddedModelResponse>, Conflict<ErrorResponse>>> AddAsync(HttpRequest request, Hub hub, ModelDownloads downloads, ModelUploads uploads, DataFolders folders)
    {
        CancellationToken left = request.HttpContext.RequestAborted;
        RequestBody body = await RequestBody.ReadAsync(request, left);
        var fields = new RequestFields(body.Fields);
        string kind = fields.OneOf(AddedFile.Kinds, "kind") ?? "model";
        string? repository = fields.BoundedText("repository", MaxText), url = fields.BoundedText("url", MaxText), name = fields.BoundedText("name", MaxText), sha256 = fields.BoundedText("sha256", MaxText)?.ToLowerInvariant();
        string? source = fields.BoundedText("file", MaxText);
        string revision = fields.BoundedText("revision", MaxText) ?? "main";
        long? bytes = fields.Integer(1, MaxFileBytes, "bytes");
        if (new[] { repository is not null, url is not null, bytes is not null }.Count(given => given) != 1)
            fields.Refuse("repository", "Say where the file comes from: repository (and file), or url, or name and bytes for an upload");
        if (sha256 is not null && (sha256.Length != Sha256Digits || !sha256.All(char.IsAsciiHexDigit)))
            fields.Refuse("sha256", $"sha256 is '{RequestFields.Shown(sha256)}'; allowed are {Sha256Digits} hexadecimal digits");
        if (repository is not null && !IsRepository(repository))
            fields.Refuse("repository", $"repository is '{RequestFields.Shown(repository)}'; allowed is OWNER/NAME");
        Uri? address = null;
        if (url is not null && (!Uri.TryCreate(url, UriKind.Absolute, out address) || hub.Refusal(address) is not null))
            fields.Refuse("url", $"url: {(address is null ? "it is not a URL" : hub.Refusal(address))}");
        if (bytes is not null && name is null)
            fields.Refuse("name", "Missing required field: name, the name of the file that is uploaded");
        fields.ThrowIfRefused();
        if (repository is not null && source is null)
            source = await OnlyFileAsync(hub, repository, revision, left);
        name ??= Path.GetFileName(source ?? Uri.UnescapeDataString(address!.AbsolutePath));
        string field = bytes is not null || fields.IsGiven("name") ? "name" : repository is not null ? "file" : "url";
        if (name.Length == 0 || AddedFile.NameProblem(name) is not null)
            throw new BadRequestException([new FieldProblem(field, $"{field}: {(name.Length == 0 ? "the address has no file's name in it; send one in name" : AddedFile.NameProblem(name))}")], detail: null);
        var file = new AddedFile(kind, name, repository ?? "", revision, source ?? address?.ToString() ?? "", sha256);
        if (File.Exists(new AddedFile(kind, name, "-", "", "-", null).EntryIn(folders.Root).FullPath))
            return ApiErrors.Conflict($"The file {file.Written} already exists; choose another one with name, or delete it");
        if (bytes is null)
            return TypedResults.Ok(new AddedModelResponse("downloading", file.Written) { DownloadId = await downloads.StartAsync(file.ToString(), left) });
        try
        {
            return TypedResults.Ok(new AddedModelResponse("uploading", file.Written) { Upload = Of(uploads.Begin(file, bytes.Value)) });
        }
        catch (ModelUploadException exception)
        {
            return ApiErrors.Conflict(exception.Message);
        }
    }

    private static async Task<Results<Ok<UploadResponse>, NotFound<ErrorResponse>, Conflict<ErrorResponse>>> AppendAsync(string id, HttpRequest request, ModelUploads uploads)
    {
        if (uploads.Find(id) is not { } upload)
            return NotFound();
        if (!long.TryParse(new RequestQuery(request).Text("offset") ?? "0", System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out long offset))
            throw new BadRequestException("offset must be a whole number: the position where the part begins");
        try
        {
            return TypedResults.Ok(Of(upload with { Received = await uploads.AppendAsync(upload, offset, request.Body, request.HttpContext.RequestAborted) }));
        }
        catch (ModelUploadException exception)
        {
            return ApiErrors.Conflict(exception.Message);
        }
        catch (SdException exception)
        {
            throw new BadRequestException([new FieldProblem("file", exception.Message)], detail: null);
        }
    }

    // A repository with one file of weights needs no other word.
    private static async Task<string> OnlyFileAsync(Hub hub, string repository, string revision, CancellationToken cancellation)
    {
        try
        {
            List<string> files = [.. (await hub.ListAsync(repository, revision, cancellation)).Where(file => AddedFile.NameProblem(Path.GetFileName(file)) is null)];
            return files.Count == 1 ? files[0] : throw new BadRequestException(
                [new FieldProblem("file", files.Count == 0 ? $"file: {repository} has no .safetensors or .gguf file" : $"file: {repository} has {files.Count} files; name one of: {string.Join(", ", files.Take(50))}")], detail: null);
        }
        catch (SdException exception)
        {
            throw new BadRequestException([new FieldProblem("repository", $"repository: {exception.Message}")], detail: null);
        }
    }

    private static bool IsRepository(string text) =>
        text.Split('/') is [{ Length: > 0 } owner, { Length: > 0 } name] && (owner + name).All(character => char.IsAsciiLetterOrDigit(character) || character is '-' or '_' or '.') && owner[0] != '.' && name[0] != '.';

    private static UploadResponse Of(ModelUpload upload) => new(upload.Id, upload.Kind, upload.Name, upload.Bytes, upload.Received, upload.Received == upload.Bytes ? "completed" : "uploading")
    {
        PartBytes = ModelUploads.PartBytes, Url = $"/api/models/uploads/{upload.Id}",
    };

    private static NotFound<ErrorResponse> NotFound() => ApiErrors.NotFound("Upload not found");
}

/// <param name="Status">downloading or uploading.</param>
/// <param name="File">Where the file will be.</param>
internal sealed record AddedModelResponse(string Status, string File)
{
    /// <summary>Of the download, for <c>GET /api/models/download/{id}</c>; null for an upload.</summary>
    public string? DownloadId { get; init; }

    /// <summary>Where its parts go; null for a download.</summary>
    public UploadResponse? Upload { get; init; }
}

/// <param name="Id">Its id.</param>
/// <param name="Kind">The kind of file.</param>
/// <param name="Name">The file's name.</param>
/// <param name="Bytes">Its final size.</param>
/// <param name="Received">Bytes received so far: the offset of the next part.</param>
/// <param name="Status">uploading or completed.</param>
internal sealed record UploadResponse(string Id, string Kind, string Name, long Bytes, long Received, string Status)
{
    /// <summary>The recommended size of parts; parts larger than the server's request limit are refused.</summary>
    public int PartBytes { get; init; }

    /// <summary>The URL for parts: PUT with offset.</summary>
    public string Url { get; init; } = "";
}
