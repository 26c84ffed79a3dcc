namespace SdStudio.Server.Generation;

/// <summary>The engine's own upscalers for the second pass: they work on latents, in one call with the first pass.</summary>
internal static class LatentUpscalers
{
    /// <summary>Their names, which are those of Automatic1111 too.</summary>
    public static IReadOnlyList<string> All { get; } =
        ["Latent", "Latent (antialiased)", "Latent (bicubic)", "Latent (bicubic antialiased)", "Latent (nearest)", "Latent (nearest-exact)"];

    /// <summary>The one of that name, in any case; null for none.</summary>
    public static string? Find(string? name) => All.FirstOrDefault(known => known.Equals(name?.Trim(), StringComparison.OrdinalIgnoreCase));
}
