namespace SdCpp.Interop;

/// <summary>How image files are written. PNG is built in; other packages bring others.</summary>
public abstract class ImageFormat
{
    /// <summary>PNG: 8 bits a channel, lossless.</summary>
    public static ImageFormat Png { get; } = new PngFormat();

    /// <summary>The format's name, e.g. <c>PNG</c>.</summary>
    public abstract string Name { get; }

    /// <summary>The endings of its files with the dot, lower case, e.g. <c>.png</c>.</summary>
    public abstract IReadOnlyList<string> Extensions { get; }

    /// <summary>Writes an image.</summary>
    /// <param name="image">1 or 3 channels.</param>
    /// <param name="stream">Where to; left open.</param>
    public abstract void Save(ImageBuffer image, Stream stream);

    /// <summary>Reads an image.</summary>
    /// <param name="stream">Where from; left open.</param>
    /// <param name="channels">1 or 3: what the result has, whatever the file has.</param>
    /// <exception cref="SdException"><see cref="SdError.ImageFileInvalid"/>.</exception>
    public abstract ImageBuffer Load(Stream stream, int channels);

    private sealed class PngFormat : ImageFormat
    {
        public override string Name => "PNG";

        public override IReadOnlyList<string> Extensions { get; } = [".png"];

        public override void Save(ImageBuffer image, Stream stream)
        {
            ArgumentNullException.ThrowIfNull(image);
            ArgumentNullException.ThrowIfNull(stream);
            image.Enter();
            try
            {
                PngWriter.Write(stream, image);
            }
            finally
            {
                image.Leave();
            }
        }

        public override ImageBuffer Load(Stream stream, int channels)
        {
            ArgumentNullException.ThrowIfNull(stream);
            return PngReader.Read(stream, channels);
        }
    }
}
