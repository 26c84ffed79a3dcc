using System.Numerics;
using System.Runtime.InteropServices;

namespace SdCpp.Interop.Native;

/// <summary>
/// Memory for pixels, kept for the next image of about the same size. Pinned arrays: native code reads them in place, the garbage
/// collector counts them, and a span of one keeps it alive whatever becomes of its buffer.
/// </summary>
internal static class PixelPool
{
    private const int SmallestBlock = 4096;

    // Enough for a dozen 2048 x 2048 images; more than that is left to the garbage collector.
    private const long MaxKeptBytes = 160L << 20;

    // A concurrent collection would allocate for every thread that gives a block back.
    private static readonly Lock KeptLock = new();
    private static readonly Dictionary<int, Stack<byte[]>> Kept = [];
    private static long _keptBytes;

    /// <summary>Bytes that are kept for later images.</summary>
    public static long KeptBytes
    {
        get
        {
            lock (KeptLock)
                return _keptBytes;
        }
    }

    /// <summary>At least that many bytes, with any content.</summary>
    public static byte[] Rent(int bytes)
    {
        int capacity = Bucket(bytes);
        lock (KeptLock)
        {
            if (Kept.TryGetValue(capacity, out Stack<byte[]>? blocks) && blocks.TryPop(out byte[]? block))
            {
                _keptBytes -= capacity;
                return block;
            }
        }

        try
        {
            return GC.AllocateUninitializedArray<byte>(capacity, pinned: true);
        }
        catch (OutOfMemoryException exception)
        {
            throw new SdException(SdError.OutOfMemory, $"There is no memory for {bytes} bytes of pixels.", exception);
        }
    }

    public static void Return(byte[] block)
    {
        lock (KeptLock)
        {
            if (_keptBytes + block.Length > MaxKeptBytes)
                return;
            _keptBytes += block.Length;
            ref Stack<byte[]>? blocks = ref CollectionsMarshal.GetValueRefOrAddDefault(Kept, block.Length, out _);
            (blocks ??= []).Push(block);
        }
    }

    // Four sizes between powers of two: at most a quarter of a block is unused.
    private static int Bucket(int bytes)
    {
        int size = Math.Max(bytes, SmallestBlock);
        int step = (int)Math.Max(SmallestBlock / 4, BitOperations.RoundUpToPowerOf2((uint)size) / 8);
        return (int)(((long)size + step - 1) / step * step);
    }
}
