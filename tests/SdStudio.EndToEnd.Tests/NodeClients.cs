using System.Diagnostics;
using System.Security.Cryptography;

namespace SdStudio.EndToEnd.Tests;

/// <summary>The clients of the npm registry, installed once for a lock file into the user's cache, and run as their users run them.</summary>
internal static class NodeClients
{
    private static readonly string Scripts = Path.Combine(ServerProcess.Repository, "tests", "SdStudio.EndToEnd.Tests", "Clients");
    private static readonly Lazy<Task<string>> Installed = new(InstallAsync);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>A file of an installed package.</summary>
    public static async Task<string> FileAsync(string path) => Path.Combine(await Installed.Value, "node_modules", path);

    /// <summary>Runs a script and fails with what it said.</summary>
    public static async Task RunAsync(string script, params string[] arguments)
    {
        string folder = await Installed.Value;
        (int exitCode, string output) = await StartAsync("node", folder, [Path.Combine(folder, script), .. arguments]);
        Assert.True(exitCode == 0, $"{script} ended with {exitCode}:\n{output}");
        Assert.Contains("all steps passed", output, StringComparison.Ordinal);
    }

    /// <summary>Runs a program of an installed package in their folder.</summary>
    /// <returns>What it said.</returns>
    public static async Task<string> ToolAsync(string program, params string[] arguments)
    {
        string folder = await Installed.Value;
        (int exitCode, string output) = await StartAsync(Path.Combine(folder, "node_modules", ".bin", program), folder, arguments);
        Assert.True(exitCode == 0, $"{program} ended with {exitCode}:\n{output}");
        return output;
    }

    private static async Task<string> InstallAsync()
    {
        string hash = Convert.ToHexStringLower(SHA256.HashData(await File.ReadAllBytesAsync(Path.Combine(Scripts, "package-lock.json"))))[..16];
        string folder = Path.Combine(CacheFolder(), $"clients-{hash}");
        if (!Directory.Exists(folder))
            await FillAsync(folder);
        // The scripts import from the folder that they lie in.
        foreach (string script in Directory.EnumerateFiles(Scripts, "*.m?s").Append(Path.Combine(Scripts, "redocly.yaml")))
            File.Copy(script, Path.Combine(folder, Path.GetFileName(script)), overwrite: true);
        return folder;
    }

    private static async Task FillAsync(string folder)
    {
        string temporary = $"{folder}.{Guid.NewGuid():N}";
        Directory.CreateDirectory(temporary);
        foreach (string name in new[] { "package.json", "package-lock.json", ".npmrc" })
            File.Copy(Path.Combine(Scripts, name), Path.Combine(temporary, name));
        (int exitCode, string output) = await StartAsync("npm", temporary, ["ci", "--omit=dev"]);
        if (exitCode != 0)
        {
            Directory.Delete(temporary, recursive: true);
            Assert.Fail($"npm could not install the clients; is the registry reachable?\n{output}");
        }

        Directory.Move(temporary, folder);
    }

    private static string CacheFolder() =>
        Environment.GetEnvironmentVariable("SDCPP_CACHE_DIR")
        ?? Path.Combine(
            Environment.GetEnvironmentVariable("XDG_CACHE_HOME") ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache"), "sdstudio");

    /// <summary>Runs a program to its end.</summary>
    public static async Task<(int ExitCode, string Output)> StartAsync(string program, string folder, string[] arguments, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach ((string name, string value) in environment)
            start.Environment[name] = value;
        using Process process = Process.Start(start)!;
        try
        {
            Task<string> output = process.StandardOutput.ReadToEndAsync(Cancellation);
            Task<string> errors = process.StandardError.ReadToEndAsync(Cancellation);
            await process.WaitForExitAsync(Cancellation);
            return (process.ExitCode, await output + await errors);
        }
        finally
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
        }
    }
}
