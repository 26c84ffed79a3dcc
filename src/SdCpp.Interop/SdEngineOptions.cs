namespace SdCpp.Interop;

/// <summary>Where the engine is found, and what is loaded with it.</summary>
public sealed record SdEngineOptions
{
    /// <summary>
    /// The folder of the native library. Without it: the environment variable <c>SDCPP_NATIVE_DIRECTORY</c>, then
    /// <c>runtimes/{rid}/native</c> beside the application, then the application's own folder.
    /// </summary>
    public string? NativeDirectory { get; init; }

    /// <summary>The engine file of the prebuilt provider; the one beside the native library when null. Not for linked engines.</summary>
    public string? EnginePath { get; init; }

    /// <summary>A ggml backend plug-in to load as well, e.g. the prebuilt Vulkan one.</summary>
    public string? BackendPath { get; init; }

    /// <summary>A file that gets one line (time, reason, tags of the running calls) if the engine ends the process.</summary>
    public string? CrashFile { get; init; }
}
