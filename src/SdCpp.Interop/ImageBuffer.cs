using System.Runtime.InteropServices;
using CommunityToolkit.HighPerformance;
using SdCpp.Interop.Native;

namespace SdCpp.Interop;

/// <summary>
/// Pixels in native memory: width × height × channels bytes, row-major, interleaved, no padding. The memory does not move, so native
/// code can read it in place, and it comes from a pool, so drawing many pictures allocates nothing. Dispose gives it back; without
/// that, the finalizer does.
/// </summary>
public sealed unsafe class ImageBuffer : IDisposable
{
    /// <summary>Largest width or height, pixels.</summary>
    public const int MaxSide = 16384;

    /// <summary>Largest width × height, pixels.</summary>
    public const int MaxPixels = 67_108_864;

    private nint _pixels;
    private readonly nuint _capacity;

    private ImageBuffer(int width, int height, int channels)
    {
        Width = width;
        Height = height;
        Channels = channels;
        Length = checked(width * height * channels);
        _pixels = (nint)PixelPool.Rent((nuint)Length, out _capacity);
    }

    /// <summary>Gives the memory back.</summary>
    ~ImageBuffer() => Release();

    /// <summary>Width, pixels.</summary>
    public int Width { get; }

    /// <summary>Height, pixels.</summary>
    public int Height { get; }

    /// <summary>1 (grey) or 3 (red, green, blue).</summary>
    public int Channels { get; }

    /// <summary>Bytes: width × height × channels.</summary>
    public int Length { get; }

    /// <summary>All pixels. Valid until <see cref="Dispose"/>.</summary>
    /// <exception cref="ObjectDisposedException">The buffer was given back.</exception>
    public Span<byte> Span => new((void*)Address, Length);

    /// <summary>The address of the first pixel, for native code. Valid until <see cref="Dispose"/>.</summary>
    /// <exception cref="ObjectDisposedException">The buffer was given back.</exception>
    public nint Address
    {
        get
        {
            nint pixels = _pixels;
            ObjectDisposedException.ThrowIf(pixels == 0, this);
            return pixels;
        }
    }

    /// <summary>The pixels as rows of <see cref="Rgb24"/>; [row, column]. Valid until <see cref="Dispose"/>.</summary>
    /// <exception cref="InvalidOperationException">The image has not 3 channels.</exception>
    /// <exception cref="ObjectDisposedException">The buffer was given back.</exception>
    public Span2D<Rgb24> Pixels => Channels == 3
        ? MemoryMarshal.Cast<byte, Rgb24>(Span).AsSpan2D(Height, Width)
        : throw new InvalidOperationException($"The image has {Channels} channel(s), not 3.");

    /// <summary>Rents memory for an image. Its content is not defined.</summary>
    /// <param name="width">1 to <see cref="MaxSide"/> pixels.</param>
    /// <param name="height">1 to <see cref="MaxSide"/> pixels; width × height at most <see cref="MaxPixels"/>.</param>
    /// <param name="channels">1 or 3.</param>
    /// <exception cref="SdException"><see cref="SdError.InvalidArgument"/>, <see cref="SdError.OutOfMemory"/>.</exception>
    public static ImageBuffer Create(int width, int height, int channels = 3)
    {
        if (width is < 1 or > MaxSide || height is < 1 or > MaxSide || (long)width * height > MaxPixels)
        {
            throw new SdException(
                SdError.InvalidArgument,
                $"An image of {width}x{height} is not possible: each side is 1 to {MaxSide} pixels, and both together have at most {MaxPixels} pixels.");
        }

        return channels is 1 or 3
            ? new ImageBuffer(width, height, channels)
            : throw new SdException(SdError.InvalidArgument, $"An image of {channels} channels is not possible: it has 1 or 3.");
    }

    /// <summary>Writes the image as a PNG file: 8 bits a channel, RGB or grey, without settings or a colour profile in it.</summary>
    /// <param name="path">The file; one that exists is replaced. Its folder must exist.</param>
    /// <exception cref="ObjectDisposedException">The buffer was given back.</exception>
    /// <exception cref="IOException">The file cannot be written, or its folder does not exist.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be written, or <paramref name="path"/> is a folder.</exception>
    public void SavePng(string path)
    {
        ObjectDisposedException.ThrowIf(_pixels == 0, this);
        using FileStream file = File.Create(path);
        PngWriter.Write(file, this);
    }

    /// <summary>Rents memory and copies pixels into it.</summary>
    /// <param name="pixels">Exactly width × height × channels bytes, row-major.</param>
    /// <param name="width">As in <see cref="Create"/>.</param>
    /// <param name="height">As in <see cref="Create"/>.</param>
    /// <param name="channels">1 or 3.</param>
    /// <exception cref="SdException"><see cref="SdError.InvalidArgument"/>, <see cref="SdError.OutOfMemory"/>.</exception>
    public static ImageBuffer FromPixels(ReadOnlySpan<byte> pixels, int width, int height, int channels = 3)
    {
        ImageBuffer image = Create(width, height, channels);
        if (pixels.Length != image.Length)
        {
            int expected = image.Length;
            image.Dispose();
            throw new SdException(
                SdError.InvalidArgument, $"{width}x{height} pixels of {channels} channel(s) have {expected} bytes; {pixels.Length} were given.");
        }

        pixels.CopyTo(image.Span);
        return image;
    }

    /// <summary>Gives the memory back to the pool. Spans and pointers to it are invalid from here on.</summary>
    public void Dispose()
    {
        Release();
        GC.SuppressFinalize(this);
    }

    private void Release()
    {
        nint pixels = Interlocked.Exchange(ref _pixels, 0);
        if (pixels != 0)
            PixelPool.Return((byte*)pixels, _capacity);
    }
}
