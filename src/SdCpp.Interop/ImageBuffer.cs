using System.Runtime.InteropServices;
using CommunityToolkit.HighPerformance;
using SdCpp.Interop.Native;

namespace SdCpp.Interop;

/// <summary>
/// The pixels of an image: width × height × channels bytes, row-major, interleaved, no padding. The memory does not move, so native code
/// can read it in place, and it comes from a pool, so generating many images allocates nothing. <see cref="Dispose"/> gives it back; what
/// is never disposed is left to the garbage collector, which counts it like any other array. A span taken from it stays valid as long as
/// the span is used: its memory never becomes another image's.
/// </summary>
public sealed unsafe partial class ImageBuffer : IDisposable
{
    /// <summary>Largest width or height, pixels.</summary>
    public const int MaxSide = 16384;

    /// <summary>Largest width × height, pixels.</summary>
    public const int MaxPixels = 67_108_864;

    // A cache line; also what vector code likes.
    private const int Alignment = 64;

    private readonly byte[] _block;
    private readonly int _offset;

    // Who reads or writes the memory: the owner until Dispose, and every call that has it as its input.
    private int _users = 1;
    private int _disposed;

    // Set when somebody outside got a span or memory, which may be used long after the buffer: then only the garbage collector knows.
    private volatile bool _lent;

    private ImageBuffer(int width, int height, int channels)
    {
        Width = width;
        Height = height;
        Channels = channels;
        Length = checked(width * height * channels);
        _block = PixelPool.Rent(Length + Alignment);
        _offset = (int)((Alignment - (AddressOf(_block) & (Alignment - 1))) & (Alignment - 1));
    }

    /// <summary>Width, pixels.</summary>
    public int Width { get; }

    /// <summary>Height, pixels.</summary>
    public int Height { get; }

    /// <summary>1 (grey) or 3 (red, green, blue).</summary>
    public int Channels { get; }

    /// <summary>Bytes: width × height × channels.</summary>
    public int Length { get; }

    /// <summary>All pixels.</summary>
    /// <exception cref="ObjectDisposedException">The buffer was disposed.</exception>
    public Span<byte> Span => Memory.Span;

    /// <summary>All pixels, as <see cref="Span"/>.</summary>
    /// <exception cref="ObjectDisposedException">The buffer was disposed.</exception>
    public Memory<byte> Memory
    {
        get
        {
            if (_lent)
            {
                ThrowIfDisposed();
            }
            else
            {
                // Between the two nobody can give the block back.
                Enter();
                _lent = true;
                Leave();
            }

            return _block.AsMemory(_offset, Length);
        }
    }

    /// <summary>
    /// The address of the first pixel, for native code. The address keeps nothing alive: it is valid until <see cref="Dispose"/>, and only
    /// while this object is reachable (<see cref="GC.KeepAlive"/>).
    /// </summary>
    /// <exception cref="ObjectDisposedException">The buffer was disposed.</exception>
    public nint Address
    {
        get
        {
            ThrowIfDisposed();
            return AddressOf(_block) + _offset;
        }
    }

    /// <summary>The pixels as rows of <see cref="Rgb24"/>; [row, column].</summary>
    /// <exception cref="InvalidOperationException">The image has not 3 channels.</exception>
    /// <exception cref="ObjectDisposedException">The buffer was disposed.</exception>
    public Span2D<Rgb24> Pixels => Channels == 3
        ? MemoryMarshal.Cast<byte, Rgb24>(Span).AsSpan2D(Height, Width)
        : throw new InvalidOperationException($"The image has {Channels} channel(s), not 3.");

    /// <summary>The pixels, for code that is done with them before the image can be disposed.</summary>
    internal Span<byte> Raw => _block.AsSpan(_offset, Length);

    internal bool IsDisposed => Volatile.Read(ref _disposed) != 0;

    /// <summary>Makes a black image.</summary>
    /// <param name="width">1 to <see cref="MaxSide"/> pixels.</param>
    /// <param name="height">1 to <see cref="MaxSide"/> pixels; width × height at most <see cref="MaxPixels"/>.</param>
    /// <param name="channels">1 or 3.</param>
    /// <exception cref="SdException"><see cref="SdError.InvalidArgument"/>, <see cref="SdError.OutOfMemory"/>.</exception>
    public static ImageBuffer Create(int width, int height, int channels = 3)
    {
        ImageBuffer image = Rent(width, height, channels);
        image.Raw.Clear();
        return image;
    }

    /// <summary>Makes an image of copied pixels.</summary>
    /// <param name="pixels">Exactly width × height × channels bytes, row-major.</param>
    /// <param name="width">As in <see cref="Create"/>.</param>
    /// <param name="height">As in <see cref="Create"/>.</param>
    /// <param name="channels">1 or 3.</param>
    /// <exception cref="SdException"><see cref="SdError.InvalidArgument"/>, <see cref="SdError.OutOfMemory"/>.</exception>
    public static ImageBuffer FromPixels(ReadOnlySpan<byte> pixels, int width, int height, int channels = 3)
    {
        CheckSize(width, height, channels);
        int expected = width * height * channels;
        if (pixels.Length != expected)
        {
            throw new SdException(
                SdError.InvalidArgument, $"{width}x{height} pixels of {channels} channel(s) have {expected} bytes; {pixels.Length} were given.")
            { Option = nameof(pixels) };
        }

        var image = new ImageBuffer(width, height, channels);
        pixels.CopyTo(image.Raw);
        return image;
    }

    /// <summary>Gives the memory back; a call that still reads it does so at its end.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
            Leave();
    }

    /// <summary>An image with any content: whoever asks fills it.</summary>
    internal static ImageBuffer Rent(int width, int height, int channels = 3)
    {
        CheckSize(width, height, channels);
        return new ImageBuffer(width, height, channels);
    }

    /// <summary>Keeps the memory from being given back until <see cref="Leave"/>, whoever disposes the image meanwhile.</summary>
    /// <exception cref="ObjectDisposedException">The image is disposed.</exception>
    internal void Enter()
    {
        int users = Volatile.Read(ref _users);
        while (true)
        {
            ObjectDisposedException.ThrowIf(users == 0 || IsDisposed, this);
            int seen = Interlocked.CompareExchange(ref _users, users + 1, users);
            if (seen == users)
                return;
            users = seen;
        }
    }

    internal void Leave()
    {
        if (Interlocked.Decrement(ref _users) == 0 && !_lent)
            PixelPool.Return(_block);
    }

    /// <summary>The address for a call that has entered: the image may be disposed by now.</summary>
    internal nint EnteredAddress => AddressOf(_block) + _offset;

    private static nint AddressOf(byte[] pinned) => (nint)System.Runtime.CompilerServices.Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(pinned));

    private static void CheckSize(int width, int height, int channels)
    {
        if (width is < 1 or > MaxSide || height is < 1 or > MaxSide || (long)width * height > MaxPixels)
        {
            throw new SdException(
                SdError.InvalidArgument,
                $"An image of {width}x{height} is not possible: each side is 1 to {MaxSide} pixels, and both together have at most {MaxPixels} pixels.")
            { Option = width is < 1 or > MaxSide ? nameof(Width) : nameof(Height) };
        }

        if (channels is not (1 or 3))
            throw new SdException(SdError.InvalidArgument, $"An image of {channels} channels is not possible: it has 1 or 3.") { Option = nameof(Channels) };
    }

    private void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(IsDisposed, this);
}
