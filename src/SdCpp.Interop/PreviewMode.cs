namespace SdCpp.Interop;

/// <summary>How previews are made.</summary>
public enum PreviewMode
{
    /// <summary>There are none.</summary>
    None = 0,

    /// <summary>A rough look at the latents; costs next to nothing.</summary>
    Projection = 1,

    /// <summary>By the small decoder of <see cref="DiffusionModelOptions.TaesdPath"/>.</summary>
    Taesd = 2,

    /// <summary>By the model's own decoder, at the cost of a decoding for each preview.</summary>
    Vae = 3,
}
