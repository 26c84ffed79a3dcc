using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace SdCpp.Interop;

/// <summary>The self-test's image, pixel by pixel, for the engine builds that it was recorded with: native/engine/self-test.images.json.</summary>
internal static class SelfTestImages
{
    /// <summary>What a value may be off by because the C library of the system rounds differently.</summary>
    public const int Rounding = 3;

    private const int Bytes = 64 * 64 * 3;

    /// <summary>The image that this engine makes on a CPU of this kind; null when it was not recorded.</summary>
    public static byte[]? Of(SdEngineInfo engine)
    {
        using Stream file = typeof(SelfTestImages).Assembly.GetManifestResourceStream("self-test.images.json")!;
        using JsonDocument images = JsonDocument.Parse(file);
        if (!images.RootElement.TryGetProperty(KeyOf(engine), out JsonElement packed))
            return null;
        using var unpacked = new ZLibStream(new MemoryStream(packed.GetBytesFromBase64()), CompressionMode.Decompress);
        var pixels = new byte[Bytes];
        unpacked.ReadExactly(pixels);
        return pixels;
    }

    internal static string KeyOf(SdEngineInfo engine)
    {
        string system = OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx" : "linux";
        return $"{engine.Version}{(engine.Commit.Length > 0 ? " " + engine.Commit : "")} {system}-{RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()}";
    }
}
