namespace SdCpp.Interop;

public sealed partial class ImageBuffer
{
    /// <summary>Writes the image to a PNG file: 8 bits a channel, RGB or grey, without settings or a colour profile in it.</summary>
    /// <param name="path">The file, which ends in <c>.png</c>; one that exists is replaced. Its folder must exist.</param>
    /// <exception cref="SdException"><see cref="SdError.NotSupported"/>: the path ends in something else.</exception>
    /// <exception cref="ObjectDisposedException">The image is disposed.</exception>
    /// <exception cref="IOException">The file cannot be written, or its folder does not exist.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be written, or <paramref name="path"/> is a folder.</exception>
    public void Save(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        Save(path, FormatOf(path));
    }

    /// <summary>Writes the image to a file.</summary>
    /// <param name="path">The file; one that exists is replaced. Its folder must exist.</param>
    /// <param name="format">How it is written.</param>
    /// <exception cref="ObjectDisposedException">The image is disposed.</exception>
    /// <exception cref="IOException">The file cannot be written, or its folder does not exist.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be written, or <paramref name="path"/> is a folder.</exception>
    public void Save(string path, ImageFormat format)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(format);
        ThrowIfDisposed();
        using FileStream file = File.Create(path);
        format.Save(this, file);
    }

    /// <summary>Writes the image to a stream, as a PNG file.</summary>
    /// <param name="to">Where to; left open.</param>
    /// <exception cref="ObjectDisposedException">The image is disposed.</exception>
    public void Save(Stream to) => Save(to, ImageFormat.Png);

    /// <summary>Writes the image to a stream.</summary>
    /// <param name="to">Where to; left open.</param>
    /// <param name="format">How it is written.</param>
    /// <exception cref="ObjectDisposedException">The image is disposed.</exception>
    public void Save(Stream to, ImageFormat format)
    {
        ArgumentNullException.ThrowIfNull(to);
        ArgumentNullException.ThrowIfNull(format);
        ThrowIfDisposed();
        format.Save(this, to);
    }

    /// <summary>Writes the image to a stream that takes no synchronous writes, as the body of a web response.</summary>
    /// <param name="to">Where to; left open.</param>
    /// <param name="format">Null for <see cref="ImageFormat.Png"/>.</param>
    /// <param name="cancellation">Stops writing.</param>
    /// <exception cref="ObjectDisposedException">The image is disposed.</exception>
    public async Task SaveAsync(Stream to, ImageFormat? format = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(to);
        using var encoded = new MemoryStream();
        Save(encoded, format ?? ImageFormat.Png);
        await to.WriteAsync(encoded.GetBuffer().AsMemory(0, (int)encoded.Length), cancellation).ConfigureAwait(false);
    }

    /// <summary>The image as the bytes of a file.</summary>
    /// <param name="format">Null for <see cref="ImageFormat.Png"/>.</param>
    /// <exception cref="ObjectDisposedException">The image is disposed.</exception>
    public byte[] ToArray(ImageFormat? format = null)
    {
        using var encoded = new MemoryStream();
        Save(encoded, format ?? ImageFormat.Png);
        return encoded.ToArray();
    }

    /// <summary>Reads a PNG file of any kind, as 3 channels. Transparent pixels are read as they look on white.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="SdException"><see cref="SdError.ImageFileInvalid"/>: it is no such image, or a damaged one. <see cref="SdError.InvalidArgument"/>: it is too large.</exception>
    /// <exception cref="IOException">There is no such file, or it cannot be read.</exception>
    public static ImageBuffer Load(string path) => Load(path, channels: 3);

    /// <summary>Reads a PNG file, as <see cref="Load(string)"/>.</summary>
    /// <param name="path">The file.</param>
    /// <param name="channels">What the image shall have: 3 (an input image) or 1 (a mask).</param>
    /// <exception cref="SdException">As for <see cref="Load(string)"/>.</exception>
    public static ImageBuffer Load(string path, int channels) => Load(path, channels, ImageFormat.Png);

    /// <summary>Reads an image file, as <see cref="Load(string)"/>.</summary>
    /// <param name="path">The file.</param>
    /// <param name="channels">3 or 1.</param>
    /// <param name="format">How it is written.</param>
    /// <exception cref="SdException">As for <see cref="Load(string)"/>.</exception>
    public static ImageBuffer Load(string path, int channels, ImageFormat format)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        using FileStream file = File.OpenRead(path);
        try
        {
            return Load(file, channels, format);
        }
        catch (SdException exception) when (exception.File is null)
        {
            throw new SdException(exception.Code, $"{path}: {exception.Message}", exception) { File = path };
        }
    }

    /// <summary>Reads a PNG file from a stream, as <see cref="Load(string)"/>.</summary>
    /// <param name="from">Where from; left open.</param>
    /// <exception cref="SdException">As for <see cref="Load(string)"/>.</exception>
    public static ImageBuffer Load(Stream from) => Load(from, channels: 3);

    /// <summary>Reads a PNG file from a stream, as <see cref="Load(string)"/>.</summary>
    /// <param name="from">Where from; left open.</param>
    /// <param name="channels">3 or 1.</param>
    /// <exception cref="SdException">As for <see cref="Load(string)"/>.</exception>
    public static ImageBuffer Load(Stream from, int channels) => Load(from, channels, ImageFormat.Png);

    /// <summary>Reads an image from a stream, as <see cref="Load(string)"/>.</summary>
    /// <param name="from">Where from; left open.</param>
    /// <param name="channels">3 or 1.</param>
    /// <param name="format">How it is written.</param>
    /// <exception cref="SdException">As for <see cref="Load(string)"/>.</exception>
    public static ImageBuffer Load(Stream from, int channels, ImageFormat format)
    {
        ArgumentNullException.ThrowIfNull(from);
        ArgumentNullException.ThrowIfNull(format);
        CheckSize(1, 1, channels);
        return format.Load(from, channels);
    }

    private static ImageFormat FormatOf(string path)
    {
        string extension = Path.GetExtension(path).ToLowerInvariant();
        return ImageFormat.Png.Extensions.Contains(extension) ? ImageFormat.Png : throw new SdException(
            SdError.NotSupported, $"{path}: without a format, an image is written as PNG, in a file that ends in .png. Give the {nameof(ImageFormat)} of another.")
        { File = path };
    }
}
