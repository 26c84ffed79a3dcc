using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json;
using SdStudio.Tests;

namespace SdCpp.Interop.Tests.Vulkan;

/// <summary>The Vulkan plug-in of the prebuilt engine, on the software device of Debian's mesa-vulkan-drivers.</summary>
public sealed class VulkanTests(Demo demo)
{
    private const string Drivers = "/usr/share/vulkan/icd.d";

    [Fact]
    public async Task Vulkan_draws_what_the_processor_draws_can_be_stopped_and_passes_the_self_test()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The prebuilt Vulkan plug-in is for Linux.");
        string driver = FindDriver() ?? InstallDriver();
        string folder = Path.GetDirectoryName(demo.Files.DiffusionModel)!;
        string kept = Path.Combine(folder, "keep_buffers.so");
        await RunAsync(new ProcessStartInfo(
            "cc", ["-shared", "-fPIC", "-O1", "-o", kept, Path.Combine(AppContext.BaseDirectory, "Vulkan", "keep_buffers.c"), "-ldl"]));

        await RunAsync(new ProcessStartInfo(Environment.ProcessPath!, Arguments(VulkanProgram.Verb, folder))
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

    private static void AssertReport(VulkanReport report)
    {
        Assert.Equal("vulkan", report.Info.Backend);
        Assert.StartsWith("SdEngineOptions.Backend asks for vulkan: the default build; its devices are CPU (", report.Info.BackendReason, StringComparison.Ordinal);
        Assert.Contains("llvmpipe", Assert.Single(report.Devices, device => device.Name == VulkanProgram.Device).Description, StringComparison.Ordinal);
        Assert.InRange(Assert.IsType<SdDeviceMemory>(report.Memory).FreeBytes, 1, report.Memory!.TotalBytes);

        // Not the same bytes: the two round differently, which moves the circle's edge by a part of a pixel.
        Assert.InRange(Picture.MeanDifference(report.ProcessorPicture, report.VulkanPicture), 1e-6, 3);
        var picture = new Picture(report.VulkanPicture, Demo.Request.Width, Demo.Request.Height);
        Assert.True(picture.Middle[0] > 200 && picture.Corner[2] > 200);

        Assert.InRange(report.StoppedAtStep, 1, 3);
        Assert.True(report.SelfTest.Passed, report.SelfTest.Problem);
        Assert.Equal(VulkanProgram.Device, report.SelfTest.Device);
    }

    private static string? FindDriver() => NativeLibrary.TryLoad("libvulkan.so.1", out _) && Directory.Exists(Drivers)
        ? Directory.GetFiles(Drivers, "lvp_icd*.json").FirstOrDefault()
        : null;

    private static string InstallDriver()
    {
        string? problem = DebianPackages.Install("libvulkan1", "mesa-vulkan-drivers");
        string? driver = FindDriver();
        Assert.SkipWhen(driver is null, $"Vulkan's software device cannot be installed: {problem ?? "mesa-vulkan-drivers has no lavapipe here"}");
        return driver!;
    }

    // Started as `dotnet TESTS.dll` or by its own executable.
    private static string[] Arguments(params string[] more) =>
        Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet" ? [typeof(VulkanTests).Assembly.Location, .. more] : more;

    private static async Task RunAsync(ProcessStartInfo start)
    {
        start.RedirectStandardError = true;
        start.RedirectStandardOutput = true;
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        string errors = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, $"{start.FileName} ended with {process.ExitCode}:\n{await output}\n{errors}");
    }
}
