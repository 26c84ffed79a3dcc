using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Extensions.AI;

namespace SdCpp.Interop;

/// <summary>
/// An <see cref="IImageGenerator"/> over a running SdStudio server. The server reads the options of <see cref="ImageGenerationOptions.AdditionalProperties"/>, which are
/// those of <see cref="SdCppImageGenerator"/>; anything else is refused by its name.
/// </summary>
public sealed class StudioImageGenerator : IImageGenerator
{
    private const string Png = "image/png";
    private static readonly string[] MediaTypes = [Png, "image/jpeg", "image/webp"];
    private readonly HttpClient _http;
    private readonly ImageGeneratorMetadata _metadata;

    /// <param name="http">Its <see cref="HttpClient.BaseAddress"/> is the server's; its key, if it has one, is in the header <c>Authorization: Bearer KEY</c>. It stays its giver's.</param>
    /// <param name="modelId">The model that generates where no request names one.</param>
    public StudioImageGenerator(HttpClient http, string modelId)
    {
        ArgumentNullException.ThrowIfNull(http);
        ArgumentException.ThrowIfNullOrEmpty(modelId);
        _http = http;
        _metadata = new ImageGeneratorMetadata("sdstudio", http.BaseAddress, modelId);
    }

    /// <inheritdoc/>
    public async Task<ImageGenerationResponse> GenerateAsync(ImageGenerationRequest request, ImageGenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        var more = new GeneratorOptions(options);
        string mediaType = options?.MediaType ?? Png;
        if (!MediaTypes.Contains(mediaType, StringComparer.Ordinal))
            throw new ArgumentException($"MediaType is '{mediaType}'; allowed is one of {string.Join(", ", MediaTypes)}", nameof(options));
        DataContent[] images = ImagesOf(request);
        using MultipartFormDataContent form = Form(request, images, options, more);
        using HttpResponseMessage response = await _http.PostAsync(new Uri(images.Length == 0 ? "api/generate" : "api/edit", UriKind.Relative), form, cancellationToken).ConfigureAwait(false);
        GeneratedAnswer answer = await ReadAsync(response, cancellationToken).ConfigureAwait(false);
        List<AIContent> contents = [];
        foreach (GeneratedAnswerImage image in answer.Data ?? [])
        {
            var address = new Uri($"api/images/{image.Id}{(mediaType == Png ? "" : $"?format={mediaType["image/".Length..]}")}", UriKind.Relative);
            contents.Add(options?.ResponseFormat == ImageGenerationResponseFormat.Uri
                ? new UriContent(new Uri(_http.BaseAddress!, address), mediaType)
                : new DataContent(await _http.GetByteArrayAsync(address, cancellationToken).ConfigureAwait(false), mediaType));
        }

        return new ImageGenerationResponse(contents) { RawRepresentation = answer.Id };
    }

    /// <inheritdoc/>
    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        return serviceKey is not null ? null : serviceType == typeof(ImageGeneratorMetadata) ? _metadata : serviceType.IsInstanceOfType(this) ? this : null;
    }

    /// <summary>Frees nothing: the client is its giver's.</summary>
    public void Dispose()
    {
    }

    private MultipartFormDataContent Form(ImageGenerationRequest request, DataContent[] images, ImageGenerationOptions? options, GeneratorOptions more)
    {
        var form = new MultipartFormDataContent
        {
            { new StringContent(options?.ModelId ?? _metadata.DefaultModelId!), "model" },
            { new StringContent(request.Prompt ?? ""), "prompt" },
            { new StringContent((options?.Count ?? 1).ToString(CultureInfo.InvariantCulture)), "n" },
        };
        if (options?.ImageSize is { } size)
            form.Add(new StringContent(string.Create(CultureInfo.InvariantCulture, $"{size.Width}x{size.Height}")), "size");
        foreach ((string name, object? value) in more.All)
            form.Add(new StringContent(GeneratorOptions.Written(value!)), name);
        foreach (DataContent image in images)
        {
            var file = new ByteArrayContent(image.Data.ToArray());
            file.Headers.ContentType = new MediaTypeHeaderValue(image.MediaType);
            form.Add(file, "image", "image");
        }

        return form;
    }

    private static DataContent[] ImagesOf(ImageGenerationRequest request)
    {
        AIContent[] images = [.. request.OriginalImages ?? []];
        return Array.Find(images, image => image is not DataContent) is { } other
            ? throw new ArgumentException($"OriginalImages has {other.GetType().Name}; send the image itself, as DataContent", nameof(request))
            : [.. images.Cast<DataContent>()];
    }

    private static async Task<GeneratedAnswer> ReadAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        GeneratedAnswer? answer;
        try
        {
            answer = await response.Content.ReadFromJsonAsync(StudioJson.Default.GeneratedAnswer, cancellation).ConfigureAwait(false);
        }
        catch (JsonException)
        {
            answer = null;
        }

        if (answer?.Error is { } error)
            throw new HttpRequestException(answer.Detail is { } detail ? $"{error}. {detail}" : error, inner: null, response.StatusCode);
        response.EnsureSuccessStatusCode();
        return answer?.Data is not null
            ? answer
            : throw new HttpRequestException($"The job {answer?.Id} has not ended in the time that the server waits; GET /api/queue/{answer?.Id} shows its status", inner: null, response.StatusCode);
    }
}

internal sealed record GeneratedAnswer(string? Id, GeneratedAnswerImage[]? Data, string? Error, string? Detail);

internal sealed record GeneratedAnswerImage(string Id);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(GeneratedAnswer))]
internal sealed partial class StudioJson : JsonSerializerContext;
