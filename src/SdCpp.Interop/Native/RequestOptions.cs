namespace SdCpp.Interop.Native;

/// <summary>What a request asks for beyond the bridge's own struct, by the engine's names.</summary>
internal static class RequestOptions
{
    public static EngineOptions Of(ImageRequest request)
    {
        var options = new EngineOptions();
        options.AddIfSet("sample_params.guidance.img_cfg", request.ImageCfgScale);
        options.AddIfSet("sample_params.guidance.distilled_guidance", request.Guidance);
        options.AddIfSet("sample_params.eta", request.Eta);
        options.AddIfSet("sample_params.flow_shift", request.FlowShift);
        options.AddIfSet("sample_params.shifted_timestep", request.ShiftedTimestep);
        options.AddIfSet("sample_params.custom_sigmas", request.Sigmas);
        options.AddIfSet("sample_params.extra_sample_args", request.SamplerArguments);
        AddSkippedLayers(options, request.SkipLayers);
        AddTiling(options, request.VaeTiling, request.CircularX, request.CircularY);
        AddSteering(options, request);
        if (request.Cache is { } cache)
            AddCache(options, cache);
        if (request.Hires is { } hires)
            AddHires(options, hires);
        options.AddAll(request.EngineOptions);
        return options;
    }

    public static EngineOptions Of(VideoRequest request)
    {
        var options = new EngineOptions();
        options.AddIfSet("sample_params.guidance.img_cfg", request.ImageCfgScale);
        options.AddIfSet("sample_params.guidance.distilled_guidance", request.Guidance);
        options.AddIfSet("sample_params.eta", request.Eta);
        options.AddIfSet("sample_params.flow_shift", request.FlowShift);
        options.AddIfSet("sample_params.custom_sigmas", request.Sigmas);
        options.AddIfSet("sample_params.extra_sample_args", request.SamplerArguments);
        AddSkippedLayers(options, request.SkipLayers);
        AddTiling(options, request.VaeTiling, request.CircularX, request.CircularY);
        options.AddIfSet("moe_boundary", request.MoeBoundary);
        options.AddIfSet("strength", request.Strength);
        options.AddIfSet("vace_strength", request.VaceStrength);
        if (request.HighNoise is { } highNoise)
            AddHighNoise(options, highNoise);
        if (request.Cache is { } cache)
            AddCache(options, cache);
        options.AddAll(request.EngineOptions);
        return options;
    }

    /// <summary>The file that reaches the engine under this name: given twice, the one among the engine's own names counts. Null for none.</summary>
    public static string? FileOf(ImageRequest request, string name, string? typed) =>
        (request.EngineOptions?.GetValueOrDefault(name) ?? typed) is { Length: > 0 } path ? path : null;

    private static void AddHighNoise(EngineOptions options, HighNoiseSampling sampling)
    {
        (string? sampler, _) = SamplerNames.Resolve(SdEngine.Load(), sampling.Sampler, null);
        options.AddIfSet("high_noise_sample_params.sample_steps", sampling.Steps);
        options.AddIfSet("high_noise_sample_params.guidance.txt_cfg", sampling.CfgScale);
        options.AddIfSet("high_noise_sample_params.guidance.distilled_guidance", sampling.Guidance);
        options.AddIfSet("high_noise_sample_params.sample_method", sampler);
        options.AddIfSet("high_noise_sample_params.eta", sampling.Eta);
    }

    private static void AddSkippedLayers(EngineOptions options, SkipLayerGuidance? skip)
    {
        options.AddIfSet("sample_params.guidance.slg.layers", skip?.Layers);
        options.AddIfSet("sample_params.guidance.slg.scale", skip?.Scale);
        options.AddIfSet("sample_params.guidance.slg.layer_start", skip?.Start);
        options.AddIfSet("sample_params.guidance.slg.layer_end", skip?.End);
    }

