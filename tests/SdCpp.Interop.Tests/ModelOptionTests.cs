namespace SdCpp.Interop.Tests;

/// <summary>How a model is loaded: what the engine has is taken, what it lacks is refused by name, what ends the process is refused.</summary>
public sealed class ModelOptionTests(Demo demo)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private DiffusionModelOptions Plain => demo.Files.ToOptions(threads: 1);

    [Fact]
    public async Task Everything_that_the_prebuilt_engine_has_loads_and_generates()
    {
        await using DiffusionModel model = await DiffusionModel.LoadAsync(
            Plain with
            {
                WeightType = "q8_0", TensorTypeRules = "norm=f32,^vae\\.=f16", Rng = "cpu", SamplerRng = "cuda", LoraApplyMode = "at_runtime",
                VaeFormat = "flux", FlashAttention = true, FlashAttentionEverywhere = true, VaeConvDirect = true, DiffusionConvDirect = true,
                ForceSdxlVaeConvScale = true, Mmap = true, EagerLoad = false, Backend = "te=cpu,vae=cpu,diffusion=cpu", ParamsBackend = "cpu", SplitMode = "layer",
                MaxVram = "8", AutoFit = false, StreamLayers = true, VaeCpuFallback = 0.9f, ModelArguments = "chroma_use_dit_mask=false",
            },
            null, Cancellation);
        using GenerationResult result = await model.TextToImageAsync(Demo.Request with { Steps = 8 }, null, Cancellation);
        Assert.InRange(new RgbImage(result.Images[0].Image.Span.ToArray(), 64, 64).Middle[0], 180, 255);
    }

    [Fact]
    public async Task A_prediction_of_flow_models_generates_with_its_shift()
    {
        await using DiffusionModel model = await DiffusionModel.LoadAsync(Plain with { Prediction = "sd3_flow" }, null, Cancellation);
        using GenerationResult result = await model.TextToImageAsync(Demo.Request with { Steps = 8, FlowShift = 3 }, null, Cancellation);
        Assert.InRange(new RgbImage(result.Images[0].Image.Span.ToArray(), 64, 64).Middle[0], 180, 255);
    }

    [Fact]
    public async Task The_random_number_generator_changes_the_noise_and_threads_do_not()
    {
        byte[] expected = await demo.GenerateAsync(Demo.Request);
        Assert.NotEqual(expected, await GenerateAsync(Plain with { Rng = "cpu" }));
        Assert.Equal(expected, await GenerateAsync(Plain with { Threads = 2 }));
    }

    private static async Task<byte[]> GenerateAsync(DiffusionModelOptions options)
    {
        await using DiffusionModel model = await DiffusionModel.LoadAsync(options, null, Cancellation);
        using GenerationResult result = await model.TextToImageAsync(Demo.Request, null, Cancellation);
        return result.Images[0].Image.Span.ToArray();
    }

    public static TheoryData<string> Lacking { get; } = ["SageAttention", "Tokenizer", "LinearScale", "DisablePrefetch", "DisableSegmentedCompute", "ConditioningCacheSize", "AudioEncoderPath"];

    [Theory]
    [MemberData(nameof(Lacking))]
    public async Task What_this_engine_build_lacks_is_refused_by_name(string name)
    {
        DiffusionModelOptions options = name switch
        {
            "SageAttention" => Plain with { SageAttention = true },
            "Tokenizer" => Plain with { Tokenizer = "qwen" },
            "LinearScale" => Plain with { LinearScale = 0.5f },
            "DisablePrefetch" => Plain with { DisablePrefetch = true },
            "DisableSegmentedCompute" => Plain with { DisableSegmentedCompute = true },
            "ConditioningCacheSize" => Plain with { ConditioningCacheSize = 4 },
            _ => Plain with { AudioEncoderPath = demo.Files.Taesd },
        };
        await RefusedAsync(options, SdError.NotSupported, $"{name} is not supported by this engine build");
    }

    [Fact]
    public async Task Words_of_an_earlier_call_are_encoded_again_unless_the_engine_keeps_encodings()
    {
        bool keeps = await KeepsEncodingsAsync();
        await using DiffusionModel model = await DiffusionModel.LoadAsync(Plain, null, Cancellation);
        int encoded = 0;
        var callbacks = new SdCallbacks { Log = line => encoded += line.Text.Contains("computing condition graph completed", StringComparison.Ordinal) ? 1 : 0 };
        List<int> counts = [];
        foreach (TextToImageRequest request in new[] { Demo.Request, Demo.Request with { Seed = 8 }, Demo.Request with { Prompt = "a green square" }, Demo.Request with { BatchCount = 3 } })
        {
            encoded = 0;
            (await model.TextToImageAsync(request, callbacks, Cancellation)).Dispose();
            counts.Add(encoded);
        }

        int again = keeps ? 0 : 1;
        Assert.Equal([1, again, 1, again], counts);
    }

    private async Task<bool> KeepsEncodingsAsync()
    {
        try
        {
            await using DiffusionModel model = await DiffusionModel.LoadAsync(Plain with { ConditioningCacheSize = 4 }, null, Cancellation);
            return true;
        }
        catch (SdException exception) when (exception.Code == SdError.NotSupported)
        {
            return false;
        }
    }

    // Each of these ended the process, or took hours, in the prebuilt engine.
    [Theory]
    [InlineData("DEPRECATED")]
    [InlineData("TYPE_Q4_0_4_4 REMOVED, use Q4_0 with runtime repacking")]
    [InlineData("q8_K")]
    [InlineData("iq1_s")]
    [InlineData("i8")]
    [InlineData("f64")]
    public async Task Weight_types_that_nothing_can_be_converted_to_are_refused(string type)
    {
        await RefusedAsync(Plain with { WeightType = type }, SdError.InvalidArgument, "use f32, f16");
        await RefusedAsync(Plain with { TensorTypeRules = ".*=" + type }, SdError.InvalidArgument, "is not a rule");
    }

    [Theory]
    [InlineData("sefi_flow")]
    [InlineData("minit2i_flow")]
    public async Task Predictions_of_single_families_are_refused(string prediction) =>
        await RefusedAsync(Plain with { Prediction = prediction }, SdError.InvalidArgument, "flux_flow");

    [Fact]
    public async Task Files_are_inspected_whatever_names_them()
    {
        string garbage = demo.NewPath(".safetensors");
        await File.WriteAllTextAsync(garbage, "no model at all", Cancellation);
        await RefusedAsync(Plain with { ClipVisionPath = garbage }, SdError.ModelFileInvalid, garbage);
        await RefusedAsync(Plain with { EngineOptions = new Dictionary<string, string> { ["motion_module_path"] = garbage } }, SdError.ModelFileInvalid, garbage);
        await RefusedAsync(Plain with { Embeddings = new Dictionary<string, string> { ["my-word"] = garbage } }, SdError.ModelFileInvalid, garbage);
        await RefusedAsync(Plain with { PulidPath = garbage + ".missing" }, SdError.ModelFileNotFound, garbage);
    }

    [Fact]
    public async Task A_second_call_waits_or_throws_as_asked()
    {
        await using DiffusionModel model = await DiffusionModel.LoadAsync(Plain with { WhenBusy = WhenBusy.Throw }, null, Cancellation);
        using var cancel = new CancellationTokenSource();
        Task<GenerationResult> running = model.TextToImageAsync(Demo.Request with { Steps = 1000 }, null, cancel.Token);
        SdException busy = await Assert.ThrowsAsync<SdException>(() => model.TextToImageAsync(Demo.Request, null, Cancellation));
        Assert.Equal(SdError.Busy, busy.Code);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);

        // As soon as the caller knows that a call has ended, the next one is welcome.
        for (int i = 0; i < 20; i++)
            (await model.TextToImageAsync(Demo.Request with { Steps = 1, Width = 16, Height = 16 }, null, Cancellation)).Dispose();
    }

    [Fact]
    public async Task A_busy_upscaler_throws_when_asked_to()
    {
        await using Upscaler upscaler = await Upscaler.LoadAsync(
            new UpscalerOptions(demo.Files.UpscalerX2) { Threads = 1, WhenBusy = WhenBusy.Throw, ConvDirect = true, ParamsBackend = "cpu" }, null, Cancellation);
        using ImageBuffer image = ImageBuffer.Create(16, 16);
        image.Span.Fill(90);
        var entered = new TaskCompletionSource();
        using var leave = new ManualResetEventSlim();
        var callbacks = new SdCallbacks
        {
            Progress = new Recorder([], _ =>
            {
                entered.TrySetResult();
                leave.Wait(Cancellation);
            }),
        };
        Task<ImageBuffer> running = upscaler.UpscaleAsync(image, callbacks, Cancellation);
        await entered.Task;
        SdException busy = await Assert.ThrowsAsync<SdException>(() => upscaler.UpscaleAsync(image, null, Cancellation));
        leave.Set();
        Assert.Equal(SdError.Busy, busy.Code);
        using ImageBuffer upscaled = await running;
        Assert.Equal((32, 32), (upscaled.Width, upscaled.Height));
        Assert.InRange(upscaled.Span[0], 85, 95);
    }

    private static async Task RefusedAsync(DiffusionModelOptions options, SdError code, string part)
    {
        SdException refused = await Assert.ThrowsAsync<SdException>(() => DiffusionModel.LoadAsync(options, null, Cancellation));
        Assert.Equal(code, refused.Code);
        Assert.Contains(part, refused.Message, StringComparison.Ordinal);
    }
}
