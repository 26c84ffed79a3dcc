using System.Diagnostics;

namespace SdStudio.NativeBuild.Tests;

/// <summary>What a program said and how it ended.</summary>
public sealed record Run(int ExitCode, string Output)
{
    /// <summary>The output with its line breaks and indents as single spaces: CMake wraps its messages.</summary>
    public string Flowing { get; } = string.Join(' ', Output.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    public Run Succeeded()
    {
        Assert.True(ExitCode == 0, $"exit code {ExitCode}:\n{Output}");
        return this;
    }

    public Run Failed()
    {
        Assert.True(ExitCode != 0, $"it should have failed:\n{Output}");
        return this;
    }
}

/// <summary>A folder of its own for one test or fixture, removed with it.</summary>
public sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("sdstudio-build-").FullName;

    public string this[params string[] parts] => System.IO.Path.Combine([Path, .. parts]);

    public string Make(params string[] parts) => Directory.CreateDirectory(this[parts]).FullName;

    public string Write(string content, params string[] parts)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(this[parts])!);
        File.WriteAllText(this[parts], content);
        return this[parts];
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}

/// <summary>The programs that a person builds the native part with, run as that person would.</summary>
public static class Tools
{
    public static string Repository { get; } = FindRepository();

    public static string StandIn { get; } = Path.Combine(Repository, "tests", "native", "standin-engine");

    public static string[] Generator { get; } = OnPath("ninja") ? ["-G", "Ninja"] : [];

    private static CancellationToken Stopped => TestContext.Current.CancellationToken;

    public static Task<Run> Configure(string source, string build, string preset, params string[] more)
        => RunAsync("cmake", ["-S", source, "-B", build, "--preset", preset, .. Generator, .. more]);

    /// <summary>Without optimisation: a build is most of the time that these tests take.</summary>
    public static async Task Build(string build, string preset, params string[] more)
    {
        (await Configure(Repository, build, preset, ["-DCMAKE_BUILD_TYPE=Debug", "-DSDCPP_BUILD_TESTS=ON", .. more])).Succeeded();
        (await RunAsync("cmake", ["--build", build, "--parallel"])).Succeeded();
    }

    public static Task<Run> Test(string build) => RunAsync("ctest", ["--test-dir", build, "--output-on-failure"]);

    public static async Task<Run> RunAsync(
        string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null, string folder = "")
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true, WorkingDirectory = folder,
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(Stopped);
            var errors = process.StandardError.ReadToEndAsync(Stopped);
            await process.WaitForExitAsync(Stopped);
            return new Run(process.ExitCode, await output + await errors);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }

    public static bool OnPath(string program)
        => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, program)));

    private static string FindRepository()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "CMakePresets.json")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new DirectoryNotFoundException($"There is no CMakePresets.json above {AppContext.BaseDirectory}.");
    }
}
