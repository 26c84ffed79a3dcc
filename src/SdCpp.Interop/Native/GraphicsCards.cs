namespace SdCpp.Interop.Native;

/// <summary>Whether drivers of graphics cards are worth loading.</summary>
internal static class GraphicsCards
{
    /// <summary>Has ggml take devices by number, those that compute on the processor too.</summary>
    private const string ChosenDevices = "GGML_VK_VISIBLE_DEVICES";

    // Linux shows a card by a file of its driver: /dev/dri for most, others for NVIDIA's own driver, for Windows' cards under WSL and for phones'.
    private static readonly string[] DeviceFiles = ["nvidia*", "nvhost*", "nvmap", "dxg", "kfd", "kgsl*", "mali*", "pvr*", "galcore"];

    /// <summary>Whether the machine may have one: false only where Linux shows none and nobody has chosen a device of another kind.</summary>
    public static bool MayBeThere => !OperatingSystem.IsLinux() || Environment.GetEnvironmentVariable(ChosenDevices) is { Length: > 0 } || IsShownIn("/dev");

    /// <summary>Whether a folder of device files has one of a card. One that cannot be read may have.</summary>
    internal static bool IsShownIn(string devices)
    {
        try
        {
            return Directory.Exists(Path.Combine(devices, "dri")) || DeviceFiles.Any(pattern => Directory.EnumerateFileSystemEntries(devices, pattern).Any());
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return true;
        }
    }
}
