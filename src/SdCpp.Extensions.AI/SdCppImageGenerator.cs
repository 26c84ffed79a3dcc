using Microsoft.Extensions.AI;

namespace SdCpp.Interop;

/// <summary>
/// An <see cref="IImageGenerator"/> over a model that this process has loaded. <see cref="ImageGenerationOptions.AdditionalProperties"/> may have
/// <c>negative_prompt</c>, <c>steps</c>, <c>cfg_scale</c>, <c>guidance</c>, <c>seed</c>, <c>sampler</c>, <c>scheduler</c>, <c>strength</c> and <c>clip_skip</c>; anything else is refused by its name.
/// </summary>
public sealed class SdCppImageGenerator : IImageGenerator
{
    private const string Png = "image/png";
    private readonly Func<CancellationToken, Task<DiffusionModel>> _model;
    private readonly ImageGeneratorMetadata _metadata;

    /// <summary>Generates with a model that the caller has loaded and frees.</summary>
    /// <param name="model">The model.</param>
    public SdCppImageGenerator(DiffusionModel model)
        : this(_ => Task.FromResult(model)) => ArgumentNullException.ThrowIfNull(model);

    /// <summary>Generates with a model that is asked for when the first image is, e.g. <c>SdCppModel.GetAsync</c>.</summary>
    /// <param name="model">Gives the model; it stays its own.</param>
    /// <param name="modelId">What it is called in logs and telemetry; null for nothing.</param>
    public SdCppImageGenerator(Func<CancellationToken, Task<DiffusionModel>> model, string? modelId = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        _model = model;
        _metadata = new ImageGeneratorMetadata("stable-diffusion.cpp", providerUri: null, modelId);
    }

    /// <inheritdoc/>
    public async Task<ImageGenerationResponse> GenerateAsync(ImageGenerationRequest request, ImageGenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        var more = new GeneratorOptions(options);
        if (options?.ModelId is { } id && id != _metadata.DefaultModelId)
            throw new ArgumentException($"ModelId is '{id}'; this generator has one model{(_metadata.DefaultModelId is { } own ? $", {own}" : "")}", nameof(options));
        if (options?.ResponseFormat == ImageGenerationResponseFormat.Uri)
            throw new ArgumentException("ResponseFormat.Uri: an image of this process has no address; allowed is Data", nameof(options));
        ImageFormat format = FormatOf(options?.MediaType);
        DiffusionModel model = await _model(cancellationToken).ConfigureAwait(false);
        using ImageBuffer? input = InputOf(request);
        using GenerationResult result = input is null
            ? await model.TextToImageAsync((TextToImageRequest)Filled(new TextToImageRequest(), request, options, more), cancellation: cancellationToken).ConfigureAwait(false)
            : await model.ImageToImageAsync(
                (ImageToImageRequest)Filled(
                    new ImageToImageRequest { Image = input, Width = input.Width, Height = input.Height, Strength = more.Number("strength") ?? 0.75f }, request, options, more),
                cancellation: cancellationToken).ConfigureAwait(false);
        return new ImageGenerationResponse([.. result.Images.Select(image => Content(image, format, options?.MediaType ?? Png))]);
    }

    /// <inheritdoc/>
    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        return serviceKey is not null ? null : serviceType == typeof(ImageGeneratorMetadata) ? _metadata : serviceType.IsInstanceOfType(this) ? this : null;
    }

    /// <summary>Frees nothing: the model is its giver's.</summary>
    public void Dispose()
    {
    }

    private static ImageRequest Filled(ImageRequest empty, ImageGenerationRequest request, ImageGenerationOptions? options, GeneratorOptions more) => empty with
    {
        Prompt = request.Prompt ?? "",
        NegativePrompt = more.Text("negative_prompt") ?? "",
        Width = options?.ImageSize?.Width ?? empty.Width,
        Height = options?.ImageSize?.Height ?? empty.Height,
        Steps = more.Integer("steps"),
        CfgScale = more.Number("cfg_scale"),
        Guidance = more.Number("guidance"),
        Seed = more.Long("seed"),
        Sampler = more.Text("sampler"),
        Scheduler = more.Text("scheduler"),
        ClipSkip = more.Integer("clip_skip") ?? 0,
        BatchCount = options?.Count ?? 1,
    };

    private static ImageBuffer? InputOf(ImageGenerationRequest request)
    {
        AIContent[] images = [.. request.OriginalImages ?? []];
        if (images.Length > 1)
            throw new ArgumentException($"OriginalImages has {images.Length} images; this generator takes one", nameof(request));
        if (images.Length == 0)
            return null;
        if (images[0] is not DataContent data)
            throw new ArgumentException($"OriginalImages has {images[0].GetType().Name}; send the image itself, as DataContent", nameof(request));
        using var stream = new MemoryStream(data.Data.ToArray());
        return ImageBuffer.Load(stream);
    }

    private static DataContent Content(GeneratedImage image, ImageFormat format, string mediaType) => new(image.Image.ToArray(format), mediaType)
    {
        AdditionalProperties = new AdditionalPropertiesDictionary { ["seed"] = image.Seed },
    };

    private static ImageFormat FormatOf(string? mediaType) => mediaType switch
    {
        null or Png => ImageFormat.Png,
        _ => throw new ArgumentException($"MediaType is '{mediaType}'; allowed is {Png}", nameof(mediaType)),
    };
}
