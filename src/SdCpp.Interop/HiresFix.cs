namespace SdCpp.Interop;

/// <summary>
/// A second pass: the image is generated at the size of the request, upscaled and sampled once more, so that a large one keeps one
/// composition. The result has the larger size.
/// </summary>
public sealed record HiresFix
{
    /// <summary>
    /// What upscales: <c>Lanczos</c>, <c>Nearest</c>, <c>Model</c>, or, without leaving latent space, <c>Latent</c>, <c>Latent (nearest)</c>,
    /// <c>Latent (nearest-exact)</c>, <c>Latent (antialiased)</c>, <c>Latent (bicubic)</c>, <c>Latent (bicubic antialiased)</c>.
    /// </summary>
    public string Upscaler { get; init; } = "Lanczos";

    /// <summary>The ESRGAN file of upscaler <c>Model</c>. It is inspected before the engine sees it.</summary>
    public string? ModelPath { get; init; }

    /// <summary>How many times wider and higher the result is, 1 to 16. Not looked at when <see cref="Width"/> and <see cref="Height"/> are given.</summary>
    public float Scale { get; init; } = 2;

    /// <summary>Width of the result, pixels, not smaller than the request's; null for <see cref="Scale"/>. Goes with <see cref="Height"/>.</summary>
    public int? Width { get; init; }

    /// <summary>Height of the result, pixels, as <see cref="Width"/>.</summary>
    public int? Height { get; init; }

    /// <summary>Steps of the second pass, 1 to <see cref="ImageRequest.MaxSteps"/>, of which <see cref="Strength"/> is done; 0 for the request's.</summary>
    public int Steps { get; init; }

    /// <summary>How far the second pass may leave the first, 0 to 1.</summary>
    public float Strength { get; init; } = 0.7f;

    /// <summary>Side of the tiles that upscaler <c>Model</c> cuts its input into, 16 to 4096 pixels.</summary>
    public int TileSize { get; init; } = 128;

    /// <summary>The sigmas of the second pass in place of the scheduler's, as <see cref="ImageRequest.Sigmas"/>.</summary>
    public IReadOnlyList<float>? Sigmas { get; init; }
}
