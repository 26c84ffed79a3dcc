using System.Text.RegularExpressions;
using SdStudio.EngineUpgrade;

namespace SdStudio.NativeBuild.Tests;

/// <summary>An engine of another layout than the bridge's is refused in words before anything is asked of it.</summary>
public sealed partial class LayoutTests(StandInBuild standIn)
{
    private const int Incompatible = 3;

    private static readonly string Prebuilt = Path.Combine(Tools.Repository, "native", "engine", "prebuilt");

    [Fact]
    public async Task The_engine_that_the_bridge_was_made_for_is_taken()
        => Assert.StartsWith("status 0: ", (await LoadWith(standIn.Engine)).Succeeded().Output, StringComparison.Ordinal);

    // What is changed in the library's own header or source while the bridge keeps the old one, and what the refusal names.
    [Theory]
    [InlineData("include/stable-diffusion.h", "int n_threads;", "int n_threads; const char* new_field;", "sd_ctx_params_t has 328 bytes, expected are 320")]
    [InlineData("include/stable-diffusion.h", "int qwen_image_layers;", "int qwen_image_layers; sd_image_t new_image;", "sd_img_gen_params_t has 584 bytes, expected are 552")]
    [InlineData("include/stable-diffusion.h", "*clip_l_path, *clip_g_path", "*clip_g_path, *clip_l_path", "sd_ctx_params_t has its field clip_l_path at another place")]
    [InlineData("include/stable-diffusion.h", "flash_attn, diffusion_flash_attn,", "diffusion_flash_attn, flash_attn,", "has its field flash_attn at another place")]
    [InlineData("include/stable-diffusion.h", "int width, height;\n    sd_sample_params_t", "int height, width;\n    sd_sample_params_t", "sd_img_gen_params_t has its field width at another place")]
    [InlineData("include/stable-diffusion.h", "float txt_cfg, img_cfg,", "float img_cfg, txt_cfg,", "has its field sample_params.txt_cfg at another place")]
    [InlineData("include/stable-diffusion.h", "int target_width, target_height, steps;", "int target_height, target_width, steps;", "has its field hires.target.0 at another place")]
    [InlineData("include/stable-diffusion.h", "int control_frames_size;", "int control_frames_size; void* new_field;", "sd_vid_gen_params_t has 592 bytes, expected are 584")]
    [InlineData("include/stable-diffusion.h", "int64_t seed;\n    int video_frames, fps;", "int video_frames, fps;\n    int64_t seed;", "sd_vid_gen_params_t has its field seed at another place")]
    [InlineData("include/stable-diffusion.h", "LCM_SAMPLE_METHOD, SAMPLE_METHOD_COUNT", "LCM_SAMPLE_METHOD, DPM2_SAMPLE_METHOD, SAMPLE_METHOD_COUNT", "sample_method_t has 4 values here, but in the engine number 4 is one more")]
    [InlineData("include/stable-diffusion.h", "FLUX_FLOW_PRED, PREDICTION_COUNT", "FLUX_FLOW_PRED, NEW_PRED, PREDICTION_COUNT", "these enums have another number of values")]
    [InlineData("stable-diffusion.cpp", "int get_upscale_factor(", "int get_factor(", "has no function get_upscale_factor")]
    public async Task A_library_of_another_version_is_refused_in_words(string file, string was, string becomes, string named)
    {
        using var folder = new TemporaryFolder();
        Assert.Contains("the engine library and the stable-diffusion.h that this bridge was compiled with are of different versions", await RefusalOf(folder, file, was, becomes), StringComparison.Ordinal);
        Assert.Contains(named, await RefusalOf(folder, file, was, becomes), StringComparison.Ordinal);
    }

    private async Task<string> RefusalOf(TemporaryFolder folder, string file, string was, string becomes)
    {
        string engine = folder["engine", "libstable-diffusion.so"];
        if (!File.Exists(engine))
            await BuildEngine(folder, engine, file, was, becomes);
        var run = (await LoadWith(engine)).Failed();
        Assert.StartsWith($"status {Incompatible}: ", run.Output, StringComparison.Ordinal);
        return run.Output;
    }

