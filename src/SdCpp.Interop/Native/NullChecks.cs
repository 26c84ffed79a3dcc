using System.Diagnostics.CodeAnalysis;

namespace SdCpp.Interop.Native;

/// <summary>Refuses nulls where a request or options cannot have them: whoever reads them from JSON gets them there easily.</summary>
internal static class NullChecks
{
    public static void Check(ImageRequest request)
    {
        NotNull(request.Prompt, nameof(request.Prompt));
        NotNull(request.NegativePrompt, nameof(request.NegativePrompt));
        Each(request.Loras, nameof(request.Loras), static (lora, at) => NotNull(lora.Path, $"{at}.{nameof(lora.Path)}"));
        Each(request.ReferenceImages, nameof(request.ReferenceImages));
        if (request.Control is { } control)
            NotNull(control.Image, "Control.Image");
        if (request.IpAdapter is { } adapter)
            NotNull(adapter.Image, "IpAdapter.Image");
        if (request.PhotoMaker is { } person)
            Each(person.Images, "PhotoMaker.Images");
        if (request.Pulid is { } face)
            NotNull(face.EmbeddingPath, "Pulid.EmbeddingPath");
        if (request.SkipLayers is { } skip)
            NotNull(skip.Layers, "SkipLayers.Layers");
        if (request.Cache is { } cache)
            NotNull(cache.Mode, "Cache.Mode");
        if (request.Hires is { } hires)
            NotNull(hires.Upscaler, "Hires.Upscaler");
        Values(request.EngineOptions, nameof(request.EngineOptions));
        if (request is ImageToImageRequest from)
            NotNull(from.Image, nameof(from.Image));
    }

    public static void Check(VideoRequest request)
    {
        NotNull(request.Prompt, nameof(request.Prompt));
        NotNull(request.NegativePrompt, nameof(request.NegativePrompt));
        Each(request.Loras, nameof(request.Loras), static (lora, at) => NotNull(lora.Path, $"{at}.{nameof(lora.Path)}"));
        Each(request.ControlFrames, nameof(request.ControlFrames));
        if (request.SkipLayers is { } skip)
            NotNull(skip.Layers, "SkipLayers.Layers");
        if (request.Cache is { } cache)
            NotNull(cache.Mode, "Cache.Mode");
        Values(request.EngineOptions, nameof(request.EngineOptions));
    }

    public static void Check(DiffusionModelOptions options)
    {
        Values(options.Embeddings, nameof(options.Embeddings));
        Values(options.EngineOptions, nameof(options.EngineOptions));
    }

    private static void Each<T>(IReadOnlyList<T>? list, string name, Action<T, string>? check = null)
    {
        NotNull(list, name);
        for (int i = 0; i < list.Count; i++)
        {
            if (list[i] is not { } item)
                throw Missing($"{name}[{i}]", name);
            check?.Invoke(item, $"{name}[{i}]");
        }
    }

    private static void Values(IReadOnlyDictionary<string, string>? values, string name)
    {
        if (values is null)
            return;
        foreach ((string key, string value) in values)
        {
            if (value is null)
                throw Missing($"{name}[\"{key}\"]", name);
        }
    }

    private static void NotNull([NotNull] object? value, string name)
    {
        if (value is null)
            throw Missing(name, name);
    }

    private static ArgumentException Missing(string what, string name) => new($"{what} is null; give a value, or leave the property out.", name);
}
