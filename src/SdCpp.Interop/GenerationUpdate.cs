namespace SdCpp.Interop;

/// <summary>
/// What a streamed call tells, in its order: <see cref="ProgressUpdate"/>, <see cref="PreviewUpdate"/> or <see cref="ImageUpdate"/>.
/// </summary>
public abstract record GenerationUpdate
{
    private protected GenerationUpdate()
    {
    }
}

/// <summary>A phase or step of the call.</summary>
/// <param name="Progress">Where it is.</param>
public sealed record ProgressUpdate(GenerationProgress Progress) : GenerationUpdate;

/// <summary>What an image looks like while it is sampled.</summary>
/// <param name="Preview">Whoever receives it owns its image and disposes it.</param>
public sealed record PreviewUpdate(SdPreview Preview) : GenerationUpdate;

/// <summary>A finished image.</summary>
/// <param name="Image">Whoever receives it owns it and disposes its image.</param>
/// <param name="Index">Its place among the images of the call, from 0.</param>
public sealed record ImageUpdate(GeneratedImage Image, int Index) : GenerationUpdate;
