using System.Globalization;
using SdCpp.Interop;

namespace SdStudio.Server.Models;

/// <summary>The arguments of the engine's command line programs, as people have them in their models.yml, read as context options.</summary>
internal sealed class SdCliArguments
{
    private static readonly Dictionary<string, Func<DiffusionModelOptions, string, DiffusionModelOptions>> FileFlags = new(StringComparer.Ordinal)
    {
        ["-m"] = (o, path) => o with { ModelPath = path },
        ["--model"] = (o, path) => o with { ModelPath = path },
        ["--diffusion-model"] = (o, path) => o with { DiffusionModelPath = path },
        ["--clip_l"] = (o, path) => o with { ClipLPath = path },
        ["--clip_g"] = (o, path) => o with { ClipGPath = path },
        ["--t5xxl"] = (o, path) => o with { T5xxlPath = path },
        ["--llm"] = (o, path) => o with { LlmPath = path },
        ["--qwen2vl"] = (o, path) => o with { LlmPath = path },
        ["--llm_vision"] = (o, path) => o with { LlmVisionPath = path },
        ["--vae"] = (o, path) => o with { VaePath = path },
        ["--taesd"] = (o, path) => o with { TaesdPath = path },
        ["--tae"] = (o, path) => o with { TaesdPath = path },
        ["--control-net"] = (o, path) => o with { ControlNetPath = path },
    };

    private static readonly Dictionary<string, Func<DiffusionModelOptions, DiffusionModelOptions>> Switches = new(StringComparer.Ordinal)
    {
        ["--diffusion-fa"] = o => o with { FlashAttention = true },
        ["--fa"] = o => o with { FlashAttention = true },
        ["--mmap"] = o => o with { Mmap = true },
        ["--vae-conv-direct"] = o => o with { VaeConvDirect = true },
        ["--diffusion-conv-direct"] = o => o with { DiffusionConvDirect = true },
        ["-v"] = o => o,
        ["--verbose"] = o => o,
    };

    private SdCliArguments()
    {
    }

    public DiffusionModelOptions Options { get; private set; } = new();

    public List<ModelFileEntry> Files { get; } = [];

    public int? Steps { get; private set; }

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
            if (Switches.TryGetValue(flag, out Func<DiffusionModelOptions, DiffusionModelOptions>? turnOn))
                result.Options = turnOn(result.Options);
            else if (value is null || !result.ReadValue(flag, value, folder))
                result.Unknown.Add(flag);
            if (value is not null && !Switches.ContainsKey(flag))
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

        switch (flag)
        {
            case "--steps" when int.TryParse(value, CultureInfo.InvariantCulture, out int steps):
                Steps = steps;
                return true;
            case "-t" or "--threads" when int.TryParse(value, CultureInfo.InvariantCulture, out int threads) && threads > 0:
                Options = Options with { Threads = threads };
                return true;
            case "--type":
                Options = Options with { WeightType = value };
                return true;
            case "--port" or "--listen-port" or "--host" or "--listen-ip" or "-l":
                // Where the original's child process listened: there is none here.
                return true;
            default:
                return false;
        }
    }

    // "-1" is a value, "-m" is a flag.
    private static bool IsFlag(string argument) => argument.Length > 1 && argument[0] == '-' && !char.IsAsciiDigit(argument[1]);
}
