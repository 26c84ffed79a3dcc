namespace SdCpp.Interop;

/// <summary>The sound of a video.</summary>
/// <param name="SampleRate">Samples a second.</param>
/// <param name="Channels">1, or 2 for stereo.</param>
/// <param name="Samples">The channels' samples in turn, about -1 to 1.</param>
public sealed record AudioClip(int SampleRate, int Channels, ReadOnlyMemory<float> Samples)
{
    /// <summary>How long it sounds.</summary>
    public TimeSpan Duration => TimeSpan.FromSeconds((double)Samples.Length / Channels / SampleRate);
}

/// <summary>A video that a call generated. Dispose gives the pixels back.</summary>
public sealed class GeneratedVideo : IDisposable
{
    internal GeneratedVideo(IReadOnlyList<ImageBuffer> frames, int fps, long seed, AudioClip? audio)
    {
        Frames = frames;
        Fps = fps;
        Seed = seed;
        Audio = audio;
    }

    /// <summary>The frames in their order, each width × height × 3.</summary>
    public IReadOnlyList<ImageBuffer> Frames { get; }

    /// <summary>Frames a second: what was asked for, or what the model always makes.</summary>
    public int Fps { get; }

    /// <summary>The seed it was generated with.</summary>
    public long Seed { get; }

    /// <summary>Its sound, as long as its frames; null where the model makes none, or was loaded without <see cref="DiffusionModelOptions.AudioVaePath"/>.</summary>
    public AudioClip? Audio { get; }

    /// <summary>How long it runs.</summary>
    public TimeSpan Duration => TimeSpan.FromSeconds((double)Frames.Count / Fps);

    /// <summary>Gives the pixels of every frame back.</summary>
    public void Dispose()
    {
        foreach (ImageBuffer frame in Frames)
            frame.Dispose();
    }
}
