using SdCpp.Interop.Native;

namespace SdCpp.Interop;

/// <summary>What the loaded engine is.</summary>
/// <param name="Provider"><c>prebuilt</c> or <c>linked</c>.</param>
/// <param name="Version">The engine's version, e.g. the version of the package it came from.</param>
/// <param name="Commit">The engine's source commit; empty when the build does not tell.</param>
/// <param name="SystemInfo">CPU features and the like, as the engine reports them.</param>
/// <param name="NativeLibraryPath">The native library that was loaded.</param>
/// <param name="Backend">
/// What models compute on when they name no device: <c>cpu</c>, <c>vulkan</c>, <c>cuda</c> or what else the engine's first graphics device is
/// called, lower case.
/// </param>
/// <param name="BackendReason">One sentence: who chose the build, what was looked at, and which devices came of it.</param>
public sealed record SdEngineInfo(
    string Provider, string Version, string Commit, string SystemInfo, string NativeLibraryPath, string Backend, string BackendReason)
{
    /// <summary>
    /// What this engine build can beyond what every one can: <c>canny</c>, <c>control-net-swap</c>, <c>convert</c>, <c>device-memory</c>,
    /// <c>devices</c>, <c>fit</c>, <c>hires</c>, <c>plug-ins</c>, <c>previews</c>, <c>video</c>. Of <c>video</c> only the presence is told so far.
    /// </summary>
    public IReadOnlyList<string> Features { get; init; } = [];
}

/// <summary>A device the engine can compute on.</summary>
/// <param name="Name">The name to use in <see cref="DiffusionModelOptions.Backend"/>, e.g. <c>CPU</c> or <c>Vulkan0</c>.</param>
/// <param name="Description">What it is, for people.</param>
public sealed record SdDevice(string Name, string Description)
{
    /// <summary>Whether it is the processor, or a library that computes on it.</summary>
    internal bool IsProcessor =>
        Name.StartsWith("CPU", StringComparison.OrdinalIgnoreCase) || Name.StartsWith("BLAS", StringComparison.OrdinalIgnoreCase);

    /// <summary>Its memory as it is now; null when the engine does not tell, or has no such device.</summary>
    public unsafe SdDeviceMemory? ReadMemory()
    {
        ulong free = 0;
        ulong total = 0;
        return NativeMethods.sdcpp_device_memory(Name, &free, &total) == 1 ? new SdDeviceMemory((long)free, (long)total) : null;
    }
}

/// <summary>The memory of a device.</summary>
/// <param name="FreeBytes">What nobody uses now, bytes.</param>
/// <param name="TotalBytes">All of it, bytes.</param>
public sealed record SdDeviceMemory(long FreeBytes, long TotalBytes);
