using System.Numerics;
using System.Runtime.InteropServices;

namespace SdCpp.Interop.Native;

/// <summary>Native memory for pixels, kept for the next picture of about the same size.</summary>
internal static unsafe class PixelPool
{
    // A cache line; also what vector code likes.
    private const nuint Alignment = 64;
    private const nuint SmallestBlock = 4096;

    // Enough for a dozen 2048 x 2048 pictures; more than that goes back to the system.
    private const long MaxKeptBytes = 160L << 20;

    // A concurrent collection would allocate for every thread that gives a block back.
    private static readonly Lock KeptLock = new();
    private static readonly Dictionary<nuint, Stack<nint>> Kept = [];
    private static long _keptBytes;

    public static byte* Rent(nuint bytes, out nuint capacity)
    {
        capacity = Bucket(bytes);
        lock (KeptLock)
        {
            if (Kept.TryGetValue(capacity, out Stack<nint>? blocks) && blocks.TryPop(out nint block))
            {
                _keptBytes -= (long)capacity;
                return (byte*)block;
            }
        }

        try
        {
            return (byte*)NativeMemory.AlignedAlloc(capacity, Alignment);
        }
        catch (OutOfMemoryException exception)
        {
            throw new SdException(SdError.OutOfMemory, $"There is no memory for {bytes} bytes of pixels.", exception);
        }
    }

    public static void Return(byte* block, nuint capacity)
    {
        lock (KeptLock)
        {
            if (_keptBytes + (long)capacity <= MaxKeptBytes)
            {
                _keptBytes += (long)capacity;
                ref Stack<nint>? blocks = ref CollectionsMarshal.GetValueRefOrAddDefault(Kept, capacity, out _);
                (blocks ??= []).Push((nint)block);
                return;
            }
        }

        NativeMemory.AlignedFree(block);
    }

    // Four sizes between powers of two: at most a quarter of a block is unused.
    private static nuint Bucket(nuint bytes)
    {
        nuint size = Math.Max(bytes, SmallestBlock);
        nuint step = Math.Max(SmallestBlock / 4, (nuint)BitOperations.RoundUpToPowerOf2((ulong)size) / 8);
        return (size + step - 1) / step * step;
    }
}
