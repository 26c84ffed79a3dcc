using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using SdCpp.Interop;
using SdStudio.Server.Generation;
using SdStudio.Server.Images;
using SdStudio.Server.Models.Catalogue;
using SdStudio.Server.Queue;

namespace SdStudio.Server.Workers;

/// <summary>Generates with a model that another server has, over OpenAI's images API: its own one, or another studio's.</summary>
internal sealed partial class RemoteGenerator(
    IHttpClientFactory clients, RemoteAnswers answers, ILogger<RemoteGenerator> logger)
{
    /// <summary>The name of the client whose calls are tried again.</summary>
    public const string Client = "remote";

    // Calls at the same time are as many as the server takes, whichever jobs and cells of grids they are of.
    private readonly ConcurrentDictionary<(string Server, int Concurrency), SemaphoreSlim> _places = new();

    /// <summary>The images that the other server has generated: as many as the settings say.</summary>
    /// <param name="job">The job they are of.</param>
    /// <param name="settings">Of all its images, or of one of them.</param>
    /// <param name="first">The index of the first of them.</param>
    /// <param name="model">The model there.</param>
    /// <param name="inputs">What they are generated from beside the text.</param>
    /// <param name="cancellation">Ends the call.</param>
    /// <exception cref="SdException">It could not be reached, has refused, or sent something else; the message says what.</exception>
    /// <exception cref="OperationCanceledException">The job is cancelled or the server stops.</exception>
    public async Task<List<ImageBuffer>> GenerateAsync(Job job, GenerationSettings settings, int first, ModelDefinition model, GenerationInputs inputs, CancellationToken cancellation)
    {
        RemoteModel remote = model.Remote!;
        SemaphoreSlim places = _places.GetOrAdd((remote.Server, remote.Concurrency), key => new SemaphoreSlim(key.Concurrency));
        await places.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            return await CallAsync(job, settings, first, model, inputs, cancellation).ConfigureAwait(false);
        }
        finally
        {
            places.Release();
        }
    }

    private async Task<List<ImageBuffer>> CallAsync(Job job, GenerationSettings settings, int first, ModelDefinition model, GenerationInputs inputs, CancellationToken cancellation)
    {
        RemoteModel remote = model.Remote!;
        using HttpClient http = clients.CreateClient(Client);
        if (remote.ApiKey is { } key)
            http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        // A call that is sent again is the same job there, where the server knows the header; a retry of the job is another one.
        http.DefaultRequestHeaders.TryAddWithoutValidation("Idempotency-Key", string.Create(CultureInfo.InvariantCulture, $"{job.Id}-{job.QueuedAt}-{first}"));
        JsonObject extras = RemoteFields.More(settings);
        if (inputs is { Control: { } control, Followed: { } followed })
            extras["control"] = RemoteFields.Control(control, ImageFiles.Encoded(followed, ImageFormats.Png, quality: 0));
        if (settings.Identity is { } identity)
            extras["identity"] = RemoteFields.Identity(identity, inputs.Identity.Select(image => ImageFiles.Encoded(image, ImageFormats.Png, quality: 0)));
        // Another studio looks at them as they are; for others the first of them is what is edited.
        if (inputs is { Image: null, References.Count: > 0 })
            extras["ref_images"] = new JsonArray([.. inputs.References.Select(image => (JsonNode)Convert.ToBase64String(ImageFiles.Encoded(image, ImageFormats.Png, quality: 0)))]);
        RemoteAnswer answer = await AskAsync(http, remote, settings, inputs, extras, cancellation).ConfigureAwait(false);
        if (answer.Status == HttpStatusCode.BadRequest && extras.Any(field => answer.Mentions(field.Key)))
        {
            LogWithoutExtras(job.Id, answer.Message);
            http.DefaultRequestHeaders.Remove("Idempotency-Key");
            answer = await AskAsync(http, remote, settings with { Hires = null }, inputs, [], cancellation).ConfigureAwait(false);
        }

        return answer.Status == HttpStatusCode.OK
            ? await answers.ImagesAsync(http, model, answer, settings, cancellation).ConfigureAwait(false)
            : throw Refused(model, answer);
    }

    private async Task<RemoteAnswer> AskAsync(
        HttpClient http, RemoteModel remote, GenerationSettings settings, GenerationInputs inputs, JsonObject extras, CancellationToken cancellation)
    {
        List<ImageBuffer> images = extras.ContainsKey("ref_images") ? [] : [.. new[] { inputs.Image }.OfType<ImageBuffer>(), .. inputs.References];
        using HttpContent content = images.Count == 0 ? Words(remote, settings, extras) : WithImages(remote, settings, images, inputs.Canvas?.Mask, extras);
        using var request = new HttpRequestMessage(HttpMethod.Post, AddressOf(remote.Address, images.Count == 0 ? "images/generations" : "images/edits"))
        {
            Content = content,
        };
        return await answers.SendAsync(http, request, settings, cancellation).ConfigureAwait(false);
    }

    // People write the address of the server or that of its API.
    internal static Uri AddressOf(Uri server, string path)
    {
        string text = server.AbsoluteUri.TrimEnd('/');
        bool isApi = server.Segments.Any(segment => segment.TrimEnd('/') is "v1");
        return new Uri($"{text}/{(isApi ? "" : "v1/")}{path}");
    }

    private static StringContent Words(RemoteModel remote, GenerationSettings settings, JsonObject extras)
    {
        JsonObject body = RemoteFields.Known(remote, settings);
        foreach ((string name, JsonNode? value) in extras)
            body[name] = value?.DeepClone();
        return new StringContent(body.ToJsonString(), MediaTypeHeaderValue.Parse("application/json"));
    }

    private static MultipartFormDataContent WithImages(RemoteModel remote, GenerationSettings settings, List<ImageBuffer> images, ImageBuffer? mask, JsonObject extras)
    {
        var form = new MultipartFormDataContent();
        foreach ((string name, JsonNode? value) in RemoteFields.Known(remote, settings).Concat(extras))
            form.Add(new StringContent(value!.ToString()), name);
        foreach (ImageBuffer image in images)
            form.Add(Png(ImageFiles.Encoded(image, ImageFormats.Png, quality: 0)), images.Count == 1 ? "image" : "image[]", "image.png");
        if (mask is not null)
            form.Add(Png(ImageDecoder.WithHoles(images[0], mask)), "mask", "mask.png");
        return form;
    }

    private static ByteArrayContent Png(byte[] bytes) => new(bytes) { Headers = { ContentType = new MediaTypeHeaderValue("image/png") } };

    private static SdException Refused(ModelDefinition model, RemoteAnswer answer)
    {
        string said = answer.Message;
        return answer.Status switch
        {
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => new SdException(
                SdError.GenerationFailed, $"The server of model {model.Id} does not accept its key (api_key in the catalogue): {said}"),
            HttpStatusCode.NotFound => new SdException(
                SdError.GenerationFailed, $"The server of model {model.Id} has no such model or no images API (api and api_model in the catalogue): {said}"),
            HttpStatusCode.TooManyRequests => new SdException(SdError.Busy, $"The server of model {model.Id} is busy: {said}"),
            >= HttpStatusCode.Ambiguous and < HttpStatusCode.BadRequest => new SdException(
                SdError.GenerationFailed, $"The server of model {model.Id} redirects to nowhere ({(int)answer.Status}); is the address in api right?"),
            _ => new SdException(SdError.GenerationFailed, $"The server of model {model.Id} answered {(int)answer.Status}: {said}"),
        };
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Job {Job}: the other server accepts only OpenAI's fields ({Reason}); retrying without steps, seed and the like")]
    private partial void LogWithoutExtras(string job, string reason);
}
