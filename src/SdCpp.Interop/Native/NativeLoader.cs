using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace SdCpp.Interop.Native;

/// <summary>Loads the native library, once a process.</summary>
internal static class NativeLoader
{
    private static nint _library;

    /// <summary>The library file that was loaded.</summary>
    public static string Path { get; private set; } = "";

    // A resolver can be set once an assembly: before anything of it can call the library.
    [ModuleInitializer]
    [System.Diagnostics.CodeAnalysis.SuppressMessage("Usage", "CA2255", Justification = "The resolver belongs to this assembly.")]
    internal static void SetResolver() => NativeLibrary.SetDllImportResolver(typeof(NativeLoader).Assembly, Resolve);

    /// <summary>Whether the system finds a shared library of that name. It stays loaded: whoever needs it comes next.</summary>
    public static bool CanLoad(string library) => NativeLibrary.TryLoad(library, out _);

    /// <summary>Loads the first of the choices whose library can be loaded.</summary>
    /// <returns>That choice; its reason also says what could not be loaded before it.</returns>
    /// <exception cref="SdException"><see cref="SdError.EngineNotFound"/>, <see cref="SdError.EngineIncompatible"/>.</exception>
    public static EngineChoice Load(IReadOnlyList<EngineChoice> choices)
    {
        if (_library != 0)
        {
            return choices.FirstOrDefault(choice => choice.Build.Library == Path) ?? throw new SdException(
                SdError.EngineIncompatible, $"This process has already loaded {Path}; another build needs another process.");
        }

        List<string> failed = [];
        foreach (EngineChoice choice in choices)
        {
            try
            {
                _library = NativeLibrary.Load(choice.Build.Library);
                Path = choice.Build.Library;
                return choice with { Reason = choice.Reason + string.Concat(failed.Select(why => $"; {why}")) };
            }
            catch (Exception exception) when (exception is DllNotFoundException or BadImageFormatException)
            {
                failed.Add($"{choice.Build.Library} cannot be loaded ({exception.Message}){LoadProblem.Explain(exception.Message)}");
            }
        }

        throw new SdException(SdError.EngineNotFound, $"The native library {string.Join("; ", failed.Distinct())}.");
    }

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? search)
    {
        if (name != NativeMethods.Library)
            return 0;
        return _library != 0 ? _library : throw new SdException(
            SdError.EngineNotFound, $"No engine is loaded: call {nameof(SdEngine)}.{nameof(SdEngine.Load)} first.");
    }
}
