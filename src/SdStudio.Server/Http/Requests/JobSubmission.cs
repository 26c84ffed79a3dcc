using SdCpp.Interop;
using SdStudio.Server.Generation;
using SdStudio.Server.Http.Security;
using SdStudio.Server.Images;
using SdStudio.Server.Models.Catalogue;
using SdStudio.Server.Models.Files;
using SdStudio.Server.Queue;

namespace SdStudio.Server.Http.Requests;

/// <summary>Makes a job of a request: the one way in for every surface.</summary>
internal sealed class JobSubmission(
    LiveLimits limits, RequestImages inputs, ModelCatalogue catalogue, ModelFileCache modelFiles, LoraFolder loras, JobQueue queue, ImageFiles images)
{
    private const int MaxKeyCharacters = 255;

    /// <summary>The limits that requests are read with.</summary>
    public LiveLimits Limits => limits;

    /// <summary>Reads the images of requests.</summary>
    public RequestImages Images => inputs;

    /// <summary>Checks a request and puts its job into the queue.</summary>
    /// <param name="request">What came.</param>
    /// <param name="type">What it asks for.</param>
    /// <param name="cancellation">The client left or the server stops.</param>
    /// <returns>The job, which is on disk, and what becomes of it when its client leaves.</returns>
    /// <exception cref="BadRequestException">Names every field that is wrong.</exception>
    public async Task<(Job Job, WhenClientLeaves Leave)> AcceptAsync(HttpRequest request, string type, CancellationToken cancellation)
    {
        RequestBody body = await RequestBody.ReadAsync(request, cancellation);
        ParameterLimits now = await Limits.ReadyAsync(cancellation);
        var fields = new RequestFields(body.Fields);
        bool leaves = (string?)fields.Value(Parameters.Get("on_disconnect"), now) == "cancel";
        using ImageBuffer? input = type == JobType.Generate ? null : await inputs.ReadInputAsync(body, fields, ApiKeys.ScopeOf(request.HttpContext), cancellation);
        using ImageBuffer? mask = type is JobType.Edit or JobType.Variation ? inputs.ReadMask(body) : null;
        Job job = await AcceptAsync(request, new GenerateCommand(type, body, fields, input, mask), now, cancellation);
        return (job, leaves ? WhenClientLeaves.Cancel : WhenClientLeaves.Finish);
    }

    /// <summary>The same for a request whose images are read already.</summary>
    /// <returns>The job, which is on disk.</returns>
    /// <exception cref="BadRequestException">Names every field that is wrong.</exception>
    public async Task<Job> AcceptAsync(HttpRequest request, GenerateCommand command, ParameterLimits now, CancellationToken cancellation)
    {
        (string type, RequestBody body, RequestFields fields, ImageBuffer? input, ImageBuffer? mask) = command;
        SubmitOptions options = ReadOptions(request, body, fields, command.Part);
        ImageSize? size = input is null ? null : new ImageSize(input.Width, input.Height);
        var reader = new GenerationReader(fields, catalogue, loras, modelFiles, now);
        GenerationSettings settings = type == JobType.Upscale ? reader.Upscale(size ?? default) : reader.Generate(type, size, command.NeedsPrompt);
        fields.ThrowIfRefused();
        string? source = input is null ? null : await inputs.SourceOfAsync(fields, ApiKeys.ScopeOf(request.HttpContext), cancellation);
        return await AddAsync(settings with { SourceImageId = source }, options, cancellation, input, mask);
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

    /// <summary>What a request says of the job beside its settings. Parts of one request are jobs of their own, each with a key of its own.</summary>
    public SubmitOptions ReadOptions(HttpRequest request, RequestBody body, RequestFields fields, int? part = null)
    {
        string? key = request.Headers["Idempotency-Key"] is [{ Length: > 0 } text] ? text : null;
        if (key?.Length > MaxKeyCharacters)
            throw new BadRequestException($"Idempotency-Key has {key.Length} characters; allowed are at most {MaxKeyCharacters}");
        return new SubmitOptions(
            ApiKeys.OwnerOf(request.HttpContext), (int)(fields.Value<long>("priority", limits.Now) ?? 0), key is null || part is null ? key : $"{key}#{part}",
            key is null ? null : body.Fingerprint(request.Path));
    }
}

/// <summary>A request for a job, its images read.</summary>
internal sealed record GenerateCommand(string Type, RequestBody Body, RequestFields Fields, ImageBuffer? Input = null, ImageBuffer? Mask = null)
{
    /// <summary>Whether nothing can be generated without words; Automatic1111 does without.</summary>
    public bool NeedsPrompt { get; init; } = Type is JobType.Generate or JobType.Edit;

    /// <summary>Which part of its request this is; null for a request of one job.</summary>
    public int? Part { get; init; }
}
