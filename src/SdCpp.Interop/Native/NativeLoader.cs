using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace SdCpp.Interop.Native;

/// <summary>Finds the native library, once a process.</summary>
internal static class NativeLoader
{
    public const string DirectoryVariable = "SDCPP_NATIVE_DIRECTORY";
    private static string? _path;

    /// <summary>The library file that was loaded.</summary>
    public static string Path => _path ?? "";

    // A resolver can be set once an assembly: before anything of it can call the library.
    [ModuleInitializer]
    [System.Diagnostics.CodeAnalysis.SuppressMessage("Usage", "CA2255", Justification = "The resolver belongs to this assembly.")]
    internal static void SetResolver() => NativeLibrary.SetDllImportResolver(typeof(NativeLoader).Assembly, Resolve);

    /// <summary>Chooses the library file. Throws <see cref="SdException"/> that lists every place looked at.</summary>
    public static void Locate(string? directory)
    {
        string fileName = OperatingSystem.IsWindows() ? "sdcpp.dll" : OperatingSystem.IsMacOS() ? "libsdcpp.dylib" : "libsdcpp.so";
        List<string> candidates = [.. Directories(directory).Select(folder => System.IO.Path.Combine(folder, fileName))];
        _path = candidates.Find(File.Exists) ?? throw new SdException(
            SdError.EngineNotFound,
            $"The native library {fileName} was not found. Looked at: {string.Join(", ", candidates)}. " +
            $"Set {nameof(SdEngineOptions)}.{nameof(SdEngineOptions.NativeDirectory)} or the environment variable {DirectoryVariable} to its folder.");
    }

    private static IEnumerable<string> Directories(string? directory)
    {
        // A folder that the user named is the only one: never silently another engine.
        string? named = directory ?? Environment.GetEnvironmentVariable(DirectoryVariable);
        return !string.IsNullOrEmpty(named)
            ? [System.IO.Path.GetFullPath(named)]
            : [
                System.IO.Path.Combine(AppContext.BaseDirectory, "runtimes", PortableRid(), "native"),
                AppContext.BaseDirectory,
            ];
    }

    private static string PortableRid()
    {
        string system = OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx" : "linux";
        return $"{system}-{RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()}";
    }

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? search)
    {
        if (name != NativeMethods.Library)
            return 0;
        if (_path is null)
            throw new SdException(SdError.EngineNotFound, $"No engine is loaded: call {nameof(SdEngine)}.{nameof(SdEngine.Load)} first.");
        return NativeLibrary.Load(_path);
    }
}
