namespace SdCpp.Package.Tests;

/// <summary>The server as a tool of the .NET SDK, installed as its users install it.</summary>
public sealed class ToolTests
{
    [Fact]
    public async Task The_tool_is_installed_tells_its_version_and_makes_an_image()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the prebuilt engine is for Linux");
        string package = Assert.Single(Directory.GetFiles(Feed.Folder, "SdStudio.*.nupkg"));
        string version = Path.GetFileNameWithoutExtension(package)["SdStudio.".Length..];
        using var folder = new TemporaryFolder();
        string config = folder.Write($"""<configuration><packageSources><clear /><add key="packed-here" value="{Feed.Folder}" /></packageSources></configuration>""", "nuget.config");
        var environment = new Dictionary<string, string>
        {
            ["NUGET_PACKAGES"] = folder["cache"], ["SdStudio__DataDirectory"] = folder["data"], ["SdStudio__Threads"] = "1", ["DOTNET_NOLOGO"] = "1",
        };
        (await Tools.RunAsync("dotnet", ["tool", "install", "SdStudio", "--tool-path", folder["tools"], "--configfile", config, "--version", version], environment)).Succeeded();

        string program = folder["tools", "sdstudio"];
        Assert.Equal(version, (await Tools.RunAsync(program, ["--version"], environment)).Succeeded().Output.Trim());
        (await Tools.RunAsync(program, ["generate", "a red circle on a blue background", "--size", "256x256", "--steps", "4", "-o", folder["image.png"]], environment)).Succeeded();
        SampleImages.IsRedCircleOnBlue(folder["image.png"]);
    }
}
