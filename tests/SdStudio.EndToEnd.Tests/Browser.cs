using System.Diagnostics;
using Microsoft.Playwright;

namespace SdStudio.EndToEnd.Tests;

/// <summary>Debian's Chromium, installed where that is possible, driven by Playwright.</summary>
public sealed class Browser : IAsyncLifetime
{
    private static readonly string[] Names = ["chromium", "chromium-browser", "google-chrome"];
    private IPlaywright? _playwright;

    /// <summary>Null where there is none and none can be installed.</summary>
    internal IBrowser? Chromium { get; private set; }

    /// <summary>Where screenshots are kept.</summary>
    internal static string Screenshots { get; } = Directory.CreateDirectory(Path.Combine(ServerProcess.Repository, "artifacts", "test-results", "screenshots")).FullName;

    public async ValueTask InitializeAsync()
    {
        if ((Find() ?? Install()) is not { } program)
            return;
        _playwright = await Playwright.CreateAsync();
        // A container's root has no sandbox.
        Chromium = await _playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions { ExecutablePath = program, Args = ["--no-sandbox", "--disable-gpu"] });
    }

    public async ValueTask DisposeAsync()
    {
        if (Chromium is not null)
            await Chromium.DisposeAsync();
        _playwright?.Dispose();
    }

    private static string? Find() => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .SelectMany(folder => Names.Select(name => Path.Combine(folder, name))).FirstOrDefault(File.Exists);

    private static string? Install()
    {
        if (!OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess || !File.Exists("/usr/bin/apt-get"))
            return null;
        Run("update");
        Run("install", "-y", "--no-install-recommends", "chromium");
        return Find();
    }

    private static void Run(params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo("/usr/bin/apt-get", arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        process.WaitForExit();
    }
}
