using SdCpp.Interop.Native;

namespace SdCpp.Interop.Tests;

/// <summary>Names as people and other programs write them, and what a refusal says.</summary>
public sealed class NameTests(Demo demo)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("Euler a", "euler_a", null)]
    [InlineData("euler_ancestral", "euler_a", null)]
    [InlineData("k_euler", "euler", null)]
    [InlineData("EULER", "euler", null)]
    [InlineData("DPM++ 2M Karras", "dpm++2m", "karras")]
    [InlineData("DDIM", "ddim_trailing", null)]
    public async Task A_sampler_may_be_called_what_other_tools_call_it(string written, string sampler, string? scheduler)
    {
        Assert.Equal((sampler, scheduler), SamplerNames.Find(demo.Engine, written, null));
        Assert.Equal(await demo.GenerateAsync(Demo.Request with { Sampler = sampler, Scheduler = scheduler }), await demo.GenerateAsync(Demo.Request with { Sampler = written }));
    }

    [Fact]
    public async Task An_unknown_sampler_or_scheduler_is_refused_with_those_that_are_and_the_nearest()
    {
        SdException refused = await RefusedAsync(Demo.Request with { Sampler = "Euler b" });
        Assert.Equal("Sampler", refused.Option);
        Assert.StartsWith("Sampler 'Euler b' is not one of this engine's. Did you mean Euler a? It has: euler, euler_a,", refused.Message, StringComparison.Ordinal);
        refused = await RefusedAsync(Demo.Request with { Scheduler = "karas" });
        Assert.Equal("Scheduler", refused.Option);
        Assert.Contains("Did you mean karras? It has: discrete, karras,", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Q8_0")]
    [InlineData("q4_k")]
    [InlineData("FP16")]
    [InlineData("bf16")]
    public async Task A_weight_type_may_be_written_as_elsewhere(string type)
    {
        await using DiffusionModel model = await DiffusionModel.LoadAsync(demo.Files.ToOptions(1) with { WeightType = type }, null, Cancellation);
        Assert.Equal("Z-Image", model.Family);
    }

    [Theory]
    [InlineData("wtype", "Q6_K", "q6_K")]
    [InlineData("rng_type", "CUDA", "cuda")]
    [InlineData("prediction", "V-Prediction", "v")]
    [InlineData("cache.mode", "Cache-DiT", "cache-dit")]
    [InlineData("hires.upscaler", "latent (nearest exact)", "Latent (nearest-exact)")]
    [InlineData("hires.upscaler", "LANCZOS", "Lanczos")]
    [InlineData("hires.upscaler", "Something New", "Something New")]
    [InlineData("vae_format", "FLUX", "flux")]
    [InlineData("backend", "Vulkan0", "Vulkan0")]
    public void Values_become_the_engines(string option, string written, string expected) => Assert.Equal(expected, ValueNames.Normalize(option, written));

    [Fact]
    public async Task The_size_of_a_hires_result_is_the_bridges_whatever_named_it()
    {
        await ChangedAsync(new() { ["hires.enabled"] = "true", ["hires.upscaler"] = "Latent", ["hires.scale"] = "1.5" }, 96);
        await ChangedAsync(new() { ["hires.enabled"] = "true", ["hires.upscaler"] = "Latent", ["hires.target_width"] = "72", ["hires.target_height"] = "72" }, 72);
        SdException refused = await RefusedAsync(Demo.Request with { Hires = new HiresFix { Upscaler = "Latent", Width = 32, Height = 32 } });
        Assert.Equal("Hires.Scale", refused.Option);

        async Task ChangedAsync(Dictionary<string, string> options, int side)
        {
            using GenerationResult result = await demo.Model.TextToImageAsync(Demo.Request with { Steps = 1, EngineOptions = options }, null, Cancellation);
            Assert.Equal((side, side), (result.Images[0].Image.Width, result.Images[0].Image.Height));
        }
    }

    [Fact]
    public void A_limit_that_the_binding_names_is_the_bridges()
    {
        IReadOnlyDictionary<string, SdLimit> limits = demo.Engine.Limits;
        Assert.Equal(
            (ImageRequest.MaxSteps, ImageRequest.MaxBatchCount, ImageRequest.MaxPromptBytes, ImageRequest.MaxImages, ImageBuffer.MaxSide, ImageBuffer.MaxPixels),
            ((int)limits["Steps"].High, (int)limits["BatchCount"].High, (int)limits["prompt bytes"].High, (int)limits["the number of images"].High, (int)limits["Width"].High,
                (int)limits["Width × Height"].High));
        Assert.Equal(new SdLimit(1, 16), limits["Hires.Scale"]);
        Assert.Equal(new SdLimit(0, 1), limits["VaeCpuFallback"]);
        Assert.InRange(limits.Count, 40, 200);
    }

    [Theory]
    [InlineData("Steps")]
    [InlineData("BatchCount")]
    [InlineData("Width")]
    [InlineData("CfgScale")]
    [InlineData("ClipSkip")]
    [InlineData("Eta")]
    [InlineData("LayerCount")]
    public async Task What_the_table_says_is_what_is_refused(string name)
    {
        SdLimit limit = demo.Engine.Limits[name];
        foreach (double outside in new[] { limit.Low - 1, limit.High + 1 })
            Assert.Equal(name, (await RefusedAsync(With(name, outside))).Option);

        static TextToImageRequest With(string name, double value) => name switch
        {
            "Steps" => Demo.Request with { Steps = (int)value },
            "BatchCount" => Demo.Request with { BatchCount = (int)value },
            "Width" => Demo.Request with { Width = (int)value },
            "CfgScale" => Demo.Request with { CfgScale = (float)value },
            "ClipSkip" => Demo.Request with { ClipSkip = (int)value },
            "Eta" => Demo.Request with { Eta = (float)value },
            _ => Demo.Request with { LayerCount = (int)value },
        };
    }

    private async Task<SdException> RefusedAsync(TextToImageRequest request)
    {
        SdException refused = await Assert.ThrowsAsync<SdException>(() => demo.Model.TextToImageAsync(request, null, Cancellation));
        Assert.Equal(SdError.InvalidArgument, refused.Code);
        return refused;
    }
}
