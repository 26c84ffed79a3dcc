using System.Globalization;
using SdCpp.Interop;

namespace SdStudio.Server.Models.Catalogue;

/// <summary>The arguments of the engine's command line programs, as people have them in their models.yml, read as context options.</summary>
internal sealed class SdCliArguments
{
    private static readonly Dictionary<string, Func<DiffusionModelOptions, string, DiffusionModelOptions>> FileFlags = new(StringComparer.Ordinal)
    {
        ["-m"] = (o, path) => o with { ModelPath = path },
        ["--model"] = (o, path) => o with { ModelPath = path },
        ["--diffusion-model"] = (o, path) => o with { DiffusionModelPath = path },
        ["--clip_l"] = (o, path) => o with { ClipLPath = path },
        ["--clip"] = (o, path) => o with { ClipLPath = path },
        ["--clip_g"] = (o, path) => o with { ClipGPath = path },
        ["--t5xxl"] = (o, path) => o with { T5xxlPath = path },
        ["--llm"] = (o, path) => o with { LlmPath = path },
        ["--qwen2vl"] = (o, path) => o with { LlmPath = path },
        ["--text_encoder"] = (o, path) => o with { LlmPath = path },
        ["--llm_vision"] = (o, path) => o with { LlmVisionPath = path },
        ["--qwen2vl_vision"] = (o, path) => o with { LlmVisionPath = path },
        ["--vae"] = (o, path) => o with { VaePath = path },
        ["--taesd"] = (o, path) => o with { TaesdPath = path },
        ["--tae"] = (o, path) => o with { TaesdPath = path },
        ["--control-net"] = (o, path) => o with { ControlNetPath = path },
        ["--clip_vision"] = (o, path) => With(o, "clip_vision_path", path),
        ["--high-noise-diffusion-model"] = (o, path) => With(o, "high_noise_diffusion_model_path", path),
        ["--tokenizer"] = (o, path) => With(o, "tokenizer", path),
    };

    private static readonly Dictionary<string, Func<DiffusionModelOptions, DiffusionModelOptions>> Switches = new(StringComparer.Ordinal)
    {
        ["--diffusion-fa"] = o => o with { FlashAttention = true },
        ["--fa"] = o => o with { FlashAttention = true },
        ["--mmap"] = o => o with { Mmap = true },
        ["--vae-conv-direct"] = o => o with { VaeConvDirect = true },
        ["--diffusion-conv-direct"] = o => o with { DiffusionConvDirect = true },
        // What the engine's programs had switches for is now where a part computes and where its weights lie.
        ["--offload-to-cpu"] = o => o with { ParamsBackend = "cpu" },
        ["--clip-on-cpu"] = o => o with { Backend = Placed(o.Backend, "te=cpu") },
        ["--vae-on-cpu"] = o => o with { Backend = Placed(o.Backend, "vae=cpu") },
        ["--control-net-cpu"] = o => o with { Backend = Placed(o.Backend, "controlnet=cpu") },
        ["--qwen-image-zero-cond-t"] = o => With(o, "model_args", "qwen_image_zero_cond_t=true"),
        ["--force-sdxl-vae-conv-scale"] = o => With(o, "force_sdxl_vae_conv_scale", "true"),
        ["-v"] = o => o,
        ["--verbose"] = o => o,
        ["--color"] = o => o,
    };

    private static readonly Dictionary<string, string> EngineOptions = new(StringComparer.Ordinal)
    {
        ["--rng"] = "rng_type", ["--sampler-rng"] = "sampler_rng_type", ["--prediction"] = "prediction", ["--tensor-type-rules"] = "tensor_type_rules",
    };

    private SdCliArguments()
    {
    }

    public DiffusionModelOptions Options { get; private set; } = new();

    public List<ModelFileEntry> Files { get; } = [];

    /// <summary>What requests draw with that say nothing else.</summary>
    public GenerationDefaults Defaults { get; private set; } = new();

    /// <summary>Flags that mean nothing here, for a warning that names them.</summary>
    public List<string> Unknown { get; } = [];

