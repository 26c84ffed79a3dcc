using System.Globalization;

namespace SdCpp.Interop;

/// <summary>Words for what can be wrong with a model file.</summary>
internal static class ModelFileErrors
{
    // Beyond this no model file goes; a header that claims more is damaged, not cut off.
    public const long LargestFile = 1L << 44;

    public static SdException Invalid(string path, string what, Exception? inner = null) =>
        new(SdError.ModelFileInvalid, $"{Shown(path)} {what}", inner) { File = path };

    public static SdException NotFound(string path) =>
        new(SdError.ModelFileNotFound, $"{Shown(path)} does not exist.") { File = path };

    /// <summary>A file that ends before <paramref name="needed"/>; a claim that no file could meet is called a contradiction instead.</summary>
    public static SdException Short(string path, long length, long needed) => needed is < 0 or > LargestFile
        ? Invalid(path, $"contradicts itself: its header speaks of {Number(needed)} bytes, the file has {Number(length)}.")
        : new(SdError.ModelFileTruncated,
            $"{Shown(path)} is cut off: it has {Number(length)} of {Number(needed)} bytes; download it again.")
        { File = path };

    /// <summary>A file that ends where its header still goes on, so that nobody knows how long it should be.</summary>
    public static SdException ShortHeader(string path, long length, long atLeast) =>
        new(SdError.ModelFileTruncated,
            $"{Shown(path)} ends inside its header: it has {Number(length)} of at least {Number(atLeast)} bytes; download it again.")
        { File = path };

    public static string Number(long value) => value < 0
        ? "more than 9,223,372,036,854,775,807"
        : value.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>A name out of a file, fit for a message: of bounded length, without control characters.</summary>
    public static string Quoted(string name)
    {
        string cut = name.Length > 80 ? name[..77] + "..." : name;
        return "'" + string.Concat(cut.Select(c => char.IsControl(c) || char.IsSurrogate(c) ? '?' : c)) + "'";
    }

    private static string Shown(string path) => path.Length == 0 ? "A model file without a name" : path;
}
