using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Xml.Linq;

namespace SdCpp.Package.Tests;

public sealed class PackageTests
{
    // What the gallery takes of one package.
    private const long GalleryLimit = 250_000_000;

    private static readonly Guid EmbeddedSource = new("0E8A571B-6926-466E-B4AD-8AB04611F5FE");

    [Fact]
    public void The_binding_has_its_assembly_docs_and_readme_and_depends_on_the_native_package_of_its_own_version()
    {
        Assert.Equal(["README.md", "SdCpp.Interop.nuspec", "lib/net10.0/SdCpp.Interop.dll", "lib/net10.0/SdCpp.Interop.xml"], Feed.Files(Feed.Managed));

        XElement metadata = Feed.Metadata(Feed.Managed);
        XNamespace ns = metadata.Name.Namespace;
        Assert.Equal("MIT", metadata.Element(ns + "license")!.Value);
        Assert.Equal("README.md", metadata.Element(ns + "readme")!.Value);
        string toolkit = XDocument.Load(Feed.In("Directory.Packages.props")).Descendants("PackageVersion")
            .Single(version => (string?)version.Attribute("Include") == "CommunityToolkit.HighPerformance").Attribute("Version")!.Value;
        Assert.Equal(
            [("CommunityToolkit.HighPerformance", toolkit), ($"SdCpp.Native.{Feed.Rid}", $"[{Feed.Version}]")],
            metadata.Descendants(ns + "dependency").Select(one => (one.Attribute("id")!.Value, one.Attribute("version")!.Value)).Order());
        Assert.DoesNotContain('[', toolkit);
    }

    [Fact]
    public void The_symbols_belong_to_the_assembly_and_have_the_sources_in_them()
    {
        using var assembly = new PEReader(new MemoryStream(Feed.Read(Feed.Managed, "lib/net10.0/SdCpp.Interop.dll")));
        CodeViewDebugDirectoryData expected = assembly.ReadCodeViewDebugDirectoryData(
            assembly.ReadDebugDirectory().Single(entry => entry.Type == DebugDirectoryEntryType.CodeView));
        using MetadataReaderProvider provider = MetadataReaderProvider.FromPortablePdbStream(
            new MemoryStream(Feed.Read(Feed.Symbols, "lib/net10.0/SdCpp.Interop.pdb")));
        MetadataReader symbols = provider.GetMetadataReader();
        Assert.Equal(expected.Guid, new BlobContentId(symbols.DebugMetadataHeader!.Id).Guid);

        HashSet<DocumentHandle> embedded = [.. symbols.CustomDebugInformation.Select(symbols.GetCustomDebugInformation)
            .Where(one => symbols.GetGuid(one.Kind) == EmbeddedSource).Select(one => (DocumentHandle)one.Parent)];
        string[] names = [.. symbols.Documents.Select(handle => symbols.GetString(symbols.GetDocument(handle).Name))];
        Assert.Contains("/_/src/SdCpp.Interop/DiffusionModel.cs", names);
        Assert.All(names, name => Assert.StartsWith("/_/", name, StringComparison.Ordinal));
        Assert.Equal(symbols.Documents.Count, embedded.Count);
    }

    [Fact]
    public void No_path_of_the_machine_that_built_it_is_in_a_package()
    {
        (string Package, string File)[] files =
        [
            (Feed.Managed, "lib/net10.0/SdCpp.Interop.dll"), (Feed.Managed, "lib/net10.0/SdCpp.Interop.xml"), (Feed.Managed, "SdCpp.Interop.nuspec"),
            (Feed.Symbols, "lib/net10.0/SdCpp.Interop.pdb"), (Feed.Native, $"sdcpp/runtimes/{Feed.Rid}/native/libsdcpp.so"),
        ];
        foreach ((string package, string file) in files)
        {
            byte[] bytes = Feed.Read(package, file);
            foreach (Encoding encoding in new[] { Encoding.UTF8, Encoding.Unicode })
                Assert.True(bytes.AsSpan().IndexOf(encoding.GetBytes(Tools.Repository)) < 0, $"{file} of {package} names {Tools.Repository}.");
        }
    }

    [Fact]
    public void The_native_package_has_the_pinned_engine_in_its_folders_and_the_notices_and_fits_the_gallery()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the prebuilt engine is for Linux");
        string native = $"sdcpp/runtimes/{Feed.Rid}/native/";
        Assert.Equal(
            [
                "README.md", $"SdCpp.Native.{Feed.Rid}.nuspec", "THIRD-PARTY-NOTICES.txt", $"buildTransitive/SdCpp.Native.{Feed.Rid}.targets",
                "qvac-diffusion-cpp.LICENSE.txt", "qvac-diffusion-cpp.NOTICE.txt",
                native + "libsdcpp.so", native + "qvac__diffusion-cpp.bare", native + "qvac__diffusion-cpp/libqvac-diffusion-ggml-vulkan.so",
            ],
            Feed.Files(Feed.Native));
        using JsonDocument pins = JsonDocument.Parse(File.ReadAllText(Feed.In("native", "engine", "prebuilt", "engine.lock.json")));
        JsonElement root = pins.RootElement;
        foreach (JsonProperty pin in root.GetProperty("platforms").GetProperty(Feed.Rid).EnumerateObject())
        {
            byte[] file = Feed.Read(Feed.Native, native + pin.Value.GetProperty("file").GetString());
            Assert.Equal(pin.Value.GetProperty("sha256").GetString(), Convert.ToHexStringLower(SHA256.HashData(file)));
        }

        // The notices name the version that is pinned.
        Assert.Contains(
            $"{root.GetProperty("package").GetString()} {root.GetProperty("version").GetString()}",
            Encoding.UTF8.GetString(Feed.Read(Feed.Native, "THIRD-PARTY-NOTICES.txt")), StringComparison.Ordinal);
        Assert.InRange(new FileInfo(Feed.Native).Length, 1, GalleryLimit);
    }
}
