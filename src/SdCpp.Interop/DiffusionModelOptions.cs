namespace SdCpp.Interop;

/// <summary>The files of a model and how to load them. Give either <see cref="ModelPath"/> or the parts.</summary>
public sealed record DiffusionModelOptions
{
    /// <summary>One file with everything: a whole checkpoint.</summary>
    public string? ModelPath { get; init; }

    /// <summary>The diffusion model alone.</summary>
    public string? DiffusionModelPath { get; init; }

    /// <summary>CLIP-L text encoder.</summary>
    public string? ClipLPath { get; init; }

    /// <summary>CLIP-G text encoder.</summary>
    public string? ClipGPath { get; init; }

    /// <summary>T5-XXL text encoder.</summary>
    public string? T5xxlPath { get; init; }

    /// <summary>Language model used as text encoder (Qwen3, Qwen2.5-VL, …).</summary>
    public string? LlmPath { get; init; }

    /// <summary>The vision part of that language model.</summary>
    public string? LlmVisionPath { get; init; }

    /// <summary>VAE.</summary>
    public string? VaePath { get; init; }

    /// <summary>Tiny autoencoder, in place of the VAE.</summary>
    public string? TaesdPath { get; init; }

    /// <summary>ControlNet.</summary>
    public string? ControlNetPath { get; init; }

    /// <summary>Convert weights to this type while loading, e.g. <c>q8_0</c>; null keeps them as they are.</summary>
    public string? WeightType { get; init; }

    /// <summary>CPU threads, 1 to 1024; 0 for all physical cores. Models that draw at the same time should share the cores.</summary>
    public int Threads { get; init; }

    /// <summary>Flash attention in the diffusion model: less memory, on most devices faster.</summary>
    public bool FlashAttention { get; init; }

    /// <summary>Map the files into memory instead of reading them.</summary>
    public bool Mmap { get; init; }

    /// <summary>Direct convolution in the VAE.</summary>
    public bool VaeConvDirect { get; init; }

    /// <summary>Direct convolution in the diffusion model.</summary>
    public bool DiffusionConvDirect { get; init; }

    /// <summary>Where to compute: a device name, or <c>te=cpu,vae=cuda0,diffusion=cuda0</c>; null for the engine's choice.</summary>
    public string? Backend { get; init; }

    /// <summary>Where weights lie, in the same form; null for the engine's choice.</summary>
    public string? ParamsBackend { get; init; }

    /// <summary>VRAM budget in the engine's form, e.g. <c>8</c> or <c>cuda0:8</c> (GiB).</summary>
    public string? MaxVram { get; init; }

    /// <summary>More of the engine's context parameters by their own names, e.g. <c>model_args</c>.</summary>
    public IReadOnlyDictionary<string, string>? EngineOptions { get; init; }

    /// <summary>The files that are named, with the engine's name of each place.</summary>
    internal IEnumerable<KeyValuePair<string, string>> Files()
    {
        (string Name, string? Path)[] files =
        [
            ("model_path", ModelPath), ("diffusion_model_path", DiffusionModelPath), ("clip_l_path", ClipLPath), ("clip_g_path", ClipGPath),
            ("t5xxl_path", T5xxlPath), ("llm_path", LlmPath), ("llm_vision_path", LlmVisionPath), ("vae_path", VaePath),
            ("taesd_path", TaesdPath), ("control_net_path", ControlNetPath),
        ];
        foreach ((string name, string? path) in files)
        {
            if (path is not null)
                yield return new(name, path);
        }
    }

    /// <summary>Everything that is set, by the engine's names.</summary>
    internal List<KeyValuePair<string, string>> ToEngineOptions()
    {
        List<KeyValuePair<string, string>> options = [.. Files()];
        AddIf(WeightType is not null, "wtype", WeightType);
        AddIf(FlashAttention, "diffusion_flash_attn", "true");
        AddIf(Mmap, "enable_mmap", "true");
        AddIf(VaeConvDirect, "vae_conv_direct", "true");
        AddIf(DiffusionConvDirect, "diffusion_conv_direct", "true");
        AddIf(Backend is not null, "backend", Backend);
        AddIf(ParamsBackend is not null, "params_backend", ParamsBackend);
        AddIf(MaxVram is not null, "max_vram", MaxVram);
        options.AddRange(EngineOptions ?? new Dictionary<string, string>());
        return options;

        void AddIf(bool wanted, string name, string? value)
        {
            if (wanted)
                options.Add(new(name, value!));
        }
    }
}
