using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json;
using SdStudio.Tests;

namespace SdCpp.Interop.Tests.Vulkan;

/// <summary>The Vulkan plug-in of the prebuilt engine, on the software device of Debian's mesa-vulkan-drivers.</summary>
public sealed class VulkanTests(Demo demo)
{
    private const string Drivers = "/usr/share/vulkan/icd.d";
    private static readonly Lazy<(string? Driver, string? Problem)> Software = new(FindOrInstall);

    [Fact]
    public async Task Vulkan_generates_what_the_processor_generates_can_be_stopped_and_passes_the_self_test()
    {
        string driver = Driver();
        string folder = Path.GetDirectoryName(demo.Files.DiffusionModel)!;
        string kept = Path.Combine(folder, "keep_buffers.so");
        await RunAsync(new ProcessStartInfo(
            "cc", ["-shared", "-fPIC", "-O1", "-o", kept, Path.Combine(AppContext.BaseDirectory, "Vulkan", "keep_buffers.c"), "-ldl"]));

        await RunAsync(new ProcessStartInfo(Environment.ProcessPath!, Arguments(VulkanProgram.Generate, folder))
        {
            Environment =
            {
                ["GGML_VK_VISIBLE_DEVICES"] = "0",
                ["VK_DRIVER_FILES"] = driver,
                ["VK_ICD_FILENAMES"] = driver,
                ["LD_PRELOAD"] = kept,
                ["SDCPP_BACKEND"] = "",
            },
        });

        string json = await File.ReadAllTextAsync(Path.Combine(folder, VulkanProgram.ReportFile), TestContext.Current.CancellationToken);
        AssertReport(JsonSerializer.Deserialize(json, VulkanJson.Default.VulkanReport)!);
    }

    [Fact]
    public async Task Vulkan_without_a_card_is_refused_when_asked_for_and_else_the_processor_generates()
    {
        string driver = Driver();
        string native = Path.GetDirectoryName(demo.Engine.Info.NativeLibraryPath)!;

        string automatic = await LoadAsync(driver, native, "auto");
        string asked = await LoadAsync(driver, native, "vulkan");

        Assert.Matches(
            @"^cpu: Automatic: (libvulkan\.so\.1 can be loaded; the default build with its Vulkan plug-in|this machine has no graphics card, so not the Vulkan plug-in; the default build); " +
            @"it has no graphics device and computes on the CPU\.",
            automatic);
        Assert.Matches(@"^EngineNotFound: The backend vulkan was asked for, but .* has these devices: CPU \(.*\)\. Look whether the card's driver is installed", asked);
    }

    [Fact]
    public async Task A_plug_in_that_cannot_be_loaded_is_refused_when_asked_for_and_else_the_processor_generates()
    {
        string driver = Driver();
        string native = Path.GetDirectoryName(demo.Engine.Info.NativeLibraryPath)!;
        string copy = Directory.CreateDirectory(demo.NewPath("")).FullName;
        foreach (string file in Directory.GetFiles(native, "*diffusion-cpp.bare").Append(demo.Engine.Info.NativeLibraryPath))
            File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
        await File.WriteAllTextAsync(Path.Combine(copy, "libqvac-diffusion-ggml-vulkan.so"), "no plug-in", TestContext.Current.CancellationToken);

        string automatic = await LoadAsync(driver, copy, "", devices: "0");
        string asked = await LoadAsync(driver, copy, "vulkan");

        Assert.Matches(@"^cpu: Automatic: .* with its Vulkan plug-in, which could not be loaded \(the backend plug-in .* cannot be loaded\); it has no graphics device", automatic);
        Assert.Matches(@"^EngineNotFound: the backend plug-in '.*vulkan\.so' cannot be loaded", asked);
    }

    /// <param name="driver">The software device's. It is no card: it is left out unless <paramref name="devices"/> names it.</param>
    /// <param name="folder">The build.</param>
    /// <param name="backend">What is asked for.</param>
    /// <param name="devices">The numbers of the devices to take; empty for all cards.</param>
    private static Task<string> LoadAsync(string driver, string folder, string backend, string devices = "") =>
        RunAsync(new ProcessStartInfo(Environment.ProcessPath!, Arguments(VulkanProgram.Load, folder, backend))
        {
            Environment = { ["VK_DRIVER_FILES"] = driver, ["VK_ICD_FILENAMES"] = driver, ["SDCPP_BACKEND"] = "", ["GGML_VK_VISIBLE_DEVICES"] = devices },
        });

    private static void AssertReport(VulkanReport report)
    {
        Assert.Equal("vulkan", report.Info.Backend);
        Assert.StartsWith("SdEngineOptions.Backend asks for vulkan: the default build; its devices are CPU (", report.Info.BackendReason, StringComparison.Ordinal);
        Assert.Contains("llvmpipe", Assert.Single(report.Devices, device => device.Name == VulkanProgram.Device).Description, StringComparison.Ordinal);
        Assert.InRange(Assert.IsType<SdDeviceMemory>(report.Memory).FreeBytes, 1, report.Memory!.TotalBytes);

        // Not the same bytes: the two round differently, which moves the circle's edge by a part of a pixel.
        Assert.InRange(RgbImage.MeanDifference(report.ProcessorImage, report.VulkanImage), 1e-6, 3);
        var image = new RgbImage(report.VulkanImage, Demo.Request.Width!.Value, Demo.Request.Height!.Value);
        Assert.True(image.Middle[0] > 200 && image.Corner[2] > 200);

        Assert.InRange(report.StoppedAtStep, 0, 3);
        Assert.True(report.SelfTest.Passed, report.SelfTest.Problem);
        Assert.Equal(VulkanProgram.Device, report.SelfTest.Device);
    }

    private static string? Find() => NativeLibrary.TryLoad("libvulkan.so.1", out _) && Directory.Exists(Drivers)
        ? Directory.GetFiles(Drivers, "lvp_icd*.json").FirstOrDefault()
        : null;

    private static string Driver()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The prebuilt Vulkan plug-in is for Linux.");
        (string? driver, string? problem) = Software.Value;
        Assert.SkipWhen(driver is null, $"Vulkan's software device cannot be installed: {problem ?? "mesa-vulkan-drivers has no lavapipe here"}");
        return driver!;
    }

    private static (string? Driver, string? Problem) FindOrInstall()
    {
        if (Find() is { } there)
            return (there, null);
        string? problem = DebianPackages.Install("libvulkan1", "mesa-vulkan-drivers");
        return (Find(), problem);
    }

    // Started as `dotnet TESTS.dll` or by its own executable.
    private static string[] Arguments(params string[] more) =>
        Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet" ? [typeof(VulkanTests).Assembly.Location, .. more] : more;

    private static async Task<string> RunAsync(ProcessStartInfo start)
    {
        start.RedirectStandardError = true;
        start.RedirectStandardOutput = true;
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        string errors = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, $"{start.FileName} ended with {process.ExitCode}:\n{await output}\n{errors}");
        return await output;
    }
}