    private static void AddTiling(EngineOptions options, VaeTiling? asked, bool circularX, bool circularY)
    {
        if (circularX)
            options.AddIfSet("circular_x", true);
        if (circularY)
            options.AddIfSet("circular_y", true);
        if (asked is not { } tiling)
            return;
        options.AddIfSet("vae_tiling_params.enabled", true);
        options.AddIfSet("vae_tiling_params.tile_size_x", tiling.TileWidth);
        options.AddIfSet("vae_tiling_params.tile_size_y", tiling.TileHeight);
        options.AddIfSet("vae_tiling_params.target_overlap", tiling.Overlap);
        options.AddIfSet("vae_tiling_params.rel_size_x", tiling.RelativeWidth);
        options.AddIfSet("vae_tiling_params.rel_size_y", tiling.RelativeHeight);
        options.AddIfSet("vae_tiling_params.extra_tiling_args", tiling.Arguments);
    }

    private static void AddSteering(EngineOptions options, ImageRequest request)
    {
        options.AddIfSet("ref_image_args", request.ReferenceImageArguments);
        options.AddIfSet("control_strength", request.Control?.Strength);
        options.AddIfSet("ip_adapter_strength", request.IpAdapter?.Strength);
        options.AddIfSet("pm_params.style_strength", request.PhotoMaker?.StyleStrength);
        options.AddIfSet("pm_params.id_embed_path", request.PhotoMaker?.EmbeddingPath);
        options.AddIfSet("pulid_params.id_embedding_path", request.Pulid?.EmbeddingPath);
        options.AddIfSet("pulid_params.id_weight", request.Pulid?.Weight);
        options.AddIfSet("qwen_image_layers", request.LayerCount);
    }

    private static void AddCache(EngineOptions options, StepCache cache)
    {
        options.AddIfSet("cache.mode", cache.Mode);
        options.AddIfSet("cache.reuse_threshold", cache.ReuseThreshold);
        options.AddIfSet("cache.start_percent", cache.Start);
        options.AddIfSet("cache.end_percent", cache.End);
        options.AddIfSet("cache.error_decay_rate", cache.ErrorDecayRate);
        options.AddIfSet("cache.use_relative_threshold", cache.UseRelativeThreshold);
        options.AddIfSet("cache.reset_error_on_compute", cache.ResetErrorOnCompute);
        options.AddIfSet("cache.Fn_compute_blocks", cache.FrontBlocks);
        options.AddIfSet("cache.Bn_compute_blocks", cache.BackBlocks);
        options.AddIfSet("cache.residual_diff_threshold", cache.ResidualThreshold);
        options.AddIfSet("cache.max_warmup_steps", cache.WarmupSteps);
        options.AddIfSet("cache.max_cached_steps", cache.MaxCachedSteps);
        options.AddIfSet("cache.max_continuous_cached_steps", cache.MaxContinuousCachedSteps);
        options.AddIfSet("cache.taylorseer_n_derivatives", cache.Derivatives);
        options.AddIfSet("cache.taylorseer_skip_interval", cache.SkipInterval);
        options.AddIfSet("cache.scm_mask", cache.StepMask);
        options.AddIfSet("cache.scm_policy_dynamic", cache.DynamicPolicy);
        options.AddIfSet("cache.spectrum_w", cache.SpectrumWeight);
        options.AddIfSet("cache.spectrum_m", cache.SpectrumDegree);
        options.AddIfSet("cache.spectrum_lam", cache.SpectrumLambda);
        options.AddIfSet("cache.spectrum_window_size", cache.SpectrumWindow);
        options.AddIfSet("cache.spectrum_flex_window", cache.SpectrumWindowGrowth);
        options.AddIfSet("cache.spectrum_warmup_steps", cache.SpectrumWarmupSteps);
        options.AddIfSet("cache.spectrum_stop_percent", cache.SpectrumEnd);
    }

    private static void AddHires(EngineOptions options, HiresFix hires)
    {
        options.AddIfSet("hires.enabled", true);
        options.AddIfSet("hires.upscaler", hires.Upscaler);
        options.AddIfSet("hires.model_path", hires.ModelPath);
        options.AddIfSet("hires.scale", hires.Scale);
        options.AddIfSet("hires.target_width", hires.Width);
        options.AddIfSet("hires.target_height", hires.Height);
        options.AddIfSet("hires.steps", hires.Steps);
        options.AddIfSet("hires.denoising_strength", hires.Strength);
        options.AddIfSet("hires.upscale_tile_size", hires.TileSize);
        options.AddIfSet("hires.custom_sigmas", hires.Sigmas);
    }
}
