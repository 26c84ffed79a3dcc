using System.Globalization;
using SdCpp.Interop;
using SdStudio.Server.Gallery;
using SdStudio.Server.Generation;
using SdStudio.Server.Http.Security;
using SdStudio.Server.Images;
using SdStudio.Server.Models.Files;
using SdStudio.Server.Queue;

namespace SdStudio.Server.Http.Requests;

/// <summary>Makes a job of a request: the one way in for every surface.</summary>
internal sealed class JobSubmission(
    LiveLimits limits, RequestImages images, Lookups lookups, IBoards boards, Presets presets, JobQueue queue, ImageFiles files)
{
    private const int MaxKeyCharacters = 255;

    /// <summary>The limits that requests are read with.</summary>
    public LiveLimits Limits => limits;

    /// <summary>Reads the images of requests.</summary>
    public RequestImages Images => images;

    /// <summary>Checks a request and puts its job into the queue.</summary>
    /// <param name="request">What came.</param>
    /// <param name="type">What it asks for.</param>
    /// <param name="cancellation">The client left or the server stops.</param>
    /// <returns>The job, which is on disk, and what becomes of it when its client leaves.</returns>
    /// <exception cref="BadRequestException">Names every field that is wrong.</exception>
    public async Task<(Job Job, WhenClientLeaves Leave)> AcceptAsync(HttpRequest request, string type, CancellationToken cancellation)
    {
        RequestBody body = await RequestBody.ReadAsync(request, cancellation);
        ParameterLimits now = await limits.ReadyAsync(type, cancellation);
        var fields = new RequestFields(await presets.WithPresetAsync(body.Fields, ApiKeys.OwnerOf(request.HttpContext), cancellation));
        bool leaves = (string?)fields.Value(Parameters.Get("on_disconnect"), now) == "cancel";
        using RequestInputs? inputs = await images.ReadAsync(type, body, fields, ApiKeys.ScopeOf(request.HttpContext), cancellation);
        Job job = await AcceptAsync(request, new GenerateCommand(type, body, fields, inputs) { Notes = IgnoredFields.Of(body, type) }, now, cancellation);
        return (job, leaves ? WhenClientLeaves.Cancel : WhenClientLeaves.Finish);
    }

    /// <summary>The same for a request whose images are read already.</summary>
    /// <returns>The job, which is on disk.</returns>
    /// <exception cref="BadRequestException">Names every field that is wrong.</exception>
    public async Task<Job> AcceptAsync(HttpRequest request, GenerateCommand command, ParameterLimits now, CancellationToken cancellation)
    {
        SubmitOptions options = ReadOptions(request, command.Body, command.Fields, command.Part);
        SentImages sent = SentImages.Of(command.Inputs);
        var reader = new GenerationReader(command.Fields, lookups, now, options.Owner);
        GenerationSettings settings = command.Type == JobType.Upscale ? reader.Upscale(sent.Input ?? default) : reader.Generate(command.Type, sent, command.NeedsPrompt);
        if (sent.References > 0)
            CheckReferences(command.Fields, settings, sent);
        string? refiner = RefinerNote.Of(command.Body.Fields);
        settings = settings with
        {
            Answer = command.Answer, SourceImageId = command.Inputs?.SourceId, Board = await ReadBoardAsync(request, command.Fields, cancellation),
            Notes = command.Notes.Count > 0 || refiner is not null ? [.. settings.Notes ?? [], .. new[] { refiner }.OfType<string>(), .. command.Notes] : settings.Notes,
        };
        command.Fields.ThrowIfRefused();
        List<FileInfo> people = [.. (settings.People ?? []).SelectMany(name => lookups.People.Find(name) ?? [])];
        return await AddAsync(settings, options, cancellation, command.Inputs, people);
    }

    /// <summary>Puts a job into the queue whose settings are known to be right.</summary>
    /// <param name="settings">What it generates.</param>
    /// <param name="options">What its client asks for besides.</param>
    /// <param name="cancellation">The client left or the server stops.</param>
    /// <param name="inputs">Its images.</param>
    /// <param name="more">Files of images that the model looks at after those; copies are kept.</param>
    /// <exception cref="BadRequestException">Its model has no files.</exception>
    public async Task<Job> AddAsync(
        GenerationSettings settings, SubmitOptions options, CancellationToken cancellation, RequestInputs? inputs = null, IReadOnlyList<FileInfo>? more = null)
    {
        if (lookups.Catalogue.FindAnywhere(settings.Model) is { } model)
        {
            if (!lookups.Catalogue.IsUsable(model))
                throw ClientModels.WithoutFiles(model);
            // Another machine may have another file of that name.
            if (lookups.Others.AreShared && model is { IsThere: true, Remote: null, Files.Count: > 0 } && lookups.Hashes.Known(model.MainFile) is { } hash)
                settings = settings with { ModelHash = FileHashes.Short(hash) };
        }

        string id = Guid.CreateVersion7().ToString();
        try
        {
            // The files first: a job that is in the queue has everything it needs.
            settings = await SavedAsync(id, settings, inputs, more ?? [], cancellation);
            (Job job, bool added) = await queue.EnqueueAsync(id, settings, options, cancellation);
            if (!added)
                await files.DeleteInputsAsync(id);
            return job;
        }
        catch
        {
            await files.DeleteInputsAsync(id);
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

    /// <summary>The id of the board that a request names; null for none.</summary>
    public async Task<string?> ReadBoardAsync(HttpRequest request, RequestFields fields, CancellationToken cancellation)
    {
        if (fields.Value(Parameters.Get("board"), limits.Now) is not string name)
            return null;
        Board? board = await boards.FindAsync(name, ApiKeys.ScopeOf(request.HttpContext), cancellation);
        if (board is null)
            fields.Refuse("board", Rest.GalleryQuery.NoSuchBoard(name));
        return board?.Id;
    }

    private async Task<GenerationSettings> SavedAsync(
        string id, GenerationSettings settings, RequestInputs? inputs, IReadOnlyList<FileInfo> more, CancellationToken cancellation)
    {
        List<string> references = [];
        foreach (ImageBuffer reference in inputs?.References ?? [])
            references.Add(await files.SaveInputAsync(NameOf(references.Count), reference, cancellation));
        foreach (FileInfo file in more)
            references.Add(await files.CopyInputAsync(NameOf(references.Count), file, cancellation));
        List<string> identity = [];
        foreach (ImageBuffer image in inputs?.Identity ?? [])
            identity.Add(await files.SaveInputAsync(NameOf(references.Count + identity.Count), image, cancellation));
        // A copy: the job is repeated with the same images when they are gone.
        foreach (FileInfo image in identity.Count == 0 && settings.Identity is { Person: { } person, Embedding: null } ? lookups.People.Find(person) ?? [] : [])
            identity.Add(await files.CopyInputAsync(NameOf(references.Count + identity.Count), image, cancellation));
        string? end = inputs?.End is { } last ? await files.SaveInputAsync(id + "_end", last, cancellation) : null;
        string? frames = inputs?.Frames is { Count: > 0 } followedOnes ? await SaveFramesAsync(id, settings, followedOnes, cancellation) : null;
        string? input = inputs?.Image is { } begun ? await files.SaveInputAsync(id, begun, cancellation) : null;
        // What has no image of its own follows the input image.
        string? followed = inputs?.Control is { } control ? await files.SaveInputAsync(id + "_control", control, cancellation) : input;
        return settings with
        {
            InputImage = input,
            Identity = settings.Identity is { } who ? who with { Images = identity.Count == 0 ? null : identity } : null,
            Control = settings.Control is { } unit ? unit with { Image = followed ?? "" } : null,
            MaskImage = settings.Type != JobType.Upscale && inputs?.Mask is { } mask ? await files.SaveInputAsync(id + "_mask", mask, cancellation) : null,
            ReferenceImages = references.Count == 0 ? null : references,
            Video = settings.Video is { } video ? video with { EndImage = end, ControlFrames = frames } : null,
        };

        string NameOf(int index) => string.Create(CultureInfo.InvariantCulture, $"{id}_{index + 1}");
    }

    // In the size of the video: that is what they are followed in, and one file has frames of one size.
    private async Task<string> SaveFramesAsync(string id, GenerationSettings settings, List<ImageBuffer> frames, CancellationToken cancellation)
    {
        List<ImageBuffer> sized = [.. frames.Select(frame => ImageDecoder.Cover(frame, settings.Width, settings.Height))];
        try
        {
            return await files.SaveFramesAsync(id + "_frames", sized, cancellation);
        }
        finally
        {
            sized.ForEach(frame => frame.Dispose());
        }
    }

    // Only edit models look at images; others start from one.
    private void CheckReferences(RequestFields fields, GenerationSettings settings, SentImages sent)
    {
        int count = sent.References + (sent.Input is null ? 0 : 1);
        string field = sent.Input is null ? "ref_images" : "image";
        if (settings.Type is not (JobType.Edit or JobType.Generate))
            fields.Refuse(field, $"{field}: {count} images were sent; a {settings.Type} takes one");
        else if (lookups.Catalogue.FindAnywhere(settings.Model) is { IsEditModel: false } model)
            fields.Refuse(field, $"{field}: {count} images were sent; the model {model.Id} takes {(sent.Input is null ? "none" : "one")}. Models with the capability imgedit take up to {ImageRequest.MaxImages}");
    }
}

/// <summary>A request for a job, its images read.</summary>
internal sealed record GenerateCommand(string Type, RequestBody Body, RequestFields Fields, RequestInputs? Inputs = null)
{
    /// <summary>Whether nothing can be generated without words; Automatic1111 does without.</summary>
    public bool NeedsPrompt { get; init; } = Type is JobType.Generate or JobType.Edit or JobType.Video;

    /// <summary>How its images are wanted by a client that fetches them later; null for PNG.</summary>
    public AnswerFormat? Answer { get; init; }

    /// <summary>Which part of its request this is; null for a request of one job.</summary>
    public int? Part { get; init; }

    /// <summary>What its client should know of the request besides.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];
}
