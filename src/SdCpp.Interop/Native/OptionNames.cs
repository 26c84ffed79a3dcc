using System.Collections.Frozen;

namespace SdCpp.Interop.Native;

/// <summary>What the engine's names are called in this library, so that messages speak of what the caller wrote.</summary>
internal static class OptionNames
{
    private static readonly FrozenDictionary<string, string> Properties = new Dictionary<string, string>
    {
        ["width"] = nameof(ImageRequest.Width), ["height"] = nameof(ImageRequest.Height), ["width x height"] = "Width × Height",
        ["steps"] = nameof(ImageRequest.Steps), ["seed"] = nameof(ImageRequest.Seed), ["batch_count"] = nameof(ImageRequest.BatchCount),
        ["clip_skip"] = nameof(ImageRequest.ClipSkip), ["cfg_scale"] = nameof(ImageRequest.CfgScale), ["strength"] = nameof(ImageToImageRequest.Strength),
        ["prompt"] = nameof(ImageRequest.Prompt), ["negative_prompt"] = nameof(ImageRequest.NegativePrompt), ["sampler"] = nameof(ImageRequest.Sampler),
        ["scheduler"] = nameof(ImageRequest.Scheduler), ["lora_count"] = "Loras.Count", ["LoRA multiplier"] = "Loras.Multiplier", ["LoRA"] = nameof(ImageRequest.Loras),
        ["image_count"] = "the number of images", ["init image"] = nameof(ImageToImageRequest.Image), ["mask"] = nameof(ImageToImageRequest.Mask),
        ["ref_images"] = nameof(ImageRequest.ReferenceImages), ["control_image"] = nameof(ImageRequest.Control), ["ip_adapter_image"] = nameof(ImageRequest.IpAdapter),
        ["pm_params.id_images"] = "PhotoMaker.Images", ["preview_mode"] = nameof(SdCallbacks.PreviewMode), ["preview_interval"] = nameof(SdCallbacks.PreviewInterval),
        ["n_threads"] = nameof(DiffusionModelOptions.Threads), ["tile_size"] = nameof(UpscalerOptions.TileSize),

        ["sample_params.guidance.img_cfg"] = nameof(ImageRequest.ImageCfgScale), ["sample_params.guidance.distilled_guidance"] = nameof(ImageRequest.Guidance),
        ["sample_params.eta"] = nameof(ImageRequest.Eta), ["sample_params.flow_shift"] = nameof(ImageRequest.FlowShift),
        ["sample_params.shifted_timestep"] = nameof(ImageRequest.ShiftedTimestep), ["sample_params.custom_sigmas"] = nameof(ImageRequest.Sigmas),
        ["sample_params.extra_sample_args"] = nameof(ImageRequest.SamplerArguments), ["sample_params.guidance.slg.layers"] = "SkipLayers.Layers",
        ["sample_params.guidance.slg.scale"] = "SkipLayers.Scale", ["sample_params.guidance.slg.layer_start"] = "SkipLayers.Start",
        ["sample_params.guidance.slg.layer_end"] = "SkipLayers.End", ["circular_x"] = nameof(ImageRequest.CircularX), ["circular_y"] = nameof(ImageRequest.CircularY),
        ["vae_tiling_params.enabled"] = nameof(ImageRequest.VaeTiling), ["vae_tiling_params.tile_size_x"] = "VaeTiling.TileWidth",
        ["vae_tiling_params.tile_size_y"] = "VaeTiling.TileHeight", ["vae_tiling_params.target_overlap"] = "VaeTiling.Overlap",
        ["vae_tiling_params.rel_size_x"] = "VaeTiling.RelativeWidth", ["vae_tiling_params.rel_size_y"] = "VaeTiling.RelativeHeight",
        ["vae_tiling_params.extra_tiling_args"] = "VaeTiling.Arguments", ["ref_image_args"] = nameof(ImageRequest.ReferenceImageArguments),
        ["control_strength"] = "Control.Strength", ["ip_adapter_strength"] = "IpAdapter.Strength", ["pm_params.style_strength"] = "PhotoMaker.StyleStrength",
        ["pm_params.id_embed_path"] = "PhotoMaker.EmbeddingPath", ["pulid_params.id_embedding_path"] = "Pulid.EmbeddingPath",
        ["pulid_params.id_weight"] = "Pulid.Weight", ["qwen_image_layers"] = nameof(ImageRequest.LayerCount),

        ["cache.mode"] = "Cache.Mode", ["cache.reuse_threshold"] = "Cache.ReuseThreshold", ["cache.start_percent"] = "Cache.Start", ["cache.end_percent"] = "Cache.End",
        ["cache.error_decay_rate"] = "Cache.ErrorDecayRate", ["cache.use_relative_threshold"] = "Cache.UseRelativeThreshold",
        ["cache.reset_error_on_compute"] = "Cache.ResetErrorOnCompute", ["cache.Fn_compute_blocks"] = "Cache.FrontBlocks", ["cache.Bn_compute_blocks"] = "Cache.BackBlocks",
        ["cache.residual_diff_threshold"] = "Cache.ResidualThreshold", ["cache.max_warmup_steps"] = "Cache.WarmupSteps", ["cache.max_cached_steps"] = "Cache.MaxCachedSteps",
        ["cache.max_continuous_cached_steps"] = "Cache.MaxContinuousCachedSteps", ["cache.taylorseer_n_derivatives"] = "Cache.Derivatives",
        ["cache.taylorseer_skip_interval"] = "Cache.SkipInterval", ["cache.scm_mask"] = "Cache.StepMask", ["cache.scm_policy_dynamic"] = "Cache.DynamicPolicy",
        ["cache.spectrum_w"] = "Cache.SpectrumWeight", ["cache.spectrum_m"] = "Cache.SpectrumDegree", ["cache.spectrum_lam"] = "Cache.SpectrumLambda",
        ["cache.spectrum_window_size"] = "Cache.SpectrumWindow", ["cache.spectrum_flex_window"] = "Cache.SpectrumWindowGrowth",
        ["cache.spectrum_warmup_steps"] = "Cache.SpectrumWarmupSteps", ["cache.spectrum_stop_percent"] = "Cache.SpectrumEnd",

        ["frames"] = nameof(VideoRequest.Frames), ["fps"] = nameof(VideoRequest.Fps), ["width x height x frames"] = "Width × Height × Frames",
        ["init_image"] = nameof(VideoRequest.StartImage), ["end_image"] = nameof(VideoRequest.EndImage), ["control_frames"] = nameof(VideoRequest.ControlFrames),
        ["moe_boundary"] = nameof(VideoRequest.MoeBoundary), ["vace_strength"] = nameof(VideoRequest.VaceStrength),
        ["high_noise_sample_params.sample_steps"] = "HighNoise.Steps", ["high_noise_sample_params.guidance.txt_cfg"] = "HighNoise.CfgScale",
        ["high_noise_sample_params.guidance.distilled_guidance"] = "HighNoise.Guidance", ["high_noise_sample_params.sample_method"] = "HighNoise.Sampler",
        ["high_noise_sample_params.eta"] = "HighNoise.Eta",

        ["hires.enabled"] = nameof(ImageRequest.Hires), ["hires.upscaler"] = "Hires.Upscaler", ["hires.model_path"] = "Hires.ModelPath", ["hires.scale"] = "Hires.Scale",
        ["hires.target_width"] = "Hires.Width", ["hires.target_height"] = "Hires.Height", ["hires.steps"] = "Hires.Steps", ["hires.denoising_strength"] = "Hires.Strength",
        ["hires.upscale_tile_size"] = "Hires.TileSize", ["hires.custom_sigmas"] = "Hires.Sigmas",

        ["model_path"] = nameof(DiffusionModelOptions.ModelPath), ["diffusion_model_path"] = nameof(DiffusionModelOptions.DiffusionModelPath),
        ["high_noise_diffusion_model_path"] = nameof(DiffusionModelOptions.HighNoiseDiffusionModelPath),
        ["uncond_diffusion_model_path"] = nameof(DiffusionModelOptions.UncondDiffusionModelPath), ["clip_l_path"] = nameof(DiffusionModelOptions.ClipLPath),
        ["clip_g_path"] = nameof(DiffusionModelOptions.ClipGPath), ["clip_vision_path"] = nameof(DiffusionModelOptions.ClipVisionPath),
        ["t5xxl_path"] = nameof(DiffusionModelOptions.T5xxlPath), ["llm_path"] = nameof(DiffusionModelOptions.LlmPath),
        ["llm_vision_path"] = nameof(DiffusionModelOptions.LlmVisionPath), ["embeddings_connectors_path"] = nameof(DiffusionModelOptions.EmbeddingsConnectorsPath),
        ["vae_path"] = nameof(DiffusionModelOptions.VaePath), ["audio_vae_path"] = nameof(DiffusionModelOptions.AudioVaePath),
        ["audio_encoder_path"] = nameof(DiffusionModelOptions.AudioEncoderPath), ["taesd_path"] = nameof(DiffusionModelOptions.TaesdPath),
        ["control_net_path"] = nameof(DiffusionModelOptions.ControlNetPath), ["ip_adapter_path"] = nameof(DiffusionModelOptions.IpAdapterPath),
        ["motion_module_path"] = nameof(DiffusionModelOptions.MotionModulePath), ["photo_maker_path"] = nameof(DiffusionModelOptions.PhotoMakerPath),
        ["pulid_weights_path"] = nameof(DiffusionModelOptions.PulidPath), ["wtype"] = nameof(DiffusionModelOptions.WeightType),
        ["tensor_type_rules"] = nameof(DiffusionModelOptions.TensorTypeRules), ["rng_type"] = nameof(DiffusionModelOptions.Rng),
        ["sampler_rng_type"] = nameof(DiffusionModelOptions.SamplerRng), ["prediction"] = nameof(DiffusionModelOptions.Prediction),
        ["lora_apply_mode"] = nameof(DiffusionModelOptions.LoraApplyMode), ["vae_format"] = nameof(DiffusionModelOptions.VaeFormat),
        ["diffusion_flash_attn"] = nameof(DiffusionModelOptions.FlashAttention), ["flash_attn"] = nameof(DiffusionModelOptions.FlashAttentionEverywhere),
        ["sage_attn"] = nameof(DiffusionModelOptions.SageAttention), ["tae_preview_only"] = nameof(DiffusionModelOptions.TaesdForPreviewsOnly),
        ["vae_conv_direct"] = nameof(DiffusionModelOptions.VaeConvDirect), ["diffusion_conv_direct"] = nameof(DiffusionModelOptions.DiffusionConvDirect),
        ["force_sdxl_vae_conv_scale"] = nameof(DiffusionModelOptions.ForceSdxlVaeConvScale), ["linear_scale"] = nameof(DiffusionModelOptions.LinearScale),
        ["attn_scale"] = nameof(DiffusionModelOptions.AttentionScale), ["tokenizer"] = nameof(DiffusionModelOptions.Tokenizer),
        ["model_args"] = nameof(DiffusionModelOptions.ModelArguments), ["enable_mmap"] = nameof(DiffusionModelOptions.Mmap),
        ["eager_load"] = nameof(DiffusionModelOptions.EagerLoad), ["backend"] = nameof(DiffusionModelOptions.Backend),
        ["params_backend"] = nameof(DiffusionModelOptions.ParamsBackend), ["split_mode"] = nameof(DiffusionModelOptions.SplitMode),
        ["max_vram"] = nameof(DiffusionModelOptions.MaxVram), ["auto_fit"] = nameof(DiffusionModelOptions.AutoFit),
        ["stream_layers"] = nameof(DiffusionModelOptions.StreamLayers), ["disable_prefetch"] = nameof(DiffusionModelOptions.DisablePrefetch),
        ["disable_segmented_compute"] = nameof(DiffusionModelOptions.DisableSegmentedCompute), ["vae_auto_cpu_fallback"] = nameof(DiffusionModelOptions.VaeCpuFallback),
        ["vae_auto_cpu_fallback_memory_ratio"] = nameof(DiffusionModelOptions.VaeCpuFallback), ["rpc_servers"] = nameof(DiffusionModelOptions.RpcServers),
        ["conditioning_cache_size"] = nameof(DiffusionModelOptions.ConditioningCacheSize),
    }.ToFrozenDictionary();

    /// <summary>The property of an engine name; the name itself where it has none, null for an empty one.</summary>
    public static string? PropertyOf(string engineName) => engineName.Length == 0 ? null : Properties.GetValueOrDefault(engineName, engineName);

    /// <summary>A message of the bridge about <paramref name="engineName"/>, with the property's name in place of the engine's.</summary>
    public static string InWords(string message, string engineName)
    {
        if (!Properties.TryGetValue(engineName, out string? property))
            return message;
        foreach (string before in (ReadOnlySpan<string>)[$"option {engineName}", engineName])
        {
            if (message.StartsWith(before, StringComparison.Ordinal) && (message.Length == before.Length || !IsPartOfName(message[before.Length])))
                return property + message[before.Length..];
        }

        return message;
    }

    private static bool IsPartOfName(char c) => char.IsAsciiLetterOrDigit(c) || c is '_' or '.';
}