    // The fields' order in the header is what a person could get wrong; the engine's own is in engine.layout.json.
    [Theory]
    [InlineData("const char* ip_adapter_path;\n    const char* motion_module_path;", "sd_ctx_params_t.ip_adapter_path")]
    [InlineData("bool tae_preview_only;\n    bool diffusion_conv_direct;", "sd_ctx_params_t.tae_preview_only")]
    [InlineData("sd_image_t ip_adapter_image;\n    float ip_adapter_strength;", "sd_img_gen_params_t.ip_adapter_strength")]
    [InlineData("int Fn_compute_blocks;\n    int Bn_compute_blocks;", "sd_cache_params_t.Fn_compute_blocks")]
    [InlineData("float target_overlap;\n    float rel_size_x;", "sd_tiling_params_t.target_overlap")]
    [InlineData("int video_frames;\n    int fps;", "sd_vid_gen_params_t.video_frames")]
    [InlineData("float moe_boundary;\n    float strength;", "sd_vid_gen_params_t.moe_boundary")]
    [InlineData("float layer_start;\n    float layer_end;", "sd_slg_params_t.layer_start")]
    public async Task A_header_with_two_fields_exchanged_does_not_compile(string fields, string named)
    {
        using var folder = new TemporaryFolder();
        string header = await File.ReadAllTextAsync(Path.Combine(Prebuilt, "engine_abi.hpp"), TestContext.Current.CancellationToken);
        Assert.Contains(fields, header, StringComparison.Ordinal);
        string[] two = fields.Split("\n    ");
        folder.Write(header.Replace(fields, $"{two[1]}\n    {two[0]}", StringComparison.Ordinal), "engine_abi.hpp");
        File.Copy(Path.Combine(Prebuilt, "engine_layout.hpp"), folder["engine_layout.hpp"]);
        var run = (await Compile(folder)).Failed();
        Assert.Contains($"{named} is not where the engine has it", run.Output.Replace("\" \"", "", StringComparison.Ordinal).Replace("\"", "", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_field_of_the_derived_layout_is_asserted_and_the_header_as_it_is_compiles()
    {
        using var folder = new TemporaryFolder();
        foreach (string name in new[] { "engine_abi.hpp", "engine_layout.hpp" })
            File.Copy(Path.Combine(Prebuilt, name), folder[name]);
        (await Compile(folder)).Succeeded();
        string assertions = await File.ReadAllTextAsync(folder["engine_layout.hpp"], TestContext.Current.CancellationToken);
        Layout layout = Layout.Read(Path.Combine(Prebuilt, "engine.layout.json"));
        Assert.All(layout.Structs, s => Assert.Contains($"SDCPP_SIZE({s.Name}, {s.Size})", assertions, StringComparison.Ordinal));
        Assert.All(layout.Structs.SelectMany(s => s.Fields.Select(f => $"SDCPP_AT({s.Name}, {f.Name}, {f.At},")), line => Assert.Contains(line, assertions, StringComparison.Ordinal));
    }

    // The bridge of the fixture beside another engine.
    private async Task<Run> LoadWith(string engine)
    {
        using var folder = new TemporaryFolder();
        File.Copy(standIn.Bridge, folder["libsdcpp.so"]);
        File.Copy(engine, folder["libstable-diffusion.so"]);
        return await Tools.RunAsync(
            Path.Combine(standIn.Folder, "tests", "native", "bridge_test"), ["--load", "-"], new Dictionary<string, string> { ["LD_LIBRARY_PATH"] = folder.Path });
    }

    private static async Task BuildEngine(TemporaryFolder folder, string engine, string file, string was, string becomes)
    {
        foreach (string name in new[] { "stable-diffusion.cpp", "printers.cpp", "include/stable-diffusion.h" })
        {
            string text = await File.ReadAllTextAsync(Path.Combine(Tools.StandIn, name), TestContext.Current.CancellationToken);
            if (name == file)
            {
                Assert.Contains(was, text, StringComparison.Ordinal);
                text = text.Replace(was, becomes, StringComparison.Ordinal);
            }

            // A longer enum needs a name more; the documented sizes are not those of a changed header.
            text = text.Replace("\"heun\", \"lcm\"}", "\"heun\", \"lcm\", \"dpm2\"}", StringComparison.Ordinal).Replace("\"flux_flow\"}", "\"flux_flow\", \"new\"}", StringComparison.Ordinal);
            folder.Write(SizesAsserted().Replace(text, ""), ["source", .. name.Split('/')]);
        }

        folder.Make("engine");
        (await Tools.RunAsync("c++", ["-std=c++17", "-shared", "-fPIC", "-I", folder["source", "include"], folder["source", "stable-diffusion.cpp"], folder["source", "printers.cpp"], "-o", engine])).Succeeded();
    }

    private static Task<Run> Compile(TemporaryFolder folder)
        => Tools.RunAsync("c++", ["-std=c++17", "-fsyntax-only", folder.Write("#include \"engine_layout.hpp\"\n", "all.cpp")]);

    [GeneratedRegex("static_assert\\(sizeof\\(void\\*\\).*?;\n")]
    private static partial Regex SizesAsserted();
}
