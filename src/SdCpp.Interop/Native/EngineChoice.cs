namespace SdCpp.Interop.Native;

/// <summary>A native build to load, and why.</summary>
/// <param name="Build">The build.</param>
/// <param name="PlugIn">The backend plug-in to load with it; null for none.</param>
/// <param name="Reason">Why, as the beginning of a sentence.</param>
internal sealed record EngineChoice(EngineBuild Build, string? PlugIn, string Reason)
{
    /// <summary>The backend that somebody asked for by name; null when the machine decided.</summary>
    public string? Asked { get; init; }

    public const string BackendVariable = "SDCPP_BACKEND";

    private const string Cpu = "cpu";
    private const string Vulkan = "vulkan";
    private const string Cuda = "cuda";

    /// <summary>What to try, the best first: one choice when a backend was asked for, else as many as the machine may have.</summary>
    /// <param name="options">What the user wants; the environment variable <c>SDCPP_BACKEND</c> counts where they name no backend.</param>
    /// <param name="builds">What is there.</param>
    /// <param name="canLoad">Whether the system finds a shared library of that name.</param>
    /// <param name="hasCard">Whether the machine may have a device that Vulkan computes on.</param>
    /// <exception cref="SdException">
    /// <see cref="SdError.InvalidArgument"/> for a backend that no build has; <see cref="SdError.EngineNotFound"/> for one whose driver
    /// library is missing.
    /// </exception>
    public static List<EngineChoice> Make(SdEngineOptions options, IReadOnlyList<EngineBuild> builds, Func<string, bool> canLoad, bool hasCard)
    {
        (string? name, string by) = Wanted(options.Backend) is { } wanted
            ? (wanted, $"{nameof(SdEngineOptions)}.{nameof(SdEngineOptions.Backend)}")
            : (Wanted(Environment.GetEnvironmentVariable(BackendVariable)), BackendVariable);
        List<EngineChoice> choices = name is null ? Automatic(builds, canLoad, hasCard) : [Named(name, by, builds, canLoad)];
        if (options.BackendPath is null)
            return choices;
        // A plug-in is made for the build that has no backend of its own.
        EngineChoice choice = choices.FirstOrDefault(choice => choice.Build.Name.Length == 0 && choice.PlugIn is null) ?? choices[0];
        return [choice with { PlugIn = options.BackendPath, Reason = choice.Reason + ", with the plug-in that was named" }];

        static string? Wanted(string? name) => string.IsNullOrWhiteSpace(name) || name.Equals("auto", StringComparison.OrdinalIgnoreCase) ? null : name;
    }

    /// <summary>The driver's library that a backend needs; null for none. The toolkit's libraries say nothing about the machine.</summary>
    internal static string? DriverOf(string backend) => backend switch
    {
        Cuda => OperatingSystem.IsWindows() ? "nvcuda.dll" : "libcuda.so.1",
        Vulkan => OperatingSystem.IsWindows() ? "vulkan-1.dll" : OperatingSystem.IsMacOS() ? "libvulkan.1.dylib" : "libvulkan.so.1",
        _ => null,
    };

    private static EngineChoice Named(string asked, string by, IReadOnlyList<EngineBuild> builds, Func<string, bool> canLoad)
    {
        string name = asked.ToLowerInvariant();
        EngineBuild? standard = builds.FirstOrDefault(build => build.Name.Length == 0);
        // A linked default build may have any backend: that shows when it is loaded.
        EngineBuild build = builds.FirstOrDefault(build => build.Name.Equals(asked, StringComparison.OrdinalIgnoreCase))
            ?? (standard is not null && Offers(standard, name) ? standard : null)
            ?? throw new SdException(
                SdError.InvalidArgument, $"{by} asks for the backend '{asked}', which no build has. There are: {string.Join(", ", NamesOf(builds))}.");
        if (DriverOf(name) is { } driver && !canLoad(driver))
        {
            throw new SdException(
                SdError.EngineNotFound,
                $"{by} asks for the backend {name}, but {driver} cannot be loaded. {Remedy(name)}, or ask for one of: " +
                $"{string.Join(", ", NamesOf(builds).Where(other => other != name))}.");
        }

        return new EngineChoice(build, name == Vulkan ? build.PlugIn : null, $"{by} asks for {name}: {build.Title}") { Asked = name };
    }

    private static bool Offers(EngineBuild standard, string name) => name switch
    {
        Cpu => true,
        Vulkan => standard.PlugIn is not null || !standard.IsPrebuilt,
        Cuda => !standard.IsPrebuilt,
        _ => false,
    };

    private static IEnumerable<string> NamesOf(IReadOnlyList<EngineBuild> builds)
    {
        IEnumerable<string> names = builds.Where(build => build.Name.Length > 0).Select(build => build.Name);
        return builds.FirstOrDefault(build => build.Name.Length == 0) is { } standard
            ? names.Concat(new[] { Cpu, Vulkan, Cuda }.Where(name => Offers(standard, name))).Distinct().Order(StringComparer.Ordinal)
            : names;
    }

    private static string Remedy(string backend) => backend == Cuda
        ? "Install the driver of the NVIDIA card (the toolkit is not enough)"
        : "Install the Vulkan loader and the card's driver (on Debian: libvulkan1 and mesa-vulkan-drivers, or NVIDIA's)";

    private static List<EngineChoice> Automatic(IReadOnlyList<EngineBuild> builds, Func<string, bool> canLoad, bool hasCard)
    {
        List<EngineChoice> choices = [];
        List<string> seen = [];
        foreach (string name in new[] { Cuda, Vulkan })
        {
            if (builds.FirstOrDefault(build => build.Name == name) is not { } build)
                continue;
            if (See(DriverOf(name)!, build.Title))
                Add(build, null, build.Title);
        }

        if (builds.FirstOrDefault(build => build.Name.Length == 0) is { } standard)
        {
            if (standard.PlugIn is not null && See(DriverOf(Vulkan)!, "the Vulkan plug-in"))
                Add(standard, standard.PlugIn, "the default build with its Vulkan plug-in");
            Add(standard, null, standard.Title);
        }

        if (builds.FirstOrDefault(build => build.Name == Cpu) is { } processor)
            Add(processor, null, processor.Title);
        return choices.Count > 0 ? choices : throw new SdException(
            SdError.EngineNotFound,
            $"No build can be chosen by what the machine has{string.Concat(seen.Select(note => "; " + note))}. There are: {string.Join(", ", NamesOf(builds))}. " +
            $"Name one by {nameof(SdEngineOptions)}.{nameof(SdEngineOptions.Backend)} or {BackendVariable}.");

        bool See(string driver, string what)
        {
            // Mesa's drivers take 60 MB and a tenth of a second to find out the same.
            if (driver == DriverOf(Vulkan) && !hasCard)
            {
                seen.Add($"this machine has no graphics card, so not {what}");
                return false;
            }

            bool there = canLoad(driver);
            seen.Add(there ? $"{driver} can be loaded" : $"{driver} cannot be loaded, so not {what}");
            return there;
        }

        void Add(EngineBuild build, string? plugIn, string what) =>
            choices.Add(new EngineChoice(build, plugIn, $"Automatic: {string.Concat(seen.Select(note => note + "; "))}{what}"));
    }
}
