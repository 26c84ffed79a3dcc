using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Options;
using SdCpp.Interop;
using SdStudio.Server.Generation;
using SdStudio.Server.Images;
using SdStudio.Server.Models.Catalogue;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Workers;

/// <summary>
/// Reads what another server answers. It need not mean well: an answer has a longest length and a longest time, and whatever is not the
/// images that were asked for is an error of that server.
/// </summary>
internal sealed class RemoteAnswers(IOptions<StudioOptions> options)
{
    // What images of other sizes than asked may take; OpenAI's own has three.
    private const long MinBytes = 64L * 1024 * 1024;

    // Raw pixels as base64 and as much again.
    private const int BytesPerPixel = 8;

    private TimeSpan Patience => TimeSpan.FromSeconds(options.Value.Models.RemoteTimeoutSeconds);

    /// <exception cref="SdException">Nothing answers, not in time, or too much.</exception>
    public async Task<RemoteAnswer> SendAsync(HttpClient http, HttpRequestMessage request, GenerationSettings settings, CancellationToken cancellation)
    {
        try
        {
            using HttpResponseMessage response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation).ConfigureAwait(false);
            return new RemoteAnswer(response.StatusCode, await ReadAsync(response, LimitOf(settings), cancellation).ConfigureAwait(false));
        }
        catch (Exception exception) when (IsCut(exception))
        {
            throw new SdException(SdError.GenerationFailed, "The server of this model cut the connection before its answer was complete.", exception);
        }
        catch (HttpRequestException exception)
        {
            throw new SdException(SdError.GenerationFailed, $"The server of this model cannot be reached ({exception.HttpRequestError}); is it running, and is the address in api right?", exception);
        }
        catch (Exception exception) when (exception is Polly.Timeout.TimeoutRejectedException or OperationCanceledException && !cancellation.IsCancellationRequested)
        {
            throw new SdException(SdError.GenerationFailed, "The server of this model did not answer in time; SdStudio:Models:RemoteTimeoutSeconds is how long it may take.", exception);
        }
    }

    // A connection may break before the headers of the answer have come, or in its body.
    private static bool IsCut(Exception exception) => exception is IOException or HttpRequestException { HttpRequestError: HttpRequestError.ResponseEnded }
        or HttpRequestException { HttpRequestError: HttpRequestError.Unknown, InnerException: IOException };

    /// <summary>The images in an answer.</summary>
    /// <exception cref="SdException">There are others than were asked for.</exception>
    public async Task<List<ImageBuffer>> ImagesAsync(
        HttpClient http, ModelDefinition model, RemoteAnswer answer, GenerationSettings settings, CancellationToken cancellation)
    {
        List<ImageBuffer> received = [];
        try
        {
            using JsonDocument body = JsonDocument.Parse(answer.Body);
            JsonElement data = body.RootElement.GetProperty("data");
            if (data.GetArrayLength() != settings.Count)
                throw new FormatException($"{data.GetArrayLength()} of {settings.Count} images");
            foreach (JsonElement entry in data.EnumerateArray())
            {
                byte[] bytes = entry.TryGetProperty("b64_json", out JsonElement base64) && base64.ValueKind == JsonValueKind.String
                    ? base64.GetBytesFromBase64()
                    : await FetchAsync(http, model.Remote!, entry.TryGetProperty("url", out JsonElement url) ? url.GetString() : null, settings, cancellation).ConfigureAwait(false);
                received.Add(ImageDecoder.Read(bytes, "the image of the other server", ImageBuffer.MaxPixels));
            }

            return received;
        }
        catch (Exception exception)
        {
            received.ForEach(image => image.Dispose());
            if (exception is not (JsonException or FormatException or InvalidOperationException or KeyNotFoundException or ImageFormatException))
                throw;
            string what = exception is JsonException or InvalidOperationException or KeyNotFoundException ? "its answer is not that of an images API" : exception.Message;
            throw new SdException(SdError.GenerationFailed, $"The server of model {model.Id} did not send the images that were asked for: {RemoteAnswer.Shown(what)}", exception);
        }
    }

    // The key is for the server that was named, not for wherever it keeps its images.
    private async Task<byte[]> FetchAsync(HttpClient http, RemoteModel remote, string? url, GenerationSettings settings, CancellationToken cancellation)
    {
        if (!Uri.TryCreate(remote.Address, url ?? throw new FormatException("neither b64_json nor url"), out Uri? address) || address.Scheme is not ("http" or "https"))
            throw new FormatException("its url is no address");
        if (Uri.Compare(address, remote.Address, UriComponents.SchemeAndServer, UriFormat.Unescaped, StringComparison.OrdinalIgnoreCase) != 0)
            http.DefaultRequestHeaders.Authorization = null;
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        RemoteAnswer file = await SendAsync(http, request, settings, cancellation).ConfigureAwait(false);
        return file.Status == HttpStatusCode.OK ? file.Body : throw new FormatException($"the address of an image answered {(int)file.Status}");
    }

    private static long LimitOf(GenerationSettings settings) =>
        Math.Max(MinBytes, (long)settings.Width * settings.Height * settings.Count * BytesPerPixel);

    private async Task<byte[]> ReadAsync(HttpResponseMessage response, long limit, CancellationToken cancellation)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(Patience);
        await using Stream body = await response.Content.ReadAsStreamAsync(patience.Token).ConfigureAwait(false);
        using var read = new MemoryStream();
        var buffer = new byte[81920];
        int count;
        while ((count = await body.ReadAsync(buffer, patience.Token).ConfigureAwait(false)) > 0)
        {
            if (read.Length + count > limit)
                throw new SdException(SdError.GenerationFailed, $"The server of this model sent more than {limit >> 20} MiB, which is more than these images can be.");
            read.Write(buffer, 0, count);
        }

        return read.ToArray();
    }
}

/// <summary>What another server said.</summary>
internal sealed record RemoteAnswer(HttpStatusCode Status, byte[] Body)
{
    private const int MaxShownCharacters = 500;

    /// <summary>Its words: OpenAI's shape, ours, or that of everybody else.</summary>
    public string Message
    {
        get
        {
            try
            {
                using JsonDocument body = JsonDocument.Parse(Body);
                JsonElement error = body.RootElement.GetProperty("error");
                return Shown(error.ValueKind == JsonValueKind.Object ? error.GetProperty("message").ToString() : error.ToString());
            }
            catch (Exception exception) when (exception is JsonException or InvalidOperationException or KeyNotFoundException)
            {
                return Shown(Encoding.UTF8.GetString(Body, 0, Math.Min(Body.Length, 4 * MaxShownCharacters)));
            }
        }
    }

    public bool Mentions(string name) => Body.AsSpan().IndexOf(Encoding.UTF8.GetBytes(name)) >= 0;

    public static string Shown(string text) => text.Length > MaxShownCharacters ? text[..MaxShownCharacters] + "…" : text;
}
