using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Xml.Linq;

namespace SdCpp.Package.Tests;

/// <summary>The packages that <c>./build.sh pack</c> made, for this machine.</summary>
public sealed class Feed
{
    public Feed()
    {
        byte[] built = File.ReadAllBytes(In("artifacts", "bin", "SdCpp.Interop", "release", "SdCpp.Interop.dll"));
        if (!File.Exists(Managed) || !File.Exists(Native) || !Read(Managed, "lib/net10.0/SdCpp.Interop.dll").AsSpan().SequenceEqual(built))
            throw new InvalidOperationException($"{Folder} has not the packages of what is built: run ./build.sh pack.");
    }

    public static string Rid { get; } =
        $"{(OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx" : "linux")}-{RuntimeInformation.OSArchitecture.ToString().ToLowerInvariant()}";

    public static string Folder { get; } = In("artifacts", "packages");

    /// <summary>A package cache for tests and samples, where <c>./build.sh pack</c> leaves no older package of ours.</summary>
    public static string Cache { get; } = In("artifacts", "samples", "nuget");

    public static string Version { get; } = XDocument.Load(In("Directory.Build.props")).Descendants("Version").Single().Value;

    public static string Managed { get; } = Path.Combine(Folder, $"SdCpp.Interop.{Version}.nupkg");

    public static string Symbols { get; } = Path.ChangeExtension(Managed, ".snupkg");

    public static string Native { get; } = Path.Combine(Folder, $"SdCpp.Native.{Rid}.{Version}.nupkg");

    public static string In(params string[] parts) => Path.Combine([Tools.Repository, .. parts]);

    /// <summary>The files of a package that its author put there, sorted.</summary>
    public static string[] Files(string package)
    {
        using ZipArchive zip = ZipFile.OpenRead(package);
        return [.. zip.Entries.Select(entry => entry.FullName)
            .Where(name => !name.StartsWith("_rels/", StringComparison.Ordinal) && !name.StartsWith("package/", StringComparison.Ordinal) && name != "[Content_Types].xml")
            .Order(StringComparer.Ordinal)];
    }

    public static byte[] Read(string package, string file)
    {
        using ZipArchive zip = ZipFile.OpenRead(package);
        ZipArchiveEntry entry = zip.GetEntry(file) ?? throw new FileNotFoundException($"{package} has no {file}.");
        using Stream stream = entry.Open();
        var bytes = new byte[entry.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    /// <summary>The metadata of a package's nuspec.</summary>
    public static XElement Metadata(string package)
    {
        string name = Files(package).Single(file => file.EndsWith(".nuspec", StringComparison.Ordinal));
        using var stream = new MemoryStream(Read(package, name));
        return XDocument.Load(stream).Root!.Elements().Single();
    }
}
