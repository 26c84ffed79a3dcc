using SdCpp.Interop.Native;

namespace SdCpp.Interop;

/// <summary>
/// The files of a model and how to load them. Give either <see cref="ModelPath"/> or the parts. What is null is the engine's own choice;
/// what the loaded engine lacks is refused by its name with <see cref="SdError.NotSupported"/>.
/// </summary>
public sealed record DiffusionModelOptions
{
    /// <summary>One file with everything: a whole checkpoint.</summary>
    public string? ModelPath { get; init; }

    /// <summary>The diffusion model alone.</summary>
    public string? DiffusionModelPath { get; init; }

    /// <summary>The high-noise diffusion model of a pair (Wan 2.2).</summary>
    public string? HighNoiseDiffusionModelPath { get; init; }

    /// <summary>A diffusion model for the unconditional half of classifier-free guidance.</summary>
    public string? UncondDiffusionModelPath { get; init; }

    /// <summary>CLIP-L text encoder.</summary>
    public string? ClipLPath { get; init; }

    /// <summary>CLIP-G text encoder.</summary>
    public string? ClipGPath { get; init; }

    /// <summary>CLIP vision encoder, for <see cref="IpAdapterPath"/> and the like.</summary>
    public string? ClipVisionPath { get; init; }

    /// <summary>T5-XXL text encoder.</summary>
    public string? T5xxlPath { get; init; }

    /// <summary>Language model used as text encoder (Qwen3, Qwen2.5-VL, …).</summary>
    public string? LlmPath { get; init; }

    /// <summary>The vision part of that language model.</summary>
    public string? LlmVisionPath { get; init; }

    /// <summary>What joins a text encoder to its model, where that is a file of its own (LTX).</summary>
    public string? EmbeddingsConnectorsPath { get; init; }

    /// <summary>VAE.</summary>
    public string? VaePath { get; init; }

    /// <summary>VAE of the sound of video models.</summary>
    public string? AudioVaePath { get; init; }

    /// <summary>Encoder of the sound that a video model follows.</summary>
    public string? AudioEncoderPath { get; init; }

    /// <summary>Tiny autoencoder, in place of the VAE.</summary>
    public string? TaesdPath { get; init; }

    /// <summary>ControlNet, for <see cref="ImageRequest.Control"/>.</summary>
    public string? ControlNetPath { get; init; }

    /// <summary>IP-Adapter, for <see cref="ImageRequest.IpAdapter"/>; needs <see cref="ClipVisionPath"/>.</summary>
    public string? IpAdapterPath { get; init; }

    /// <summary>Motion module of AnimateDiff.</summary>
    public string? MotionModulePath { get; init; }

    /// <summary>PhotoMaker, for <see cref="ImageRequest.PhotoMaker"/>.</summary>
    public string? PhotoMakerPath { get; init; }

    /// <summary>PuLID, for <see cref="ImageRequest.Pulid"/>.</summary>
    public string? PulidPath { get; init; }

    /// <summary>Textual inversions: the word that stands for each in prompts, and its file.</summary>
    public IReadOnlyDictionary<string, string>? Embeddings { get; init; }

    /// <summary>
    /// Convert weights to this type while loading: <c>f32</c>, <c>f16</c>, <c>bf16</c>, <c>q4_0</c>, <c>q4_1</c>, <c>q5_0</c>, <c>q5_1</c>,
    /// <c>q8_0</c>, <c>q2_K</c> to <c>q6_K</c>, <c>iq4_nl</c>, <c>iq4_xs</c>; null keeps them as they are.
    /// </summary>
    public string? WeightType { get; init; }

    /// <summary>Weight types by regular expressions on tensors' names, e.g. <c>^vae\.=f16,norm=f32</c>; the first that fits holds.</summary>
    public string? TensorTypeRules { get; init; }

    /// <summary>
    /// CPU threads, 1 to 1024. 0 for the physical cores that this process may use; calls of such models take turns on the cores, step by
    /// step, for the engine's threads wait by spinning. Calls with a number of their own run whenever they like: keep the sum within the cores.
    /// </summary>
    public int Threads { get; init; }

    /// <summary>What a second call does while one is running.</summary>
    public WhenBusy WhenBusy { get; init; }

    /// <summary>Most calls that wait for their turn, 0 or more; further ones fail with <see cref="SdError.Busy"/>.</summary>
    public int MaxWaitingCalls { get; init; } = 1000;

    /// <summary>Where noise comes from: <c>cuda</c>, <c>cpu</c> or <c>std_default</c>. Names of other programs whose seeds shall give the same image.</summary>
    public string? Rng { get; init; }

