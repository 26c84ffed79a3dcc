using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Nodes;
using SdCpp.Interop;
using SdStudio.Server.Generation;
using SdStudio.Server.Http.Requests;
using SdStudio.Server.Images;
using SdStudio.Server.Models.Catalogue;
using SdStudio.Server.Queue;

namespace SdStudio.Server.Workers;

/// <summary>Draws with a model that another server has, over OpenAI's images API: its own one, or another studio's.</summary>
internal sealed partial class RemoteGenerator(IHttpClientFactory clients, ImageFiles images, ILogger<RemoteGenerator> logger)
{
    /// <summary>The name of the client whose calls are tried again.</summary>
    public const string Client = "remote";

    private const int MaxShownCharacters = 500;

    /// <summary>The pictures that the other server has drawn.</summary>
    /// <exception cref="SdException">It could not be reached, or has refused; the message says what it said.</exception>
    /// <exception cref="OperationCanceledException">The job is cancelled or the server stops.</exception>
    public async Task<List<ImageBuffer>> DrawAsync(Job job, ModelDefinition model, CancellationToken cancellation)
    {
        RemoteModel remote = model.Remote!;
        using HttpClient http = clients.CreateClient(Client);
        if (remote.ApiKey is { } key)
            http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        // A call that is sent again is the same job there, where the server knows the header.
        http.DefaultRequestHeaders.TryAddWithoutValidation("Idempotency-Key", job.Id);
        JsonObject extras = RemoteFields.More(job.Settings);
        (HttpStatusCode status, string body) = await AskAsync(http, remote, job.Settings, extras, cancellation).ConfigureAwait(false);
        if (status == HttpStatusCode.BadRequest && extras.Any(field => body.Contains(field.Key, StringComparison.Ordinal)))
        {
            LogWithoutExtras(job.Id, Shown(MessageOf(body)));
            http.DefaultRequestHeaders.Remove("Idempotency-Key");
            (status, body) = await AskAsync(http, remote, job.Settings, [], cancellation).ConfigureAwait(false);
        }

        return status == HttpStatusCode.OK
            ? await PicturesAsync(http, model, remote, body, cancellation).ConfigureAwait(false)
            : throw Refused(model, status, body);
    }

