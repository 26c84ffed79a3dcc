using Microsoft.Playwright;
using SdStudio.Tests;

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
        // What is waited for comes in milliseconds; only a machine with much else to do needs more.
        Assertions.SetDefaultExpectTimeout(60_000);
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

    private static string? Install() => DebianPackages.Install("chromium") is null ? Find() : null;
}
