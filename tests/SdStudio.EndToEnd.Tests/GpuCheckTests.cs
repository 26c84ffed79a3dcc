using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace SdStudio.EndToEnd.Tests;

/// <summary>The archive of <c>./build.sh gpu-archive</c>, which <c>./build.sh test</c> makes before: unpacked and run on Mesa's software device.</summary>
public sealed class GpuCheckTests : IDisposable
{
    private const string Name = "SdStudio-gpu-check-linux-x64";
    private readonly string _folder = Directory.CreateDirectory(ServerProcess.NewFolder()).FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task The_archive_is_small_and_checks_a_software_device_where_there_is_nothing_but_a_shell()
    {
        Dictionary<string, string> vulkan = await SoftwareVulkan.EnvironmentAsync(_folder);
        string archive = Path.Combine(ServerProcess.Repository, "artifacts", $"{Name}.tar.gz");
        Assert.True(File.Exists(archive), $"There is no {archive}; make it with ./build.sh gpu-archive.");
        Assert.InRange(new FileInfo(archive).Length, 1, 60_000_000);
        await RunAsync("tar", ["-xzf", archive, "-C", _folder], []);

        string output = Path.Combine(_folder, "results");
        (int exitCode, string said) = await RunAsync(
            "/bin/sh", [Path.Combine(_folder, Name, "gpu-check.sh"), "--sizes", "small", "--out", output, "--work", Path.Combine(_folder, "work"), "--seconds", "900"],
            vulkan);

        Assert.True(exitCode == 0, said);
        AssertReport(await File.ReadAllTextAsync(Path.Combine(output, "gpu-check.json"), TestContext.Current.CancellationToken));
        string table = await File.ReadAllTextAsync(Path.Combine(output, "gpu-check.md"), TestContext.Current.CancellationToken);
        Assert.StartsWith("# GPU check: passed", table, StringComparison.Ordinal);
        Assert.Contains("| keep the weights in RAM | Vulkan0 | ok |", table, StringComparison.Ordinal);
        Assert.Contains("| time the model of SDXL's size on the card | Vulkan0 | skipped: left out by --sizes small |", table, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_graphics_device_the_other_checks_are_done_and_the_exit_code_says_so()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture == Architecture.X64, "The archive is for Linux x64.");
        string output = Path.Combine(_folder, "results");
        string program = Path.Combine(ServerProcess.Repository, "artifacts", "bin", "SdStudio.GpuCheck", new DirectoryInfo(AppContext.BaseDirectory).Name, "SdStudio.GpuCheck");

        (int exitCode, string said) = await RunAsync(
            program, ["--sizes", "small", "--out", output, "--device", "Vulkan7", "--seconds", "900"],
            new() { ["SDCPP_BACKEND"] = "cpu", ["DOTNET_ROOT"] = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..")) });

        Assert.Equal(1, exitCode);
        Assert.Contains("the engine has no device Vulkan7; it has CPU", said, StringComparison.Ordinal);
        using JsonDocument report = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(output, "gpu-check.json"), TestContext.Current.CancellationToken));
        Dictionary<string, JsonElement> checks = Checks(report.RootElement);
        Assert.Equal("failed", checks["devices"].GetProperty("status").GetString());
        Assert.Equal("ok", checks["time-demo-cpu"].GetProperty("status").GetString());
        Assert.Equal("there is no graphics device", checks["cancel"].GetProperty("reason").GetString());
    }

    private static void AssertReport(string json)
    {
        using JsonDocument report = JsonDocument.Parse(json);
        Assert.True(report.RootElement.GetProperty("passed").GetBoolean());
        Assert.Equal("Vulkan0", report.RootElement.GetProperty("device").GetString());
        Dictionary<string, JsonElement> checks = Checks(report.RootElement);
        foreach (string name in new[] { "devices", "self-test", "models", "time-demo-card", "time-demo-cpu", "compare-demo", "cancel", "tiling", "weights-in-ram", "eviction" })
            Assert.Equal("ok", checks[name].GetProperty("status").GetString());

        Assert.InRange(Figure(checks["compare-demo"], "psnr_db"), 20, 99.9);
        Assert.InRange(Figure(checks["time-demo-card"], "weights_on_device_mib"), 20, 60);
        Assert.Equal(0, Figure(checks["weights-in-ram"], "ram_weights_mib"));
        Assert.InRange(Figure(checks["tiling"], "tiles_buffer_mib"), 0.01, Figure(checks["tiling"], "at_once_buffer_mib") / 2);
        Assert.InRange(Figure(checks["eviction"], "models_loaded"), 1, Figure(checks["eviction"], "models_generated_with") - 1);
        Assert.True(Figure(checks["cancel"], "longest_stop_seconds") > 0);
    }

    private static Dictionary<string, JsonElement> Checks(JsonElement report) =>
        report.GetProperty("checks").EnumerateArray().ToDictionary(check => check.GetProperty("name").GetString()!);

    private static double Figure(JsonElement check, string name) => check.GetProperty("figures").GetProperty(name).GetDouble();

    private static async Task<(int ExitCode, string Said)> RunAsync(string program, string[] arguments, Dictionary<string, string> environment)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardError = true, RedirectStandardOutput = true };
        // As in a shell just opened: nothing of the SDK's that runs these tests.
        start.Environment.Clear();
        start.Environment["PATH"] = "/usr/bin:/bin";
        foreach ((string name, string value) in environment)
            start.Environment[name] = value;
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        string errors = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, await output + errors);
    }
}
