using System.Text;

namespace SdCpp.Package.Tests;

/// <summary>What a newcomer does with the packages, by the SDK's own commands, and what a user of Native AOT does.</summary>
public sealed class ConsoleProgramTests
{
    private static readonly string[] NativeFiles =
    [
        $"runtimes/{Feed.Rid}/native/libsdcpp.so", $"runtimes/{Feed.Rid}/native/qvac__diffusion-cpp.bare",
        $"runtimes/{Feed.Rid}/native/qvac__diffusion-cpp/libqvac-diffusion-ggml-vulkan.so",
    ];

    // No compiler or build server stays behind: it would keep the pipe that the test reads open, and the machine busy.
    private static readonly Dictionary<string, string> NothingStays = new()
    {
        ["MSBUILDDISABLENODEREUSE"] = "1", ["UseSharedCompilation"] = "false", ["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0", ["DOTNET_NOLOGO"] = "1",
    };

    [Fact]
    public async Task A_new_console_program_with_the_package_and_the_readmes_sample_generates_an_image_also_as_a_single_file()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the prebuilt engine is for Linux");
        using var folder = new TemporaryFolder();
        string program = folder.Make("console");
        folder.Write(
            $"""
            <configuration>
              <config><add key="globalPackagesFolder" value="{Feed.Cache}" /></config>
              <packageSources><add key="packed-here" value="{Feed.Folder}" /></packageSources>
            </configuration>
            """, "console", "nuget.config");
        await DotNet(program, "new", "console", "--no-restore");
        await DotNet(program, "add", "package", "SdCpp.Interop");
        folder.Write(ReadmeSample(), "console", "Program.cs");

        (string, long, DateTime)[] cached = FilesOf(Feed.Cache);
        await DotNet(program, "run");
        SampleImages.IsRedCircleOnBlue(folder["console", "image.png"]);
        Assert.Equal(NativeFiles, RuntimesIn(folder["console", "bin", "Debug", "net10.0"]));

        string single = folder["single"];
        await DotNet(program, "publish", "--runtime", Feed.Rid, "--self-contained", "-p:PublishSingleFile=true", "-p:IncludeNativeLibrariesForSelfExtract=true", "--output", single);
        Assert.Equal(NativeFiles, RuntimesIn(single));
        Assert.Empty(Directory.GetFiles(single, "*.dll"));
        (await Tools.RunAsync(Path.Combine(single, "console"), [], folder: folder.Make("elsewhere"))).Succeeded();
        SampleImages.IsRedCircleOnBlue(folder["elsewhere", "image.png"]);
        // A cache of packages may be read-only: nothing of ours is written there, neither by a build nor by a program.
        Assert.Equal(cached, FilesOf(Feed.Cache));
    }

    [Fact]
    public async Task A_trimmed_program_is_published_without_a_warning_and_generates_an_image()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the prebuilt engine is for Linux");
        using var folder = new TemporaryFolder();
        string sample = Feed.In("tests", "samples", "AotConsole");
        await DotNet(
            sample, "publish", "--runtime", Feed.Rid, "--self-contained", "-p:PublishAot=false", "-p:PublishTrimmed=true", "-p:TrimMode=full", "-p:TreatWarningsAsErrors=true",
            $"-p:BaseIntermediateOutputPath={folder["obj"]}/", "--output", folder["trimmed"]);
        Assert.Equal(NativeFiles, RuntimesIn(folder["trimmed"]));
        (await Tools.RunAsync(folder["trimmed", "AotConsole"], [folder["image.png"], "a red circle on a blue background"], folder: folder.Make("elsewhere"))).Succeeded();
        SampleImages.IsRedCircleOnBlue(folder["image.png"]);
    }

    [Fact]
    public async Task The_sample_is_published_with_native_aot_without_a_warning_and_generates_an_image()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the prebuilt engine is for Linux");
        string sample = Feed.In("tests", "samples", "AotConsole");
        Run restored = await Tools.RunAsync("dotnet", ["restore", sample, "--runtime", Feed.Rid], NothingStays);
        Assert.SkipWhen(
            restored.ExitCode != 0 && restored.Output.Contains("ILCompiler", StringComparison.Ordinal), $"the AOT compiler cannot be restored: {restored.Flowing}");
        restored.Succeeded();

        using var folder = new TemporaryFolder();
        await DotNet(sample, "publish", "--no-restore", "--runtime", Feed.Rid, "--output", folder["published"]);
        Assert.Equal(NativeFiles, RuntimesIn(folder["published"]));
        Assert.Empty(Directory.GetFiles(folder["published"], "*.dll"));

        Run run = await Tools.RunAsync(
            folder["published", "AotConsole"], [folder["image.png"], "a red circle on a blue background"], folder: folder.Make("elsewhere"));
        Assert.Contains("seed 7", run.Succeeded().Output, StringComparison.Ordinal);
        SampleImages.IsRedCircleOnBlue(folder["image.png"]);
    }

    [Theory]
    [InlineData("", true)]
    [InlineData("-p:RuntimeIdentifier=RID", true)]
    [InlineData("-p:RuntimeIdentifier=linux-musl-x64", false)]
    [InlineData("-p:SdCppCopyNative=false", false)]
    public async Task The_native_build_is_copied_for_its_own_platform_and_unless_the_project_says_no(string property, bool copied)
    {
        using var folder = new TemporaryFolder();
        // The package's own targets over a file that takes the engine's place: what is asked is which files they name.
        string targets = folder.Write(
            Encoding.UTF8.GetString(Feed.Read(Feed.Native, $"buildTransitive/SdCpp.Native.{Feed.Rid}.targets")), "package", "buildTransitive", "native.targets");
        folder.Write("", "package", "sdcpp", "runtimes", Feed.Rid, "native", "cuda", "libsdcpp.so");
        string project = folder.Write(
            $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup><TargetFramework>net10.0</TargetFramework><OutputType>Exe</OutputType></PropertyGroup>
              <Import Project="{targets}" />
            </Project>
            """, "program", "program.csproj");
        string[] switches = property == "" ? [] : [property.Replace("RID", Feed.Rid, StringComparison.Ordinal)];
        Run run = await DotNet(folder.Path, ["msbuild", project, "-getItem:None", .. switches]);
        Assert.Equal(copied, run.Output.Contains($"\"Link\": \"runtimes/{Feed.Rid}/native/cuda/libsdcpp.so\"", StringComparison.Ordinal));
    }

    private static async Task<Run> DotNet(string folder, params string[] arguments)
        => (await Tools.RunAsync("dotnet", arguments, NothingStays, folder)).Succeeded();

    private static (string, long, DateTime)[] FilesOf(string packages) =>
        [.. Directory.EnumerateDirectories(packages, "sdcpp.*").SelectMany(package => Directory.EnumerateFiles(package, "*", SearchOption.AllDirectories)).Order(StringComparer.Ordinal)
            .Select(file => (file, new FileInfo(file).Length, File.GetLastWriteTimeUtc(file)))];

    private static string[] RuntimesIn(string folder)
        => [.. Directory.GetFiles(Path.Combine(folder, "runtimes"), "*", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(folder, file)).Order(StringComparer.Ordinal)];

    private static string ReadmeSample()
    {
        string readme = File.ReadAllText(Feed.In("README.md"));
        string begun = readme[(readme.IndexOf("```csharp", StringComparison.Ordinal) + "```csharp".Length)..];
        string sample = begun[..begun.IndexOf("```", StringComparison.Ordinal)].Trim();
        Assert.InRange(sample.Split('\n').Length, 2, 11);
        return sample;
    }
}
