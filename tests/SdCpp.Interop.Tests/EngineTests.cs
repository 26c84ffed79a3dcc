namespace SdCpp.Interop.Tests;

public sealed class EngineTests(Demo demo)
{
    [Fact]
    public void The_engine_tells_what_it_can_beyond_what_every_engine_can()
    {
        Assert.Contains("previews", demo.Engine.Info.Features);
        Assert.Equal(demo.Engine.CanConvert, demo.Engine.Info.Features.Contains("convert"));
        Assert.Equal(demo.Engine.Info.Features.Order(StringComparer.Ordinal), demo.Engine.Info.Features);
    }

    [Fact]
    public void The_engine_says_what_it_is()
    {
        Assert.Equal("prebuilt", demo.Engine.Info.Provider);
        Assert.Contains("@qvac/diffusion-cpp 0.25.0", demo.Engine.Info.Version, StringComparison.Ordinal);
        Assert.True(File.Exists(demo.Engine.Info.NativeLibraryPath));
        Assert.Equal(demo.Engine.Devices.Any(device => device.Name == "Vulkan0") ? "vulkan" : "cpu", demo.Engine.Info.Backend);
        Assert.Matches("^Automatic: (libvulkan.so.1|this machine has no graphics card).*the default build.*; (it .* computes on the CPU|its devices are CPU .*).$", demo.Engine.Info.BackendReason);
        Assert.Contains(demo.Engine.Devices, device => device.Name == "CPU" && device.Description != "");
        SdDevice processor = demo.Engine.Devices.First(device => device.Name == "CPU");
        SdDeviceMemory memory = Assert.IsType<SdDeviceMemory>(processor.ReadMemory());
        Assert.InRange(memory.FreeBytes, 1, memory.TotalBytes);
        Assert.Null(new SdDevice("Vulkan77", "not there").ReadMemory());
    }

    [Fact]
    public void Samplers_and_schedulers_have_the_engines_names()
    {
        Assert.Contains("euler_a", demo.Engine.Samplers);
        Assert.Contains("dpm++2m", demo.Engine.Samplers);
        Assert.Contains("karras", demo.Engine.Schedulers);
        Assert.DoesNotContain("NONE", demo.Engine.Samplers.Concat(demo.Engine.Schedulers));
    }

    [Fact]
    public void The_engine_is_loaded_once_and_what_it_is_may_be_asked_for_again()
    {
        Assert.Same(demo.Engine, SdEngine.Load());
        Assert.Same(demo.Engine, SdEngine.Load(new SdEngineOptions()));
        Assert.Same(demo.Engine, SdEngine.Load(new SdEngineOptions
        {
            Backend = demo.Engine.Info.Backend.ToUpperInvariant(), NativeDirectory = Path.GetDirectoryName(demo.Engine.Info.NativeLibraryPath) + "/",
            CrashFile = Environment.GetEnvironmentVariable("SDCPP_CRASH_FILE"),
        }));
        SdEngine.Configure(new SdEngineOptions { Backend = "auto" });
    }

    [Fact]
    public void Another_engine_than_the_loaded_one_is_refused_naming_what_differs()
    {
        Refused(new SdEngineOptions { EnginePath = "nowhere" }, "EnginePath");
        Refused(new SdEngineOptions { Backend = "cuda" }, "Backend");
        Refused(new SdEngineOptions { NativeDirectory = "/elsewhere" }, "NativeDirectory");
        Refused(new SdEngineOptions { BackendPath = "plug-in.so" }, "BackendPath");
        Refused(new SdEngineOptions { CrashFile = "another" }, "CrashFile");
        SdException both = Refused(new SdEngineOptions { Backend = "cuda", CrashFile = "another" }, "Backend");
        Assert.Contains("CrashFile is another", both.Message, StringComparison.Ordinal);
        Assert.Contains("before the first model is loaded", both.Message, StringComparison.Ordinal);

        static SdException Refused(SdEngineOptions options, string option)
        {
            SdException refused = Assert.Throws<SdException>(() => SdEngine.Load(options));
            Assert.Equal((SdError.EngineIncompatible, option), (refused.Code, refused.Option));
            Assert.Equal(refused.Message, Assert.Throws<SdException>(() => SdEngine.Configure(options)).Message);
            return refused;
        }
    }

    [Fact]
    public void A_model_knows_its_family_and_defaults()
    {
        Assert.Equal("Z-Image", demo.Model.Family);
        Assert.Contains(demo.Model.DefaultSampler, demo.Engine.Samplers);
        Assert.Contains(demo.Model.DefaultScheduler, demo.Engine.Schedulers);
    }
}
