using System.Text.Json.Nodes;
using SdCpp.Interop;

namespace SdStudio.Server.Generation.Reading;

/// <summary>Reads what programs write of an image's settings, into a request to this server.</summary>
internal static class SettingsReader
{
    private const string NovelSoftware = "NovelAI";

    // Where programs write, the likeliest first.
    private static readonly string[] Keywords = ["parameters", "invokeai_metadata", "prompt", "workflow", "Comment", "Description", "UserComment"];

    // What the second pass may have of its own, by the names of Automatic1111 and its kin.
    private static readonly (string Label, string Name)[] OfSecondPass =
    [
        ("Hires upscaler", "hires_upscaler"), ("Hires steps", "hires_steps"), ("Hires checkpoint", "hires_model"), ("Hires prompt", "hires_prompt"),
        ("Hires negative prompt", "hires_negative_prompt"), ("Hires sampler", "hires_sampler"), ("Hires schedule type", "hires_scheduler"), ("Hires CFG Scale", "hires_cfg_scale"),
    ];

    // Read together with others, or said beside the settings.
    private static readonly string[] ReadElsewhere =
        ["Prompt", "Negative prompt", "Size", "Model", "Model hash", "Version", "Hires upscale", "Hires resize", "Denoising strength", "Sampler", "Schedule type", "Masked area", "Template", "Negative Template", .. OfSecondPass.Select(own => own.Label)];

    /// <summary>The settings in the texts of an image, by their keywords; null when there are none.</summary>
    public static FoundSettings? Read(IReadOnlyDictionary<string, string> texts)
    {
        foreach (string keyword in Keywords)
        {
            if (texts.TryGetValue(keyword, out string? text) && Read(text, keyword is "parameters" or "UserComment") is { } found)
                return texts.GetValueOrDefault("Software") == NovelSoftware ? WithNovelTexts(found, texts) : found;
        }

        return null;
    }

    /// <summary>The settings in a text as people paste it; null when nothing in it is one.</summary>
    /// <param name="text">An infotext, or JSON of a known program.</param>
    /// <param name="takesWords">Whether words without settings are a prompt.</param>
    public static FoundSettings? Read(string text, bool takesWords)
    {
        string bounded = text.Length > InfotextReader.MaxCharacters ? text[..InfotextReader.MaxCharacters] : text;
        if (JsonValues.Parse(bounded) is { } root)
            return JsonSettings.Read(root, bounded);
        Dictionary<string, string> values = new(InfotextReader.Parse(bounded), StringComparer.Ordinal);
        bool hasSettings = values.Count > 2;
        return hasSettings || (takesWords && values["Prompt"].Length > 0)
            ? new FoundSettings(values.ContainsKey("Civitai resources") ? FoundSettings.Civitai : FoundSettings.Automatic1111, bounded) { Values = values }
            : null;
    }

    /// <summary>The same as a request, with what no field takes.</summary>
    /// <param name="found">What was found.</param>
    /// <param name="limits">What is allowed here.</param>
    /// <returns>The fields, and the names of what was left out.</returns>
    public static (JsonObject Request, IReadOnlyList<string> Ignored) ToRequest(FoundSettings found, ParameterLimits limits)
    {
        Dictionary<string, string> values = found.Values;
        var request = new JsonObject { ["prompt"] = values.GetValueOrDefault("Prompt", "") };
        if (values.GetValueOrDefault("Negative prompt") is { Length: > 0 } negative)
            request["negative_prompt"] = negative;
        List<string> ignored = [.. found.Unknown];
        foreach (Parameter parameter in Parameters.All.Where(parameter => parameter.Label is not null && !ReadElsewhere.Contains(parameter.Label)))
        {
            if (!values.TryGetValue(parameter.Label!, out string? text))
                continue;
            if (parameter.TryRead(text, limits, out object? value))
                request[parameter.Name] = InfotextReader.ToJson(value!);
            else
                ignored.Add(parameter.Label!);
        }

        AddSampling(request, values, limits, ignored);
        AddSizes(request, values, limits, ignored);
        ignored.AddRange(values.Keys.Where(name => !ReadElsewhere.Contains(name) && !Parameters.All.Any(parameter => parameter.Label == name)));
        return (request, ignored);
    }

    private static void AddSampling(JsonObject request, Dictionary<string, string> values, ParameterLimits limits, List<string> ignored)
    {
        string? named = values.GetValueOrDefault("Sampler");
        (string? sampler, string? scheduler) = SamplerNames.Find(limits.Samplers, limits.Schedulers, named, values.GetValueOrDefault("Schedule type"));
        if (sampler is not null)
            request["sampler"] = sampler;
        else if (named is not null)
            ignored.Add("Sampler");
        if (scheduler is not null)
            request["scheduler"] = scheduler;
        else if (values.GetValueOrDefault("Schedule type") is { } other && !other.Equals("Automatic", StringComparison.OrdinalIgnoreCase))
            ignored.Add("Schedule type");
    }

    // With a second pass the denoising strength is its own.
    private static void AddSizes(JsonObject request, Dictionary<string, string> values, ParameterLimits limits, List<string> ignored)
    {
        if (values.TryGetValue("Size", out string? size) && ImageSize.TryParse(size.Replace(" ", "", StringComparison.Ordinal), out ImageSize parsed))
            request["size"] = parsed.ToString();
        bool hasHires = true;
        if (values.TryGetValue("Hires resize", out string? resize) && ImageSize.TryParse(resize, out ImageSize second) && second is { Width: > 0, Height: > 0 })
            (request["hires_width"], request["hires_height"]) = (second.Width, second.Height);
        else if (values.TryGetValue("Hires upscale", out string? scale) && Parameters.Get("hires_scale").TryRead(scale, limits, out object? times))
            request["hires_scale"] = (double)times!;
        else
            hasHires = false;
        if (values.TryGetValue("Denoising strength", out string? strength) && Parameters.Get("strength").TryRead(strength, limits, out object? value))
            request[hasHires ? "hires_strength" : "strength"] = (double)value!;
        if (!hasHires)
            return;
        foreach ((string label, string name) in OfSecondPass)
        {
            if (!values.TryGetValue(label, out string? own))
                continue;
            if (Parameters.Get(name).TryRead(own, limits, out object? read))
                request[name] = InfotextReader.ToJson(read!);
            else
                ignored.Add(label);
        }
    }

    // NovelAI's older files have the prompt beside the settings.
    private static FoundSettings WithNovelTexts(FoundSettings found, IReadOnlyDictionary<string, string> texts)
    {
        if (!found.Values.ContainsKey("Prompt"))
            found.Put("Prompt", texts.GetValueOrDefault("Description"));
        found.Put("Model", texts.GetValueOrDefault("Source"));
        return found;
    }
}