    /// <param name="arguments">Flags and their values, as a shell would split them.</param>
    /// <param name="folder">What relative paths are relative to.</param>
    public static SdCliArguments Parse(IReadOnlyList<string> arguments, string folder)
    {
        var result = new SdCliArguments();
        for (int i = 0; i < arguments.Count; i++)
        {
            string flag = arguments[i];
            string? value = i + 1 < arguments.Count && !IsFlag(arguments[i + 1]) ? arguments[i + 1] : null;
            bool isSwitch = Switches.TryGetValue(flag, out Func<DiffusionModelOptions, DiffusionModelOptions>? turnOn) || flag == "--vae-tiling";
            if (turnOn is not null)
                result.Options = turnOn(result.Options);
            else if (isSwitch)
                result.Defaults = result.Defaults with { VaeTiling = true };
            else if (value is null || !result.ReadValue(flag, value, folder))
                result.Unknown.Add(flag);
            if (value is not null && !isSwitch)
                i++;
        }

        return result;
    }

    private bool ReadValue(string flag, string value, string folder)
    {
        if (FileFlags.TryGetValue(flag, out Func<DiffusionModelOptions, string, DiffusionModelOptions>? setFile))
        {
            string path = Path.GetFullPath(value, folder);
            Options = setFile(Options, path);
            Files.Add(new ModelFileEntry(value, path));
            return true;
        }

        if (EngineOptions.TryGetValue(flag, out string? option))
        {
            Options = With(Options, option, value);
            return true;
        }

        switch (flag)
        {
            case "-t" or "--threads" when int.TryParse(value, CultureInfo.InvariantCulture, out int threads) && threads > 0:
                Options = Options with { Threads = threads };
                return true;
            case "--type":
                Options = Options with { WeightType = value };
                return true;
            case "--max-vram":
                Options = Options with { MaxVram = value };
                return true;
            case "--backend":
                Options = Options with { Backend = value };
                return true;
            case "--params-backend":
                Options = Options with { ParamsBackend = value };
                return true;
            case "--port" or "--listen-port" or "--host" or "--listen-ip" or "-l":
                // Where the original's child process listened: there is none here.
                return true;
            default:
                return ReadDefault(flag, value);
        }
    }

    private bool ReadDefault(string flag, string value)
    {
        double? number = double.TryParse(value, CultureInfo.InvariantCulture, out double parsed) && double.IsFinite(parsed) ? parsed : null;
        GenerationDefaults? changed = (flag, number) switch
        {
            ("--steps", { } steps) => Defaults with { Steps = (int)steps },
            ("--cfg-scale", { } scale) => Defaults with { CfgScale = scale },
            ("--guidance", { } guidance) => Defaults with { Guidance = guidance },
            ("--flow-shift", { } shift) => Defaults with { FlowShift = shift },
            ("--eta", { } eta) => Defaults with { Eta = eta },
            ("--clip-skip", { } layers) => Defaults with { ClipSkip = (int)Math.Max(0, layers) },
            ("-W" or "--width", { } width) => Defaults with { Width = (int)width },
            ("-H" or "--height", { } height) => Defaults with { Height = (int)height },
            ("--sampling-method", _) => Defaults with { Sampler = value },
            ("--scheduler", _) => Defaults with { Scheduler = value },
            _ => null,
        };
        Defaults = changed ?? Defaults;
        return changed is not null;
    }

    private static DiffusionModelOptions With(DiffusionModelOptions options, string name, string value) => options with
    {
        EngineOptions = new SortedDictionary<string, string>(options.EngineOptions?.ToDictionary() ?? [], StringComparer.Ordinal) { [name] = value },
    };

    private static string Placed(string? backend, string part) => string.IsNullOrEmpty(backend) ? part : $"{backend},{part}";

    // "-1" is a value, "-m" is a flag.
    private static bool IsFlag(string argument) => argument.Length > 1 && argument[0] == '-' && !char.IsAsciiDigit(argument[1]);
}

/// <summary>What a model draws with where a request says nothing; null for the engine's own.</summary>
internal sealed record GenerationDefaults
{
    public int? Steps { get; init; }

    public double? CfgScale { get; init; }

    public string? Sampler { get; init; }

    public string? Scheduler { get; init; }

    public double? Guidance { get; init; }

    public double? FlowShift { get; init; }

    public double? Eta { get; init; }

    public int? ClipSkip { get; init; }

    public int? Width { get; init; }

    public int? Height { get; init; }

    public bool VaeTiling { get; init; }
}
