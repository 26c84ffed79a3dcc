namespace SdStudio.Server.Generation;

/// <summary>How a mask is used, and what is added around the input image.</summary>
internal sealed record InpaintSetting
{
    /// <summary>What the masked area begins from: names of <see cref="Parameters"/>' inpaint_fill.</summary>
    public const string Original = "original";
    public const string Fill = "fill";
    public const string Noise = "noise";
    public const string Nothing = "nothing";

    /// <summary>Softness of the mask's edge: the standard deviation of a Gauss, pixels of the result.</summary>
    public double Blur { get; init; }

    /// <summary>Whether what the mask shows is kept, and the rest generated.</summary>
    public bool Invert { get; init; }

    /// <summary>Whether only the masked area is generated, at the job's size, and put back into the image, which keeps its own.</summary>
    public bool OnlyMasked { get; init; }

    /// <summary>Context around the masked area, in pixels of the image.</summary>
    public int Padding { get; init; }

    /// <summary>What the masked area begins from; null for the usual.</summary>
    public string? Content { get; init; }

    /// <summary>What is added around the image; null for nothing.</summary>
    public Sides? Extend { get; init; }

    /// <summary>What the masked area begins from.</summary>
    public string ContentOrUsual => Content ?? (Extend is null ? Original : Fill);
}

/// <summary>Pixels at the sides of an image.</summary>
internal sealed record Sides(int Left, int Top, int Right, int Bottom)
{
    public ImageSize Around(ImageSize image) => new(Left + image.Width + Right, Top + image.Height + Bottom);

    /// <summary>As infotexts and forms have it: left, top, right, bottom.</summary>
    public override string ToString() => string.Join(',', Left, Top, Right, Bottom);
}
