using Microsoft.Extensions.Options;
using SdCpp.Interop;
using SdStudio.Server.Generation;
using SdStudio.Server.Http.Security;
using SdStudio.Server.Images;
using SdStudio.Server.Models.Cache;
using SdStudio.Server.Models.Catalogue;
using SdStudio.Server.Models.Files;
using SdStudio.Server.Queue;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Http.Requests;

/// <summary>Makes a job of a request: the one way in for every surface.</summary>
internal sealed class JobSubmission(
    EngineHost engineHost, ModelCatalogue catalogue, LoraFolder loras, JobQueue queue, ImageFiles images, IJobQueries queries, IOptions<StudioOptions> options)
{
    private const int MaxPriority = 10;
    private const int MaxKeyCharacters = 255;
    private const string Finish = "finish";
    private const string CancelIt = "cancel";

    /// <summary>Checks a request and puts its job into the queue.</summary>
    /// <param name="request">What came.</param>
    /// <param name="type">What it asks for.</param>
    /// <param name="cancellation">The client left or the server stops.</param>
    /// <returns>The job, which is on disk, and what becomes of it when its client leaves.</returns>
    /// <exception cref="BadRequestException">Names every field that is wrong.</exception>
    public async Task<(Job Job, WhenClientLeaves Leave)> AcceptAsync(HttpRequest request, string type, CancellationToken cancellation)
    {
        RequestBody body = await RequestBody.ReadAsync(request, cancellation);
        await engineHost.Ready.WaitAsync(cancellation);
        var fields = new RequestFields(body.Fields);
        string? leave = fields.OneOf([Finish, CancelIt], "on_disconnect");
        using ImageBuffer? input = type == JobType.Generate ? null : await ReadInputAsync(body, fields, ApiKeys.ScopeOf(request.HttpContext), cancellation);
        using ImageBuffer? mask = input is null ? null : ReadMask(body);
        Job job = await AcceptAsync(request, new GenerateCommand(type, body, fields, input, mask), cancellation);
        return (job, leave == CancelIt ? WhenClientLeaves.Cancel : WhenClientLeaves.Finish);
    }

    /// <summary>The same for a request whose pictures are read already.</summary>
    /// <returns>The job, which is on disk.</returns>
    /// <exception cref="BadRequestException">Names every field that is wrong.</exception>
    public async Task<Job> AcceptAsync(HttpRequest request, GenerateCommand order, CancellationToken cancellation)
    {
        SdEngine engine = await engineHost.Ready.WaitAsync(cancellation);
        (string type, RequestBody body, RequestFields fields, ImageBuffer? input, ImageBuffer? mask) = order;
        SubmitOptions place = ReadOrder(request, body, fields);
        ImageSize? size = input is null ? null : new ImageSize(input.Width, input.Height);
        var draw = new GenerationReader(fields, catalogue, engine, loras, options.Value.Limits);
        GenerationSettings settings = type == JobType.Upscale ? draw.Upscale(size ?? default) : draw.Draw(type, size, order.NeedsPrompt);
        fields.ThrowIfRefused();
        return await AddAsync(settings with { SourceImageId = fields.Text("source_image_id") }, place, cancellation, input, mask);
    }

    /// <summary>Puts a job into the queue whose settings are known to be right.</summary>
    public async Task<Job> AddAsync(
        GenerationSettings settings, SubmitOptions order, CancellationToken cancellation, ImageBuffer? input = null, ImageBuffer? mask = null)
    {
        string id = Guid.CreateVersion7().ToString();
        try
        {
            // The files first: a job that is in the queue has everything it needs.
            if (input is not null)
                settings = settings with { InputImage = images.SaveInput(id, input) };
            if (mask is not null)
                settings = settings with { MaskImage = images.SaveInput(id + "_mask", mask) };
            (Job job, bool added) = await queue.EnqueueAsync(id, settings, order, cancellation);
            if (!added)
                images.DeleteInputs(id);
            return job;
        }
        catch
        {
            images.DeleteInputs(id);
            throw;
        }
    }

    /// <summary>A job's place in line, as a request has it.</summary>
    public static SubmitOptions ReadOrder(HttpRequest request, RequestBody body, RequestFields fields)
    {
        string? key = request.Headers["Idempotency-Key"] is [{ Length: > 0 } text] ? text : null;
        if (key?.Length > MaxKeyCharacters)
            throw new BadRequestException($"Idempotency-Key has {key.Length} characters; allowed are at most {MaxKeyCharacters}");
        return new SubmitOptions(
            ApiKeys.OwnerOf(request.HttpContext), (int)(fields.Integer(-MaxPriority, MaxPriority, "priority") ?? 0), key,
            key is null ? null : body.Fingerprint(request.Path));
    }

    /// <summary>The mask in a body; null for none.</summary>
    public ImageBuffer? ReadMask(RequestBody body) => body.Files.TryGetValue("mask", out byte[]? bytes)
        ? ImageDecoder.ReadMask(bytes, "mask", options.Value.Limits.MaxInputPixels)
        : null;

    /// <summary>The picture that a body brings or names.</summary>
    /// <exception cref="BadRequestException">There is none.</exception>
    public async Task<ImageBuffer> ReadInputAsync(RequestBody body, RequestFields fields, OwnerScope scope, CancellationToken cancellation)
    {
        if (body.Files.TryGetValue("image", out byte[]? bytes))
            return ImageDecoder.Read(bytes, "image", options.Value.Limits.MaxInputPixels);
        if (fields.Text("source_image_id") is not { } id)
            throw new BadRequestException([new FieldProblem("image", "Missing required field: image")], "Send a file in the field image, or an image's id in source_image_id");
        return await queries.FindImageAsync(id, scope, cancellation) is { } image
            ? ImageDecoder.Read(images.Bytes(image.FilePath), "source_image_id", ImageBuffer.MaxPixels)
            : throw new BadRequestException($"source_image_id is '{RequestFields.Shown(id)}'; there is no such image");
    }
}

/// <summary>A request to draw, its pictures read.</summary>
internal sealed record GenerateCommand(string Type, RequestBody Body, RequestFields Fields, ImageBuffer? Input = null, ImageBuffer? Mask = null)
{
    /// <summary>Whether nothing can be drawn without words; Automatic1111 draws without.</summary>
    public bool NeedsPrompt { get; init; } = Type is JobType.Generate or JobType.Edit;
}
