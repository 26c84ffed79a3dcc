using SdCpp.Interop.Native;

namespace SdCpp.Interop.Tests;

/// <summary>Which engine field each property is, and that the engine has a field of that name.</summary>
public sealed class OptionNameTests(Demo demo)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static readonly StepCache WholeCache = new("dbcache")
    {
        ReuseThreshold = 0.2f, Start = 0.1f, End = 0.9f, ErrorDecayRate = 0.5f, UseRelativeThreshold = true, ResetErrorOnCompute = false, FrontBlocks = 1, BackBlocks = 0,
        ResidualThreshold = 0.3f, WarmupSteps = 2, MaxCachedSteps = 3, MaxContinuousCachedSteps = -1, Derivatives = 1, SkipInterval = 2, StepMask = "1,0,1,1", DynamicPolicy = true,
        SpectrumWeight = 0.4f, SpectrumDegree = 3, SpectrumLambda = 1, SpectrumWindow = 2, SpectrumWindowGrowth = 0.5f, SpectrumWarmupSteps = 1, SpectrumEnd = 0.9f,
    };

    [Fact]
    public async Task Every_field_of_a_request_is_one_of_the_engines()
    {
        TextToImageRequest request = Demo.Request with
        {
            ImageCfgScale = 1, Guidance = 2, Eta = 0.5f, FlowShift = 3, ShiftedTimestep = 0, Sigmas = [1, 0.5f, 0], SamplerArguments = "", ReferenceImageArguments = "", LayerCount = 3,
            SkipLayers = new SkipLayerGuidance([7, 8], Scale: 1, Start: 0.1f, End: 0.5f), Cache = WholeCache, CircularX = true, CircularY = true,
            VaeTiling = new VaeTiling { TileWidth = 8, TileHeight = 8, Overlap = 0.25f, RelativeWidth = 0, RelativeHeight = 0, Arguments = "" },
            Hires = new HiresFix { Upscaler = "Latent", Scale = 1, Steps = 2, Strength = 0.5f, TileSize = 64, Sigmas = [0.6f, 0.3f, 0] },
        };

        EngineOptions options = RequestOptions.Of(request);
        string[] names =
        [
            "sample_params.guidance.img_cfg=1", "sample_params.guidance.distilled_guidance=2", "sample_params.eta=0.5", "sample_params.flow_shift=3", "sample_params.shifted_timestep=0",
            "sample_params.custom_sigmas=1,0.5,0", "sample_params.extra_sample_args=", "sample_params.guidance.slg.layers=7,8", "sample_params.guidance.slg.scale=1",
            "sample_params.guidance.slg.layer_start=0.1", "sample_params.guidance.slg.layer_end=0.5", "circular_x=true", "circular_y=true", "vae_tiling_params.enabled=true",
            "vae_tiling_params.tile_size_x=8", "vae_tiling_params.tile_size_y=8", "vae_tiling_params.target_overlap=0.25", "vae_tiling_params.rel_size_x=0", "vae_tiling_params.rel_size_y=0",
            "vae_tiling_params.extra_tiling_args=", "ref_image_args=", "qwen_image_layers=3", "cache.mode=dbcache", "cache.reuse_threshold=0.2", "cache.start_percent=0.1",
            "cache.end_percent=0.9", "cache.error_decay_rate=0.5", "cache.use_relative_threshold=true", "cache.reset_error_on_compute=false", "cache.Fn_compute_blocks=1",
            "cache.Bn_compute_blocks=0", "cache.residual_diff_threshold=0.3", "cache.max_warmup_steps=2", "cache.max_cached_steps=3", "cache.max_continuous_cached_steps=-1",
            "cache.taylorseer_n_derivatives=1", "cache.taylorseer_skip_interval=2", "cache.scm_mask=1,0,1,1", "cache.scm_policy_dynamic=true", "cache.spectrum_w=0.4",
            "cache.spectrum_m=3", "cache.spectrum_lam=1", "cache.spectrum_window_size=2", "cache.spectrum_flex_window=0.5", "cache.spectrum_warmup_steps=1", "cache.spectrum_stop_percent=0.9",
            "hires.enabled=true", "hires.upscaler=Latent", "hires.scale=1", "hires.steps=2", "hires.denoising_strength=0.5", "hires.upscale_tile_size=64", "hires.custom_sigmas=0.6,0.3,0",
        ];
        Assert.Equal(names, options.Select(option => $"{option.Key}={option.Value}"));
        // Joined edges and tiles exclude each other.
        Assert.Equal(64 * 64 * 3, (await demo.GenerateAsync(request with { VaeTiling = null })).Length);
        Assert.Equal(64 * 64 * 3, (await demo.GenerateAsync(request with { CircularX = false, CircularY = false })).Length);
    }

    [Fact]
    public void Persons_and_images_have_their_strengths_and_files()
    {
        using ImageBuffer image = ImageBuffer.Create(8, 8);
        EngineOptions options = RequestOptions.Of(Demo.Request with
        {
            Control = new ControlImage(image, Strength: 0.5f), IpAdapter = new IpAdapterImage(image, Strength: 0.25f),
            PhotoMaker = new PhotoMakerIdentity([image], StyleStrength: 30, EmbeddingPath: "person.bin"), Pulid = new PulidIdentity(EmbeddingPath: "face.bin", Weight: 2),
        });
        Assert.Equal(
            [
                "control_strength=0.5", "ip_adapter_strength=0.25", "pm_params.style_strength=30", "pm_params.id_embed_path=person.bin", "pulid_params.id_embedding_path=face.bin",
                "pulid_params.id_weight=2",
            ],
            options.Select(option => $"{option.Key}={option.Value}"));
    }

    // What is no part of this family is read and left alone, so that one file can stand in every place.
    [Fact]
    public async Task Every_file_of_a_model_is_one_of_the_engines()
    {
        string file = demo.Files.TextEncoder;
        DiffusionModelOptions options = demo.Files.ToOptions(threads: 1) with
        {
            ClipLPath = file, ClipGPath = file, ClipVisionPath = file, T5xxlPath = file,
            EmbeddingsConnectorsPath = file,
        };
        await using DiffusionModel model = await DiffusionModel.LoadAsync(options, null, Cancellation);

        DiffusionModelOptions all = new()
        {
            ModelPath = "a", DiffusionModelPath = "b", HighNoiseDiffusionModelPath = "c", UncondDiffusionModelPath = "d", ClipLPath = "e", ClipGPath = "f", ClipVisionPath = "g", T5xxlPath = "h",
            LlmPath = "i", LlmVisionPath = "j", EmbeddingsConnectorsPath = "k", VaePath = "l", AudioVaePath = "m", AudioEncoderPath = "n", TaesdPath = "o", ControlNetPath = "p",
            IpAdapterPath = "q", MotionModulePath = "r", PhotoMakerPath = "s", PulidPath = "t", EngineOptions = new Dictionary<string, string> { ["another_path"] = "u", ["wtype"] = "f16" },
        };
        Assert.Equal(
            [
                "model_path=a", "diffusion_model_path=b", "high_noise_diffusion_model_path=c", "uncond_diffusion_model_path=d", "clip_l_path=e", "clip_g_path=f", "clip_vision_path=g",
                "t5xxl_path=h", "llm_path=i", "llm_vision_path=j", "embeddings_connectors_path=k", "vae_path=l", "audio_vae_path=m", "audio_encoder_path=n", "taesd_path=o",
                "control_net_path=p", "ip_adapter_path=q", "motion_module_path=r", "photo_maker_path=s", "pulid_weights_path=t", "another_path=u", "wtype=f16",
            ],
            all.ToEngineOptions().Select(option => $"{option.Key}={option.Value}"));
    }

    [Fact]
    public void Every_other_option_of_a_model_has_its_name()
    {
        DiffusionModelOptions options = new()
        {
            WeightType = "q8_0", TensorTypeRules = "a=f16", Rng = "cpu", SamplerRng = "cuda", Prediction = "v", LoraApplyMode = "auto", VaeFormat = "wan", FlashAttention = true,
            FlashAttentionEverywhere = true, SageAttention = true, TaesdForPreviewsOnly = true, VaeConvDirect = true, DiffusionConvDirect = true, ForceSdxlVaeConvScale = true,
            LinearScale = 0.5f, AttentionScale = 0.25f, Tokenizer = "t", ModelArguments = "m", Mmap = true, EagerLoad = false, Backend = "b", ParamsBackend = "p", SplitMode = "row",
            MaxVram = "8", AutoFit = false, StreamLayers = true, DisablePrefetch = true, DisableSegmentedCompute = true, VaeCpuFallback = 0.9f, RpcServers = "host:1", ConditioningCacheSize = 2,
        };
        Assert.Equal(
            [
                "wtype=q8_0", "tensor_type_rules=a=f16", "rng_type=cpu", "sampler_rng_type=cuda", "prediction=v", "lora_apply_mode=auto", "vae_format=wan", "diffusion_flash_attn=true",
                "flash_attn=true", "sage_attn=true", "tae_preview_only=true", "vae_conv_direct=true", "diffusion_conv_direct=true", "force_sdxl_vae_conv_scale=true", "linear_scale=0.5",
                "attn_scale=0.25", "tokenizer=t", "model_args=m", "enable_mmap=true", "eager_load=false", "backend=b", "params_backend=p", "split_mode=row", "max_vram=8", "auto_fit=false",
                "stream_layers=true", "disable_prefetch=true", "disable_segmented_compute=true", "vae_auto_cpu_fallback=true", "vae_auto_cpu_fallback_memory_ratio=0.9", "rpc_servers=host:1",
                "conditioning_cache_size=2",
            ],
            options.ToEngineOptions().Select(option => $"{option.Key}={option.Value}"));
        Assert.Empty(new DiffusionModelOptions().ToEngineOptions());
    }
}