    private async Task<(HttpStatusCode Status, string Body)> AskAsync(
        HttpClient http, RemoteModel remote, GenerationSettings settings, JsonObject extras, CancellationToken cancellation)
    {
        using HttpContent content = settings.InputImage is null ? Words(remote, settings, extras) : WithPicture(remote, settings, extras);
        Uri address = AddressOf(remote.Address, settings.InputImage is null ? "images/generations" : "images/edits");
        try
        {
            using HttpResponseMessage response = await http.PostAsync(address, content, cancellation).ConfigureAwait(false);
            return (response.StatusCode, await response.Content.ReadAsStringAsync(cancellation).ConfigureAwait(false));
        }
        catch (HttpRequestException exception)
        {
            throw new SdException(SdError.GenerationFailed, $"The server of this model cannot be reached ({exception.HttpRequestError}); is it running, and is the address in api right?", exception);
        }
        catch (Exception exception) when (exception is Polly.Timeout.TimeoutRejectedException or TaskCanceledException && !cancellation.IsCancellationRequested)
        {
            throw new SdException(SdError.GenerationFailed, "The server of this model did not answer in time; SdStudio:Models:RemoteTimeoutSeconds is how long it may take.", exception);
        }
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

    private MultipartFormDataContent WithPicture(RemoteModel remote, GenerationSettings settings, JsonObject extras)
    {
        using ImageBuffer read = ImageDecoder.Read(images.Bytes(settings.InputImage!), "the job's input", ImageBuffer.MaxPixels);
        using ImageBuffer input = ImageDecoder.Cover(read, settings.Width, settings.Height);
        var form = new MultipartFormDataContent();
        foreach ((string name, JsonNode? value) in RemoteFields.Known(remote, settings).Concat(extras))
            form.Add(new StringContent(value!.ToString()), name);
        form.Add(Png(ImageFiles.Encoded(input, ImageFormat.Png, quality: 0)), "image", "image.png");
        if (settings.MaskImage is { } path)
        {
            using ImageBuffer white = ImageDecoder.ReadMask(images.Bytes(path), "the job's mask", ImageBuffer.MaxPixels);
            using ImageBuffer mask = ImageDecoder.Cover(white, settings.Width, settings.Height);
            form.Add(Png(ImageDecoder.WithHoles(input, mask)), "mask", "mask.png");
        }

        return form;
    }

    private static ByteArrayContent Png(byte[] bytes) => new(bytes) { Headers = { ContentType = new MediaTypeHeaderValue("image/png") } };

    private static async Task<List<ImageBuffer>> PicturesAsync(
        HttpClient http, ModelDefinition model, RemoteModel remote, string body, CancellationToken cancellation)
    {
        List<ImageBuffer> pictures = [];
        try
        {
            JsonArray? data = JsonNode.Parse(body)?["data"] as JsonArray;
            foreach (JsonNode? entry in data ?? [])
            {
                byte[] bytes = entry?["b64_json"]?.GetValue<string>() is { } text
                    ? Convert.FromBase64String(text)
                    : await FetchAsync(http, remote, entry?["url"]?.GetValue<string>(), cancellation).ConfigureAwait(false);
                pictures.Add(ImageDecoder.Read(bytes, "the picture of the other server", ImageBuffer.MaxPixels));
            }

            return pictures;
        }
        catch (Exception exception) when (exception is JsonException or FormatException or InvalidOperationException or HttpRequestException or BadRequestException)
        {
            pictures.ForEach(picture => picture.Dispose());
            throw new SdException(SdError.GenerationFailed, $"The server of model {model.Id} sent no picture that can be read: {Shown(exception.Message)}", exception);
        }
    }

    // The key is for the server that was named, not for wherever it keeps its pictures.
    private static async Task<byte[]> FetchAsync(HttpClient http, RemoteModel remote, string? url, CancellationToken cancellation)
    {
        if (!Uri.TryCreate(remote.Address, url ?? throw new FormatException("neither b64_json nor url"), out Uri? address) || address.Scheme is not ("http" or "https"))
            throw new FormatException("its url is no address");
        if (Uri.Compare(address, remote.Address, UriComponents.SchemeAndServer, UriFormat.Unescaped, StringComparison.OrdinalIgnoreCase) != 0)
            http.DefaultRequestHeaders.Authorization = null;
        return await http.GetByteArrayAsync(address, cancellation).ConfigureAwait(false);
    }

    private static SdException Refused(ModelDefinition model, HttpStatusCode status, string body)
    {
        string said = Shown(MessageOf(body));
        return status switch
        {
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => new SdException(
                SdError.GenerationFailed, $"The server of model {model.Id} does not accept its key (api_key in the catalogue): {said}"),
            HttpStatusCode.NotFound => new SdException(
                SdError.GenerationFailed, $"The server of model {model.Id} has no such model or no images API (api and api_model in the catalogue): {said}"),
            HttpStatusCode.TooManyRequests => new SdException(SdError.Busy, $"The server of model {model.Id} has too much to do: {said}"),
            _ => new SdException(SdError.GenerationFailed, $"The server of model {model.Id} answered {(int)status}: {said}"),
        };
    }

    // OpenAI's shape, ours, and that of everybody else.
    private static string MessageOf(string body)
    {
        try
        {
            JsonNode? error = JsonNode.Parse(body)?["error"];
            return (error as JsonObject)?["message"]?.ToString() ?? error?.ToString() ?? body;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return body;
        }
    }

    private static string Shown(string text) => text.Length > MaxShownCharacters ? text[..MaxShownCharacters] + "…" : text;

    [LoggerMessage(Level = LogLevel.Warning, Message = "Job {Job}: the other server takes only what OpenAI's API has ({Reason}); it is asked again without steps, seed and the like")]
    private partial void LogWithoutExtras(string job, string reason);
}
