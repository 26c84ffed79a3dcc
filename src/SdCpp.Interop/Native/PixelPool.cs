using System.Collections.Concurrent;
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

    private static readonly ConcurrentDictionary<nuint, ConcurrentBag<nint>> Kept = new();
    private static long _keptBytes;

    public static byte* Rent(nuint bytes, out nuint capacity)
    {
        capacity = Bucket(bytes);
        if (Kept.TryGetValue(capacity, out ConcurrentBag<nint>? blocks) && blocks.TryTake(out nint block))
        {
            Interlocked.Add(ref _keptBytes, -(long)capacity);
            return (byte*)block;
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
        if (Interlocked.Add(ref _keptBytes, (long)capacity) > MaxKeptBytes)
        {
            Interlocked.Add(ref _keptBytes, -(long)capacity);
            NativeMemory.AlignedFree(block);
            return;
        }

        Kept.GetOrAdd(capacity, static _ => []).Add((nint)block);
    }

    // Four sizes between powers of two: at most a quarter of a block is unused.
    private static nuint Bucket(nuint bytes)
    {
        nuint size = Math.Max(bytes, SmallestBlock);
        nuint step = Math.Max(SmallestBlock / 4, (nuint)BitOperations.RoundUpToPowerOf2((ulong)size) / 8);
        return (size + step - 1) / step * step;
    }
}
