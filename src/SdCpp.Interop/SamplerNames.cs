namespace SdCpp.Interop;

/// <summary>
/// What people and other programs call the engine's samplers and schedulers, both ways: <c>Euler a</c>, <c>k_euler_a</c> and
/// <c>euler_ancestral</c> are the engine's <c>euler_a</c>. Requests take any of these names.
/// </summary>
public static class SamplerNames
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

    /// <summary>The name of a sampler for people, e.g. <c>Euler a</c>.</summary>
    /// <param name="name">The engine's name.</param>
    public static string SamplerLabel(string name) => SamplerLabels.GetValueOrDefault(name, name);

    /// <summary>The name of a scheduler for people, e.g. <c>Align Your Steps</c>.</summary>
    /// <param name="name">The engine's name.</param>
    public static string SchedulerLabel(string name) => SchedulerLabels.GetValueOrDefault(name, name);

    /// <summary>Other names of a sampler or scheduler, the engine's own first.</summary>
    /// <param name="name">The engine's name.</param>
    public static IEnumerable<string> AliasesOf(string name) =>
        [name, .. name.StartsWith("euler", StringComparison.Ordinal) || name.StartsWith("dpm", StringComparison.Ordinal) ? [$"k_{name.Replace("++", "pp_", StringComparison.Ordinal)}"] : (string[])[],
            .. Aliases.GetValueOrDefault(name, [])];

    /// <summary>
    /// The engine's names of a sampler and a scheduler. <c>DPM++ 2M Karras</c> is both in one. Null is the model's own, which is also what
    /// names come to that the engine has nothing for.
    /// </summary>
    /// <param name="engine">The engine that has to know them.</param>
    /// <param name="sampler">A sampler, perhaps with a scheduler behind it; null or empty for none.</param>
    /// <param name="scheduler">A scheduler; null or empty for none.</param>
    public static (string? Sampler, string? Scheduler) Find(SdEngine engine, string? sampler, string? scheduler)
    {
        ArgumentNullException.ThrowIfNull(engine);
        return Find(engine.Samplers, engine.Schedulers, sampler, scheduler);
    }

    /// <summary>As <see cref="Find(SdEngine, string?, string?)"/> among given names, which may be known before the engine is loaded.</summary>
    /// <param name="samplers">The engine's names of samplers.</param>
    /// <param name="schedulers">The engine's names of schedulers.</param>
    /// <param name="sampler">A sampler, perhaps with a scheduler behind it; null or empty for none.</param>
    /// <param name="scheduler">A scheduler; null or empty for none.</param>
    public static (string? Sampler, string? Scheduler) Find(IReadOnlyList<string> samplers, IReadOnlyList<string> schedulers, string? sampler, string? scheduler)
    {
        ArgumentNullException.ThrowIfNull(samplers);
        ArgumentNullException.ThrowIfNull(schedulers);
        string? foundScheduler = FindScheduler(schedulers, scheduler);
        if (string.IsNullOrWhiteSpace(sampler))
            return (null, foundScheduler);
        if (FindSampler(samplers, sampler) is { } whole)
            return (whole, foundScheduler);
        for (int space = sampler.IndexOf(' ', StringComparison.Ordinal); space >= 0; space = sampler.IndexOf(' ', space + 1))
        {
            if (FindSampler(samplers, sampler[..space]) is { } first && FindScheduler(schedulers, sampler[space..]) is { } last)
                return (first, foundScheduler ?? last);
        }

        return (null, foundScheduler);
    }

    /// <summary>As <see cref="Find(SdEngine, string?, string?)"/> for a request: a name that is not known is refused, with those that are.</summary>
    internal static (string? Sampler, string? Scheduler) Resolve(SdEngine engine, string? sampler, string? scheduler)
    {
        if (sampler is null && scheduler is null)
            return default;
        // The engine's own names, which most requests have, are not searched for.
        if ((sampler is null || engine.Samplers.Contains(sampler)) && (scheduler is null || engine.Schedulers.Contains(scheduler)))
            return (sampler, scheduler);
        (string? foundSampler, string? foundScheduler) = Find(engine, sampler, scheduler);
        if (sampler is not null && foundSampler is null)
            throw Unknown(nameof(ImageRequest.Sampler), sampler, engine.Samplers, SamplerLabels);
        if (scheduler is not null && FindScheduler(engine.Schedulers, scheduler) is null)
            throw Unknown(nameof(ImageRequest.Scheduler), scheduler, engine.Schedulers, SchedulerLabels);
        return (foundSampler, foundScheduler);
    }

    private static SdException Unknown(string property, string value, IReadOnlyList<string> names, Dictionary<string, string> labels)
    {
        string nearest = Native.NearestName.Of(value, names.Concat(names.Select(name => labels.GetValueOrDefault(name, name)))) is { } name ? $" Did you mean {name}?" : "";
        return new SdException(
            SdError.InvalidArgument, $"{property} '{Native.NearestName.Shown(value)}' is not one of this engine's.{nearest} It has: {string.Join(", ", names)}.")
        { Option = property };
    }

    /// <summary>The sampler that is known by a name; null for none.</summary>
    /// <param name="samplers">The engine's names.</param>
    /// <param name="text">A name that people or other programs use.</param>
    public static string? FindSampler(IReadOnlyList<string> samplers, string text) => NameOf(samplers, SamplerLabels, text);

    /// <summary>The scheduler that is known by a name; null for none.</summary>
    /// <param name="schedulers">The engine's names.</param>
    /// <param name="text">A name that people or other programs use; null for none.</param>
    public static string? FindScheduler(IReadOnlyList<string> schedulers, string? text) => text is null ? null : NameOf(schedulers, SchedulerLabels, text);

    /// <summary>The engine's names of the samplers that have another name for people, for readers that come before the engine is loaded.</summary>
    public static IReadOnlyList<string> KnownSamplers { get; } = [.. SamplerLabels.Keys];

    /// <summary>The engine's names of the schedulers that have another name for people, for readers that come before the engine is loaded.</summary>
    public static IReadOnlyList<string> KnownSchedulers { get; } = [.. SchedulerLabels.Keys];

    private static string? NameOf(IReadOnlyList<string> names, Dictionary<string, string> labels, string text)
    {
        ArgumentNullException.ThrowIfNull(names);
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
