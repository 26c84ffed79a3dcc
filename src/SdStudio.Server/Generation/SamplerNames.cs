namespace SdStudio.Server.Generation;

/// <summary>The names that people and clients have for the engine's samplers and schedulers, both ways.</summary>
internal static class SamplerNames
{
    // Of the engine's names these read badly; every other is shown as it is.
    private static readonly Dictionary<string, string> SamplerLabels = new(StringComparer.Ordinal)
    {
        ["euler"] = "Euler", ["euler_a"] = "Euler a", ["heun"] = "Heun", ["dpm2"] = "DPM2", ["dpm++2s_a"] = "DPM++ 2S a", ["dpm++2m"] = "DPM++ 2M",
        ["dpm++2mv2"] = "DPM++ 2M v2", ["ipndm"] = "iPNDM", ["ipndm_v"] = "iPNDM V", ["lcm"] = "LCM", ["ddim_trailing"] = "DDIM", ["tcd"] = "TCD",
        ["res_multistep"] = "Res Multistep", ["res_2s"] = "Res 2S", ["er_sde"] = "ER SDE", ["euler_cfg_pp"] = "Euler CFG++",
        ["euler_a_cfg_pp"] = "Euler a CFG++", ["euler_ge"] = "Euler GE", ["dpm++2m_sde"] = "DPM++ 2M SDE", ["dpm++2m_sde_bt"] = "DPM++ 2M SDE BT", ["lms"] = "LMS",
    };

    private static readonly Dictionary<string, string> SchedulerLabels = new(StringComparer.Ordinal)
    {
        ["discrete"] = "Normal", ["karras"] = "Karras", ["exponential"] = "Exponential", ["ays"] = "Align Your Steps", ["gits"] = "GITS",
        ["sgm_uniform"] = "SGM Uniform", ["simple"] = "Simple", ["smoothstep"] = "Smoothstep", ["kl_optimal"] = "KL Optimal", ["lcm"] = "LCM",
    };

    // What is not the same name written another way.
    private static readonly Dictionary<string, string[]> Aliases = new(StringComparer.Ordinal)
    {
        ["euler_a"] = ["k_euler_ancestral", "euler_ancestral"], ["ddim_trailing"] = ["ddim", "ddim_trailing"], ["dpm++2s_a"] = ["dpmpp_2s_ancestral"],
        ["discrete"] = ["normal", "uniform", "discrete"], ["ays"] = ["align_your_steps"],
    };

    public static string SamplerLabel(string name) => SamplerLabels.GetValueOrDefault(name, name);

    public static string SchedulerLabel(string name) => SchedulerLabels.GetValueOrDefault(name, name);

    /// <summary>Other names that requests may use.</summary>
    public static IEnumerable<string> AliasesOf(string name) =>
        [name, .. name.StartsWith("euler", StringComparison.Ordinal) || name.StartsWith("dpm", StringComparison.Ordinal) ? [$"k_{name.Replace("++", "pp_", StringComparison.Ordinal)}"] : (string[])[],
            .. Aliases.GetValueOrDefault(name, [])];

    /// <summary>
    /// The engine's names of what a client calls a sampler and a scheduler. "DPM++ 2M Karras" is both in one; null is the model's own, which
    /// is also what "Automatic", "N/A" and names that the engine has nothing for come to.
    /// </summary>
    public static (string? Sampler, string? Scheduler) Find(ParameterLimits engine, string? sampler, string? scheduler)
    {
        string? foundScheduler = FindScheduler(engine.Schedulers, scheduler);
        if (string.IsNullOrWhiteSpace(sampler))
            return (null, foundScheduler);
        if (FindSampler(engine.Samplers, sampler) is { } whole)
            return (whole, foundScheduler);
        for (int space = sampler.IndexOf(' ', StringComparison.Ordinal); space >= 0; space = sampler.IndexOf(' ', space + 1))
        {
            if (FindSampler(engine.Samplers, sampler[..space]) is { } first && FindScheduler(engine.Schedulers, sampler[space..]) is { } last)
                return (first, foundScheduler ?? last);
        }

        return (null, foundScheduler);
    }

    /// <summary>The engine's sampler that is known by this name; null for none.</summary>
    public static string? FindSampler(IReadOnlyList<string> samplers, string text) => Find(samplers, SamplerLabels, text);

    /// <summary>The engine's scheduler that is known by this name; null for none.</summary>
    public static string? FindScheduler(IReadOnlyList<string> schedulers, string? text) => text is null ? null : Find(schedulers, SchedulerLabels, text);

    /// <summary>The samplers that have a label here, for readers that come before the engine is loaded.</summary>
    public static IReadOnlyList<string> KnownSamplers { get; } = [.. SamplerLabels.Keys];

    /// <summary>The schedulers that have a label here, for readers that come before the engine is loaded.</summary>
    public static IReadOnlyList<string> KnownSchedulers { get; } = [.. SchedulerLabels.Keys];

    private static string? Find(IReadOnlyList<string> names, Dictionary<string, string> labels, string text)
    {
        string wanted = Plain(text);
        return wanted.Length == 0 ? null : names.FirstOrDefault(name =>
            Plain(name) == wanted || Plain(labels.GetValueOrDefault(name, name)) == wanted
            || Aliases.GetValueOrDefault(name, []).Any(alias => Plain(alias) == wanted));
    }

    // "DPM++ 2M", "dpm++2m", "dpmpp_2m" and "k_dpmpp_2m" are one name.
    private static string Plain(string text)
    {
        string plain = text.Trim().ToLowerInvariant().Replace("++", "pp", StringComparison.Ordinal);
        if (plain.StartsWith("k_", StringComparison.Ordinal))
            plain = plain[2..];
        return plain.Replace(" ", "", StringComparison.Ordinal).Replace("_", "", StringComparison.Ordinal).Replace("-", "", StringComparison.Ordinal);
    }
}
