namespace SdCpp.Interop;

/// <summary>Where the engine is found, and what is loaded with it.</summary>
public sealed record SdEngineOptions
{
    /// <summary>
    /// The folder of the native library, outright. Without it: the environment variable <c>SDCPP_NATIVE_DIRECTORY</c>, then
    /// <c>runtimes/{rid}/native</c> beside the application, then the application's own folder; the folders in those are further builds.
    /// </summary>
    public string? NativeDirectory { get; init; }

    /// <summary>
    /// Which of the native builds to load: <c>cpu</c>, <c>vulkan</c>, <c>cuda</c> or the name of a build's folder. Null or <c>auto</c>: the
    /// environment variable <c>SDCPP_BACKEND</c>, then what the machine has: the build <c>cuda</c> where CUDA's driver library can be
    /// loaded, the build <c>vulkan</c> where the Vulkan loader can and Linux shows a graphics card, the default build (with its Vulkan plug-in
    /// under the same conditions), the build <c>cpu</c>. A backend that is named is that one or an <see cref="SdException"/>, never another one.
    /// </summary>
    public string? Backend { get; init; }

    /// <summary>The engine file of the prebuilt provider; the one beside the native library when null. Not for linked engines.</summary>
    public string? EnginePath { get; init; }

    /// <summary>A ggml backend plug-in to load as well; null for the Vulkan one that lies with the default build, as <see cref="Backend"/> says.</summary>
    public string? BackendPath { get; init; }

    /// <summary>
    /// A file that gets one line (time, reason, tag of the call) if the engine ends the process: by an abort, or on Linux by a fault of memory
    /// or arithmetic. The runtime's own use of these signals, as for <see cref="NullReferenceException"/>, is not touched.
    /// </summary>
    public string? CrashFile { get; init; }
}
