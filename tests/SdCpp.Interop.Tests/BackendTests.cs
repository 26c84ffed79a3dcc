using SdCpp.Interop.Native;

namespace SdCpp.Interop.Tests;

/// <summary>The choice among native builds: folders with files of the right names, and drivers that are there or not.</summary>
public sealed class BackendTests : IDisposable
{
    private const string Cuda = "libcuda.so.1";
    private const string Vulkan = "libvulkan.so.1";
    private const string PlugIn = "qvac__diffusion-cpp/libqvac-diffusion-ggml-vulkan.so";
    private readonly string _folder = Directory.CreateTempSubdirectory("sdcpp-builds-").FullName;
    private readonly string? _environment = Environment.GetEnvironmentVariable(EngineChoice.BackendVariable);

    public BackendTests() => Environment.SetEnvironmentVariable(EngineChoice.BackendVariable, null);

    public void Dispose()
    {
        Environment.SetEnvironmentVariable(EngineChoice.BackendVariable, _environment);
        Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [InlineData("prebuilt,cpu,vulkan,cuda", $"{Cuda},{Vulkan}", "cuda", null, "libcuda.so.1 can be loaded; the build cuda")]
    [InlineData("prebuilt,cpu,vulkan,cuda", Vulkan, "vulkan", null, "libcuda.so.1 cannot be loaded, so not the build cuda; libvulkan.so.1 can be loaded; the build vulkan")]
    [InlineData("prebuilt,cuda", Vulkan, "", PlugIn, "libcuda.so.1 cannot be loaded, so not the build cuda; libvulkan.so.1 can be loaded; the default build with its Vulkan plug-in")]
    [InlineData("prebuilt,cuda", "", "", null, "libcuda.so.1 cannot be loaded, so not the build cuda; libvulkan.so.1 cannot be loaded, so not the Vulkan plug-in; the default build")]
    [InlineData("linked,vulkan", "", "", null, "libvulkan.so.1 cannot be loaded, so not the build vulkan; the default build")]
    [InlineData("cpu,cuda", "", "cpu", null, "libcuda.so.1 cannot be loaded, so not the build cuda; the build cpu")]
    public void The_machine_decides_and_the_reason_names_what_was_looked_at(string builds, string drivers, string chosen, string? plugIn, string reason)
    {
        EngineChoice choice = Choose(new SdEngineOptions(), builds, drivers)[0];

        Assert.Equal(chosen, choice.Build.Name);
        Assert.Equal(plugIn is null ? null : Path.Combine(_folder, plugIn), choice.PlugIn);
        Assert.Equal("Automatic: " + reason, choice.Reason);
        Assert.Null(choice.Asked);
    }

    [Theory]
    [InlineData("prebuilt", "", "this machine has no graphics card, so not the Vulkan plug-in; the default build")]
    [InlineData("prebuilt,vulkan,cpu", "", "this machine has no graphics card, so not the build vulkan; this machine has no graphics card, so not the Vulkan plug-in; the default build")]
    [InlineData("prebuilt,cuda", "cuda", "libcuda.so.1 can be loaded; the build cuda")]
    public void Vulkan_is_left_out_on_a_machine_without_a_card(string builds, string chosen, string reason)
    {
        EngineChoice choice = Choose(new SdEngineOptions(), builds, [Cuda, Vulkan], hasCard: false)[0];

        Assert.Equal((chosen, null, "Automatic: " + reason), (choice.Build.Name, choice.PlugIn, choice.Reason));
    }

    [Fact]
    public void Vulkan_that_is_asked_for_is_loaded_whatever_the_machine_shows()
    {
        EngineChoice choice = Assert.Single(Choose(new SdEngineOptions { Backend = "vulkan" }, "prebuilt", [Vulkan], hasCard: false));

        Assert.Equal(Path.Combine(_folder, PlugIn), choice.PlugIn);
    }

    [Theory]
    [InlineData("dri/renderD128", true)]
    [InlineData("nvidia0", true)]
    [InlineData("dxg", true)]
    [InlineData("tty0", false)]
    public void A_card_shows_as_a_file_of_its_driver(string file, bool isCard)
    {
        string devices = Path.Combine(_folder, "dev");
        Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(devices, file))!);
        File.WriteAllText(Path.Combine(devices, file), "");

