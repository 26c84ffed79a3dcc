namespace SdCpp.Interop;

/// <summary>What the loaded engine is.</summary>
/// <param name="Provider"><c>prebuilt</c> or <c>linked</c>.</param>
/// <param name="Version">The engine's version, e.g. the version of the package it came from.</param>
/// <param name="Commit">The engine's source commit; empty when the build does not tell.</param>
/// <param name="SystemInfo">CPU features and the like, as the engine reports them.</param>
/// <param name="NativeLibraryPath">The native library that was loaded.</param>
public sealed record SdEngineInfo(string Provider, string Version, string Commit, string SystemInfo, string NativeLibraryPath);

/// <summary>A device the engine can compute on.</summary>
/// <param name="Name">The name to use in <see cref="DiffusionModelOptions.Backend"/>, e.g. <c>CPU</c> or <c>Vulkan0</c>.</param>
/// <param name="Description">What it is, for people.</param>
public sealed record SdDevice(string Name, string Description);
