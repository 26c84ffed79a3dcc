using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace SdCpp.Benchmarks;

/// <summary>Takes files out of the system's cache, so that the next reading comes from the disk.</summary>
internal static partial class PageCache
{
    private const int DontNeed = 4; // POSIX_FADV_DONTNEED

    /// <returns>False where the system cannot: not Linux, or a file system without it.</returns>
    public static bool Drop(params ReadOnlySpan<string> paths)
    {
        if (!OperatingSystem.IsLinux())
            return false;
        bool all = true;
        foreach (string path in paths)
        {
            using SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite);
            // Pages that are not written yet stay.
            RandomAccess.FlushToDisk(file);
            all &= posix_fadvise(file.DangerousGetHandle(), 0, 0, DontNeed) == 0;
        }

        return all;
    }

    /// <summary>Bytes that this process has had fetched from a disk; −1 where the system does not tell.</summary>
    public static long BytesFromDisk()
    {
        const string io = "/proc/self/io";
        string? line = File.Exists(io) ? File.ReadLines(io).FirstOrDefault(line => line.StartsWith("read_bytes:", StringComparison.Ordinal)) : null;
        return line is null ? -1 : long.Parse(line.AsSpan("read_bytes:".Length), System.Globalization.CultureInfo.InvariantCulture);
    }

    [LibraryImport("libc")]
    [UnmanagedCallConv(CallConvs = [typeof(CallConvCdecl)])]
    private static partial int posix_fadvise(nint file, long offset, long length, int advice);
}
