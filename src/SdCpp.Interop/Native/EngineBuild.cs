using System.Runtime.InteropServices;

namespace SdCpp.Interop.Native;

/// <summary>A native build: a folder with the native library and its engine.</summary>
/// <param name="Name">The name of its folder below the base folder; empty for the default build, which lies in the base folder itself.</param>
/// <param name="Library">The native library, a full path.</param>
internal sealed record EngineBuild(string Name, string Library)
{
    public const string DirectoryVariable = "SDCPP_NATIVE_DIRECTORY";

    // Where the engine's package has its plug-in; a publish for one rid flattens the folder away.
    private static readonly string[] PlugInPlaces =
        [Path.Combine("qvac__diffusion-cpp", "libqvac-diffusion-ggml-vulkan.so"), "libqvac-diffusion-ggml-vulkan.so"];

    /// <summary>The Vulkan plug-in that lies with the build; null for none.</summary>
    public string? PlugIn { get; init; }

    /// <summary>Whether its engine is the prebuilt one, whose backends are known before it is loaded: CPU, and Vulkan by the plug-in.</summary>
    public bool IsPrebuilt { get; init; }

    /// <summary>The build's name for people.</summary>
    public string Title => Name.Length == 0 ? "the default build" : $"the build {Name}";

    /// <summary>
    /// The builds of the first base folder that has any: <paramref name="directory"/> or what the environment names, outright; otherwise
    /// <c>runtimes/{rid}/native</c> beside the application, then the application's own folder.
    /// </summary>
    /// <exception cref="SdException"><see cref="SdError.EngineNotFound"/>, listing every place looked at.</exception>
    public static List<EngineBuild> Find(string? directory)
    {
        // A folder that the user named is the only one: never silently another engine.
        string? named = string.IsNullOrEmpty(directory) ? Environment.GetEnvironmentVariable(DirectoryVariable) : directory;
        return string.IsNullOrEmpty(named)
            ? Find([Path.Combine(AppContext.BaseDirectory, "runtimes", PortableRid(), "native"), AppContext.BaseDirectory], withSubfolders: true)
            : Find([Path.GetFullPath(named)], withSubfolders: false);
    }

    internal static List<EngineBuild> Find(string[] bases, bool withSubfolders)
    {
        List<string> looked = [];
        foreach (string folder in bases)
        {
            List<EngineBuild> builds = [];
            Add(folder, "");
            if (withSubfolders && Directory.Exists(folder))
            {
                foreach (string below in Directory.EnumerateDirectories(folder).Order(StringComparer.Ordinal))
                    Add(below, Path.GetFileName(below));
            }

            if (builds.Count > 0)
                return builds;
            looked.Add(Path.Combine(folder, FileName));

            void Add(string at, string name)
            {
                string library = Path.Combine(at, FileName);
                if (!File.Exists(library))
                    return;
                builds.Add(new EngineBuild(name, library)
                {
                    PlugIn = PlugInPlaces.Select(place => Path.Combine(at, place)).FirstOrDefault(File.Exists),
                    IsPrebuilt = File.Exists(Path.Combine(at, "qvac__diffusion-cpp.bare")),
                });
            }
        }

        throw new SdException(
            SdError.EngineNotFound,
            $"The native library {FileName} was not found. Looked at: {string.Join(", ", looked)}{(withSubfolders ? ", and the folders beside each" : "")}. " +
            $"Set {nameof(SdEngineOptions)}.{nameof(SdEngineOptions.NativeDirectory)} or the environment variable {DirectoryVariable} to its folder.{LoadProblem.Explain("")}");
    }

    internal static string FileName { get; } =
        OperatingSystem.IsWindows() ? "sdcpp.dll" : OperatingSystem.IsMacOS() ? "libsdcpp.dylib" : "libsdcpp.so";

    private static string PortableRid()
    {
        string system = OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx" : "linux";
        return $"{system}-{RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()}";
    }
}