    /// <summary>Where the noise comes from that samplers add; null for <see cref="Rng"/>.</summary>
    public string? SamplerRng { get; init; }

    /// <summary>
    /// What the model predicts: <c>eps</c>, <c>v</c>, <c>edm_v</c>, <c>sd3_flow</c>, <c>flux_flow</c>; null for what its family does. Requests
    /// then give <see cref="ImageRequest.FlowShift"/> for the last two: the engine has none of its own, and returns black images.
    /// </summary>
    public string? Prediction { get; init; }

    /// <summary>When LoRAs are applied: <c>at_runtime</c>, the only one that the prebuilt engine survives; <c>immediately</c> and <c>auto</c> may stay in the weights.</summary>
    public string? LoraApplyMode { get; init; }

    /// <summary>The VAE's latent format: <c>flux</c>, <c>sd3</c>, <c>flux2</c>, <c>wan</c>; null for what its family has.</summary>
    public string? VaeFormat { get; init; }

    /// <summary>Flash attention in the diffusion model: less memory, on most devices faster.</summary>
    public bool FlashAttention { get; init; }

    /// <summary>Flash attention in the text encoders and the VAE too.</summary>
    public bool FlashAttentionEverywhere { get; init; }

    /// <summary>Sage attention, where the engine has it.</summary>
    public bool SageAttention { get; init; }

    /// <summary>Use <see cref="TaesdPath"/> for previews only, and <see cref="VaePath"/> for results.</summary>
    public bool TaesdForPreviewsOnly { get; init; }

    /// <summary>Direct convolution in the VAE.</summary>
    public bool VaeConvDirect { get; init; }

    /// <summary>Direct convolution in the diffusion model.</summary>
    public bool DiffusionConvDirect { get; init; }

    /// <summary>Scale the convolutions of SDXL's VAE, against black images in 16 bits.</summary>
    public bool ForceSdxlVaeConvScale { get; init; }

    /// <summary>Factor of the results of linear layers against overflow in 16 bits, above 0 to 1000.</summary>
    public float? LinearScale { get; init; }

    /// <summary>Factor in attention, as <see cref="LinearScale"/>.</summary>
    public float? AttentionScale { get; init; }

    /// <summary>Map the files into memory instead of reading them.</summary>
    public bool Mmap { get; init; }

    /// <summary>Read all weights while loading; else at their first use, and a damaged file is noticed only then.</summary>
    public bool EagerLoad { get; init; } = true;

    /// <summary>Where to compute: a device name, or <c>te=cpu,vae=cuda0,diffusion=cuda0</c>; null for the engine's choice.</summary>
    public string? Backend { get; init; }

    /// <summary>Where weights lie, in the same form; <c>cpu</c> keeps them in RAM and moves them when needed. Null for the engine's choice.</summary>
    public string? ParamsBackend { get; init; }

    /// <summary>How a model is divided over several devices: <c>layer</c> or <c>row</c>; null for the engine's choice.</summary>
    public string? SplitMode { get; init; }

    /// <summary>VRAM budget in the engine's form, e.g. <c>8</c> or <c>cuda0:8</c> (GiB).</summary>
    public string? MaxVram { get; init; }

    /// <summary>Let the engine place the parts so that they fit; null for its own choice.</summary>
    public bool? AutoFit { get; init; }

    /// <summary>Stream layers through the device within <see cref="MaxVram"/>.</summary>
    public bool StreamLayers { get; init; }

    /// <summary>Do not move the next layers while one is computed.</summary>
    public bool DisablePrefetch { get; init; }

    /// <summary>Do not compute in segments.</summary>
    public bool DisableSegmentedCompute { get; init; }

    /// <summary>Decode on the CPU when the device's memory would be filled beyond this part, 0 to 1; null for never.</summary>
    public float? VaeCpuFallback { get; init; }

    /// <summary>ggml RPC servers to compute on, <c>host:port</c> with commas between them.</summary>
    public string? RpcServers { get; init; }

    /// <summary>Prompts whose encodings are kept between calls, 0 to 1000; null for the engine's own. The prebuilt engine 0.25.0 keeps none and refuses it.</summary>
    public int? ConditioningCacheSize { get; init; }

    /// <summary>The tokenizer, where the engine lets choose.</summary>
    public string? Tokenizer { get; init; }

    /// <summary>Arguments of the model's family, <c>name=value</c> with commas between them.</summary>
    public string? ModelArguments { get; init; }

    /// <summary>More of the engine's context parameters by their own names. Files among them are inspected like the others.</summary>
    public IReadOnlyDictionary<string, string>? EngineOptions { get; init; }