        Assert.Equal(isCard, GraphicsCards.IsShownIn(devices));
    }

    [Theory]
    [InlineData("cpu", "", null, "the default build")]
    [InlineData("vulkan", "", PlugIn, "the default build")]
    [InlineData("CUDA", "cuda", null, "the build cuda")]
    [InlineData("mine", "mine", null, "the build mine")]
    public void A_name_decides_over_the_environment_and_what_the_machine_has(string backend, string chosen, string? plugIn, string title)
    {
        Environment.SetEnvironmentVariable(EngineChoice.BackendVariable, "cpu");

        EngineChoice choice = Assert.Single(Choose(new SdEngineOptions { Backend = backend }, "prebuilt,cuda,mine", $"{Cuda},{Vulkan}"));

        Assert.Equal(chosen, choice.Build.Name);
        Assert.Equal(plugIn is null ? null : Path.Combine(_folder, plugIn), choice.PlugIn);
        Assert.Equal($"SdEngineOptions.Backend asks for {backend.ToLowerInvariant()}: {title}", choice.Reason);
    }

    [Fact]
    public void The_environment_decides_where_the_options_name_nothing()
    {
        Environment.SetEnvironmentVariable(EngineChoice.BackendVariable, "cpu");

        EngineChoice choice = Assert.Single(Choose(new SdEngineOptions { Backend = "auto" }, "prebuilt,cuda", $"{Cuda},{Vulkan}"));

        Assert.Equal(("", null, "SDCPP_BACKEND asks for cpu: the default build"), (choice.Build.Name, choice.PlugIn, choice.Reason));
    }

    [Theory]
    [InlineData("prebuilt,cuda", "cuda", SdError.EngineNotFound, "libcuda.so.1 cannot be loaded. Install the driver of the NVIDIA card (the toolkit is not enough), or ask for one of: cpu, vulkan.")]
    [InlineData("prebuilt", "vulkan", SdError.EngineNotFound, "libvulkan.so.1 cannot be loaded. Install the Vulkan loader")]
    [InlineData("prebuilt,mine", "cuda", SdError.InvalidArgument, "the backend 'cuda', which no build has. There are: cpu, mine, vulkan.")]
    [InlineData("linked", "rocm", SdError.InvalidArgument, "the backend 'rocm', which no build has. There are: cpu, cuda, vulkan.")]
    [InlineData("mine", null, SdError.EngineNotFound, "There are: mine. Name one by SdEngineOptions.Backend or SDCPP_BACKEND.")]
    public void What_cannot_be_is_refused_with_what_is_missing_and_what_is_there(string builds, string? backend, SdError code, string message)
    {
        var refused = Assert.Throws<SdException>(() => Choose(new SdEngineOptions { Backend = backend }, builds, ""));

        Assert.Equal(code, refused.Code);
        Assert.Contains(message, refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData($"{Cuda},{Vulkan}")]
    public void A_plug_in_that_is_named_is_the_only_one_and_goes_with_the_default_build(string drivers)
    {
        EngineChoice choice = Assert.Single(Choose(new SdEngineOptions { BackendPath = "/elsewhere.so" }, "prebuilt,cuda", drivers));

        Assert.Equal(("", "/elsewhere.so"), (choice.Build.Name, choice.PlugIn));
        Assert.EndsWith("the default build, with the plug-in that was named", choice.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_without_a_build_is_passed_over_and_a_flattened_publish_keeps_its_plug_in()
    {
        Make("prebuilt");
        File.Move(Path.Combine(_folder, PlugIn), Path.Combine(_folder, Path.GetFileName(PlugIn)));

        EngineBuild build = Assert.Single(EngineBuild.Find([Path.Combine(_folder, "runtimes"), _folder], withSubfolders: true));

        Assert.Equal(Path.Combine(_folder, EngineBuild.FileName), build.Library);
        Assert.Equal(Path.Combine(_folder, Path.GetFileName(PlugIn)), build.PlugIn);
    }

    [Fact]
    public void Without_any_build_every_place_is_named()
    {
        var refused = Assert.Throws<SdException>(() => EngineBuild.Find(_folder));

        Assert.Equal(SdError.EngineNotFound, refused.Code);
        Assert.Contains(Path.Combine(_folder, EngineBuild.FileName), refused.Message, StringComparison.Ordinal);
        Assert.Contains("SDCPP_NATIVE_DIRECTORY", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_second_build_in_one_process_is_refused()
    {
        var refused = Assert.Throws<SdException>(() => NativeLoader.Load(Choose(new SdEngineOptions(), "linked", "")));

        Assert.Equal(SdError.EngineIncompatible, refused.Code);
        Assert.Contains($"already loaded {NativeLoader.Path}", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Drivers_are_those_that_the_system_can_load()
    {
        Assert.Equal((Cuda, Vulkan, null), (EngineChoice.DriverOf("cuda"), EngineChoice.DriverOf("vulkan"), EngineChoice.DriverOf("cpu")));
        Assert.True(NativeLoader.CanLoad("libc.so.6"));
        Assert.False(NativeLoader.CanLoad("libnot-there.so.1"));
    }

    private List<EngineChoice> Choose(SdEngineOptions options, string builds, string drivers) => Choose(options, builds, drivers.Split(','), hasCard: true);

    private List<EngineChoice> Choose(SdEngineOptions options, string builds, IEnumerable<string> drivers, bool hasCard)
    {
        Make(builds);
        return EngineChoice.Make(options, EngineBuild.Find([_folder], withSubfolders: true), drivers.Contains, hasCard);
    }

    private void Make(string builds)
    {
        foreach (string build in builds.Split(','))
        {
            bool standard = build is "prebuilt" or "linked";
            Write(Path.Combine(standard ? "" : build, EngineBuild.FileName));
            if (build == "prebuilt")
            {
                Write(PlugIn);
                Write("qvac__diffusion-cpp.bare");
            }
        }

        void Write(string name)
        {
            string path = Path.Combine(_folder, name);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, "a build");
        }
    }
}
