namespace SdCpp.Interop.Tests;

/// <summary>What a request can ask for beyond size, steps and seed: each reaches the engine and does what it says.</summary>
public sealed class RequestTests(Demo demo)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static readonly (string Case, TextToImageRequest Without, TextToImageRequest With)[] Changes =
    [
        ("flow shift", Demo.Request, Demo.Request with { FlowShift = 1.5f }),
        ("eta", Demo.Request with { Sampler = "euler_a", Eta = 0 }, Demo.Request with { Sampler = "euler_a", Eta = 1 }),
        ("sigmas", Demo.Request, Demo.Request with { Sigmas = [1, 0.9f, 0.3f, 0] }),
        ("a scheduler", Demo.Request, Demo.Request with { Scheduler = "karras" }),
        ("a sampler", Demo.Request, Demo.Request with { Sampler = "heun" }),
        ("cfg scale", Demo.Request, Demo.Request with { CfgScale = 3 }),
        ("easycache", Demo.Request with { Steps = 12 }, Demo.Request with { Steps = 12, Cache = new StepCache("easycache") { ReuseThreshold = 1, Start = 0.1f, End = 0.9f } }),
        ("spectrum", Demo.Request with { Steps = 12 }, Demo.Request with { Steps = 12, Cache = new StepCache("spectrum") { SpectrumWarmupSteps = 2, SpectrumWindow = 3 } }),
        ("dbcache", Demo.Request with { Steps = 12 }, Demo.Request with { Steps = 12, Cache = new StepCache("dbcache") { ResidualThreshold = 5, WarmupSteps = 1, MaxCachedSteps = 8 } }),
        ("circular", Demo.Request with { Prompt = "a large red circle on the left" }, Demo.Request with { Prompt = "a large red circle on the left", CircularX = true, CircularY = true }),
        ("tiles of 4 latents", Demo.Request, Demo.Request with { VaeTiling = new VaeTiling { TileWidth = 4, TileHeight = 4, Overlap = 0.25f } }),
    ];

    public static TheoryData<string> ChangeNames { get; } = [.. Changes.Select(change => change.Case)];

    [Theory]
    [MemberData(nameof(ChangeNames))]
    public async Task It_changes_the_image_of_its_own_call_only(string name)
    {
        (_, TextToImageRequest without, TextToImageRequest with) = Changes.Single(change => change.Case == name);
        byte[] before = await demo.GenerateAsync(without);
        Assert.NotEqual(before, await demo.GenerateAsync(with));
        Assert.Equal(before, await demo.GenerateAsync(without));
    }

    [Fact]
    public async Task What_the_demo_models_family_does_not_use_is_generated_as_without()
    {
        byte[] expected = await demo.GenerateAsync(Demo.Request);
        Assert.Equal(expected, await demo.GenerateAsync(Demo.Request with
        {
            Guidance = 9, SkipLayers = new SkipLayerGuidance([0]), ShiftedTimestep = 250, LayerCount = 2, ClipSkip = 2, SamplerArguments = "",
            ReferenceImageArguments = "", Cache = new StepCache("disabled"),
        }));
    }

    [Fact]
    public async Task The_engine_says_which_cache_the_family_does_not_have()
    {
        List<SdLogLine> lines = [];
        (await demo.Model.TextToImageAsync(
            Demo.Request with { Cache = new StepCache("ucache") }, new SdCallbacks { Log = lines.Add }, Cancellation)).Dispose();
        Assert.Contains(lines, line => line.Level == SdLogLevel.Warning && line.Text.Contains("UCache requested but not supported", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Sigmas_are_the_steps()
    {
        List<GenerationProgress> seen = [];
        (await demo.Model.TextToImageAsync(
            Demo.Request with { Steps = 40, Sigmas = [1, 0.7f, 0.4f, 0] }, new SdCallbacks { Progress = new Recorder(seen) }, Cancellation)).Dispose();
        Assert.Equal([1, 2, 3], seen.Where(p => p is { Phase: GenerationPhase.Sample, Step: > 0 }).Select(p => p.Step));
        Assert.All(seen.Where(p => p is { Phase: GenerationPhase.Sample, Step: > 0 }), p => Assert.Equal(3, p.Steps));
    }

    [Theory]
    [InlineData("Lanczos")]
    [InlineData("Latent (bicubic)")]
    [InlineData("Model")]
    public async Task The_hires_fix_generates_the_same_image_larger(string upscaler)
    {
        TextToImageRequest request = Demo.Request with { Steps = 6 };
        var hires = new HiresFix { Upscaler = upscaler, ModelPath = upscaler == "Model" ? demo.Files.UpscalerX2 : null, Width = 96, Height = 80, Steps = 4, Strength = 0.5f };
        List<GenerationProgress> seen = [];
        using GenerationResult result = await demo.Model.TextToImageAsync(
            request with { Hires = hires }, new SdCallbacks { Progress = new Recorder(seen) }, Cancellation);

        ImageBuffer generated = Assert.Single(result.Images).Image;
        Assert.Equal((96, 80), (generated.Width, generated.Height));
        var image = new RgbImage(generated.Span.ToArray(), 96, 80);
        Assert.InRange(image.Middle[0], 180, 255);
        Assert.InRange(image.Corner[2], 150, 255);
        Assert.Equal(
            [(1, GenerationPhase.Encode), (1, GenerationPhase.Sample), (2, GenerationPhase.Upscale), (2, GenerationPhase.Sample), (2, GenerationPhase.Decode)],
            seen.Select(p => (p.Pass, p.Phase)).Distinct());
    }

    [Fact]
    public async Task The_hires_fix_scales_sizes_off_the_grid_and_every_image_of_a_batch()
    {
        using GenerationResult result = await demo.Model.TextToImageAsync(
            Demo.Request with { Width = 60, Height = 50, BatchCount = 2, Steps = 2, Hires = new HiresFix { Upscaler = "Latent", Scale = 1.5f, Steps = 2 } }, null, Cancellation);

        Assert.Equal([(90, 75, 7L), (90, 75, 8L)], result.Images.Select(image => (image.Image.Width, image.Image.Height, image.Seed)));
    }

    [Fact]
    public async Task The_hires_fix_upscales_with_nothing_but_an_upscaler()
    {
        SdException refused = await Assert.ThrowsAsync<SdException>(() => demo.Model.TextToImageAsync(
            Demo.Request with { Hires = new HiresFix { Upscaler = "Model", ModelPath = demo.Files.Taesd } }, null, Cancellation));
        Assert.Equal(SdError.ModelFileInvalid, refused.Code);
        Assert.Contains("is not an upscaler", refused.Message, StringComparison.Ordinal);
        refused = await Assert.ThrowsAsync<SdException>(() => demo.Model.TextToImageAsync(
            Demo.Request with
            {
                Hires = new HiresFix { Upscaler = "Model", ModelPath = demo.Files.UpscalerX2 },
                EngineOptions = new Dictionary<string, string> { ["hires.model_path"] = demo.Files.Taesd },
            }, null, Cancellation));
        Assert.Contains("is not an upscaler", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Images_that_the_model_has_no_part_for_are_refused_by_name()
    {
        using ImageBuffer image = ImageBuffer.Create(64, 64);
        await RefusedAsync(Demo.Request with { ReferenceImages = [image] }, SdError.NotSupported, "the family 'Z-Image' takes no reference images");
        await RefusedAsync(Demo.Request with { Control = new ControlImage(image) }, SdError.InvalidArgument, "control_net_path");
        await RefusedAsync(Demo.Request with { IpAdapter = new IpAdapterImage(image) }, SdError.InvalidArgument, "ip_adapter_path");
        await RefusedAsync(Demo.Request with { PhotoMaker = new PhotoMakerIdentity([image]) }, SdError.InvalidArgument, "photo_maker_path");
        await RefusedAsync(Demo.Request with { PhotoMaker = new PhotoMakerIdentity([]) }, SdError.InvalidArgument, "PhotoMaker: Images is empty");
        string person = demo.NewPath(".gguf");
        await File.WriteAllBytesAsync(person, ModelBytes.Gguf("pulid", ("pulid_id", [32, 2048])), Cancellation);
        await RefusedAsync(Demo.Request with { Pulid = new PulidIdentity(person) }, SdError.InvalidArgument, "pulid_weights_path");
    }

    [Fact]
    public async Task An_option_that_this_engine_build_lacks_is_refused_by_name()
    {
        await RefusedAsync(
            Demo.Request with { EngineOptions = new Dictionary<string, string> { ["image_preprocess"] = "canny" } }, SdError.NotSupported,
            "option image_preprocess is not supported by this engine build");
        await RefusedAsync(
            Demo.Request with { EngineOptions = new Dictionary<string, string> { ["no_such_field"] = "1" } }, SdError.NotSupported, "no_such_field");
    }

    [Fact]
    public async Task Finishing_the_image_delivers_it_and_those_before_it()
    {
        TextToImageRequest request = Demo.Request with { BatchCount = 4, Steps = 6 };
        using var finish = new CancellationTokenSource();
        List<GenerationProgress> seen = [];
        var callbacks = new SdCallbacks
        {
            Progress = new Recorder(seen, progress =>
            {
                if (progress is { Phase: GenerationPhase.Sample, ImageIndex: 1, Step: 2 })
                    finish.Cancel();
            }),
        };

        using GenerationResult result = await demo.Model.TextToImageAsync(request, callbacks, Cancellation, finish.Token);

        Assert.Equal([7L, 8L], result.Images.Select(image => image.Seed));
        Assert.Equal(await demo.GenerateAsync(request with { BatchCount = 1, Seed = 8 }), result.Images[1].Image.Span.ToArray());
        Assert.Equal(request.Steps, seen.Last(p => p.Phase == GenerationPhase.Sample).Step);
    }

    [Fact]
    public async Task Finishing_before_the_first_image_cancels_and_finishing_while_decoding_delivers_all()
    {
        using var early = new CancellationTokenSource();
        await early.CancelAsync();
        OperationCanceledException cancelled = await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => demo.Model.TextToImageAsync(Demo.Request, null, Cancellation, early.Token));
        Assert.Equal(early.Token, cancelled.CancellationToken);

        using var late = new CancellationTokenSource();
        var callbacks = new SdCallbacks
        {
            Progress = new Recorder([], progress =>
            {
                if (progress.Phase == GenerationPhase.Decode)
                    late.Cancel();
            }),
        };
        using GenerationResult all = await demo.Model.TextToImageAsync(Demo.Request with { BatchCount = 2 }, callbacks, Cancellation, late.Token);
        Assert.Equal(2, all.Images.Count);
    }

    [Fact]
    public async Task Cancelling_while_decoding_delivers_nothing_and_the_model_still_generates()
    {
        byte[] expected = await demo.GenerateAsync(Demo.Request);
        using var cancel = new CancellationTokenSource();
        var callbacks = new SdCallbacks
        {
            Progress = new Recorder([], progress =>
            {
                if (progress.Phase == GenerationPhase.Decode)
                    cancel.Cancel();
            }),
        };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => demo.Model.TextToImageAsync(Demo.Request, callbacks, cancel.Token));
        Assert.Equal(expected, await demo.GenerateAsync(Demo.Request));
    }

    private async Task RefusedAsync(TextToImageRequest request, SdError code, string part)
    {
        SdException refused = await Assert.ThrowsAsync<SdException>(() => demo.Model.TextToImageAsync(request, null, Cancellation));
        Assert.Equal(code, refused.Code);
        Assert.Contains(part, refused.Message, StringComparison.Ordinal);
    }
}