    /// <summary>The files that are named, with the engine's name of each place.</summary>
    internal IEnumerable<KeyValuePair<string, string>> Files()
    {
        (string Name, string? Path)[] files =
        [
            ("model_path", ModelPath), ("diffusion_model_path", DiffusionModelPath), ("high_noise_diffusion_model_path", HighNoiseDiffusionModelPath),
            ("uncond_diffusion_model_path", UncondDiffusionModelPath), ("clip_l_path", ClipLPath), ("clip_g_path", ClipGPath),
            ("clip_vision_path", ClipVisionPath), ("t5xxl_path", T5xxlPath), ("llm_path", LlmPath), ("llm_vision_path", LlmVisionPath),
            ("embeddings_connectors_path", EmbeddingsConnectorsPath), ("vae_path", VaePath), ("audio_vae_path", AudioVaePath),
            ("audio_encoder_path", AudioEncoderPath), ("taesd_path", TaesdPath), ("control_net_path", ControlNetPath),
            ("ip_adapter_path", IpAdapterPath), ("motion_module_path", MotionModulePath), ("photo_maker_path", PhotoMakerPath),
            ("pulid_weights_path", PulidPath),
        ];
        foreach ((string name, string? path) in files)
        {
            if (path is not null)
                yield return new(name, path);
        }

        foreach ((string name, string value) in EngineOptions ?? new Dictionary<string, string>())
        {
            if (name.EndsWith("_path", StringComparison.Ordinal))
                yield return new(name, value);
        }
    }

    /// <summary>Everything that is set but <see cref="Embeddings"/>, by the engine's names.</summary>
    internal EngineOptions ToEngineOptions()
    {
        EngineOptions options = [];
        foreach ((string name, string path) in Files())
            options.AddIfSet(name, path);
        AddComputing(options);
        AddPlacement(options);
        foreach ((string name, string value) in EngineOptions ?? new Dictionary<string, string>())
        {
            if (!name.EndsWith("_path", StringComparison.Ordinal))
                options.AddIfSet(name, value);
        }

        return options;
    }

    private void AddComputing(EngineOptions options)
    {
        options.AddIfSet("wtype", WeightType);
        options.AddIfSet("tensor_type_rules", TensorTypeRules);
        options.AddIfSet("rng_type", Rng);
        options.AddIfSet("sampler_rng_type", SamplerRng);
        options.AddIfSet("prediction", Prediction);
        options.AddIfSet("lora_apply_mode", LoraApplyMode);
        options.AddIfSet("vae_format", VaeFormat);
        options.AddIfSet("diffusion_flash_attn", TrueOrNull(FlashAttention));
        options.AddIfSet("flash_attn", TrueOrNull(FlashAttentionEverywhere));
        options.AddIfSet("sage_attn", TrueOrNull(SageAttention));
        options.AddIfSet("tae_preview_only", TrueOrNull(TaesdForPreviewsOnly));
        options.AddIfSet("vae_conv_direct", TrueOrNull(VaeConvDirect));
        options.AddIfSet("diffusion_conv_direct", TrueOrNull(DiffusionConvDirect));
        options.AddIfSet("force_sdxl_vae_conv_scale", TrueOrNull(ForceSdxlVaeConvScale));
        options.AddIfSet("linear_scale", LinearScale);
        options.AddIfSet("attn_scale", AttentionScale);
        options.AddIfSet("tokenizer", Tokenizer);
        options.AddIfSet("model_args", ModelArguments);
    }

    private void AddPlacement(EngineOptions options)
    {
        options.AddIfSet("enable_mmap", TrueOrNull(Mmap));
        options.AddIfSet("eager_load", EagerLoad ? null : false);
        options.AddIfSet("backend", Backend);
        options.AddIfSet("params_backend", ParamsBackend);
        options.AddIfSet("split_mode", SplitMode);
        options.AddIfSet("max_vram", MaxVram);
        options.AddIfSet("auto_fit", AutoFit);
        options.AddIfSet("stream_layers", TrueOrNull(StreamLayers));
        options.AddIfSet("disable_prefetch", TrueOrNull(DisablePrefetch));
        options.AddIfSet("disable_segmented_compute", TrueOrNull(DisableSegmentedCompute));
        options.AddIfSet("vae_auto_cpu_fallback", TrueOrNull(VaeCpuFallback is not null));
        options.AddIfSet("vae_auto_cpu_fallback_memory_ratio", VaeCpuFallback);
        options.AddIfSet("rpc_servers", RpcServers);
        options.AddIfSet("conditioning_cache_size", ConditioningCacheSize);
    }

    // An engine that lacks a switch which is off is no reason to refuse.
    private static bool? TrueOrNull(bool value) => value ? true : null;
}
