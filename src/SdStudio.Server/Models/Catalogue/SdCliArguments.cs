using System.Globalization;
using SdCpp.Interop;
using SdStudio.Server.Generation;

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
        ["--embeddings-connectors"] = (o, path) => o with { EmbeddingsConnectorsPath = path },
        ["--audio-vae"] = (o, path) => o with { AudioVaePath = path },
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

    /// <summary>What requests generate with that say nothing else.</summary>
    public GenerationDefaults Defaults { get; } = new();

    /// <summary>Whether they say that the model makes videos.</summary>
    public bool MakesVideos { get; private set; }

    /// <summary>What is wrong with the values of flags that are known, in sentences.</summary>
    public List<string> Problems { get; } = [];

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
            Parameter? parameter = Parameters.All.FirstOrDefault(parameter => parameter.Flags.Contains(flag));
            bool isSwitch = Switches.TryGetValue(flag, out Func<DiffusionModelOptions, DiffusionModelOptions>? turnOn) || parameter?.Kind == ParameterKind.Flag;
            if (turnOn is not null)
                result.Options = turnOn(result.Options);
            else if (isSwitch)
                result.Defaults.Set(parameter!, true);
            else if (value is not null && parameter is not null)
                result.ReadDefault(parameter, flag, value);
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
            case "-t" or "--threads" when int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int threads) && threads > 0:
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
            case "-M" or "--mode":
                // What the engine's program is to make; here the request says that, and the model what it can.
                MakesVideos |= value == "vid_gen";
                return true;
            case "--port" or "--listen-port" or "--host" or "--listen-ip" or "-l":
                // Where the original's child process listened: there is none here.
                return true;
            case "-W" or "--width" when TextValues.TryInteger(value, out long width) && width > 0:
                Defaults.Size = new ImageSize((int)width, Defaults.Size?.Height ?? (int)width);
                return true;
            case "-H" or "--height" when TextValues.TryInteger(value, out long height) && height > 0:
                Defaults.Size = new ImageSize(Defaults.Size?.Width ?? (int)height, (int)height);
                return true;
            default:
                return false;
        }
    }

    private void ReadDefault(Parameter parameter, string flag, string value)
    {
        if (GenerationDefaults.TryRead(parameter, flag, value, out object? read, out string? problem))
            Defaults.Set(parameter, read);
        if (problem is not null)
            Problems.Add(problem);
    }

    private static DiffusionModelOptions With(DiffusionModelOptions options, string name, string value) => options with
    {
        EngineOptions = new SortedDictionary<string, string>(options.EngineOptions?.ToDictionary() ?? [], StringComparer.Ordinal) { [name] = value },
    };

    private static string Placed(string? backend, string part) => string.IsNullOrEmpty(backend) ? part : $"{backend},{part}";

    // "-1" is a value, "-m" is a flag.
    private static bool IsFlag(string argument) => argument.Length > 1 && argument[0] == '-' && !char.IsAsciiDigit(argument[1]);
}
