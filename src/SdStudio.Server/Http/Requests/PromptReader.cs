using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Options;
using SdStudio.Server.Generation;
using SdStudio.Server.Generation.Templates;
using SdStudio.Server.Models.Files;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Http.Requests;

/// <summary>Makes the words of a job's images: styles around the prompts, then templates expanded, once and for all.</summary>
internal sealed class PromptReader(WildcardFolder wildcards, StyleBook styles, LoraFolder loras, IOptions<StudioOptions> options)
{
    private const int MaxStyles = 20;

    /// <summary>Prompts with the words of the styles that a request names.</summary>
    public (string Prompt, string? Negative) WithStyles(RequestFields fields, string prompt, string? negative)
    {
        IReadOnlyList<JsonElement> named = fields.List("styles");
        if (named.Count > MaxStyles)
            fields.Refuse("styles", $"styles has {named.Count} items; allowed are at most {MaxStyles}");
        foreach (string name in named.Take(MaxStyles).Select(name => RequestFields.TextOf(name) ?? ""))
        {
            if (styles.Find(name) is not { } style)
                fields.Refuse("styles", $"styles: there is no '{RequestFields.Shown(name)}'; GET /api/styles lists those that exist");
            else
                (prompt, negative) = (Style.Apply(style.Prompt, prompt), style.NegativePrompt.Length == 0 ? negative : Style.Apply(style.NegativePrompt, negative ?? ""));
        }

        return (prompt, negative);
    }

    /// <summary>Whether the prompts of a key are templates where neither its requests nor the model says so.</summary>
    public bool IsUsualFor(string owner) => options.Value.Templates.Always || options.Value.Templates.Keys.Contains(owner, StringComparer.Ordinal);

    /// <summary>A job with its templates expanded.</summary>
    /// <param name="fields">For what is wrong.</param>
    /// <param name="settings">With the templates as its prompts; LoRAs stand in their words, or were listed.</param>
    /// <param name="combinations">Whether each image is another one of all that the template can make.</param>
    /// <param name="limits">Those in force.</param>
    public GenerationSettings Expanded(RequestFields fields, GenerationSettings settings, bool combinations, ParameterLimits limits)
    {
        try
        {
            string template = settings.Prompt;
            IReadOnlyList<TemplatePrompt> prompts = Prompts(template, settings.NegativePrompt, settings.Seed, settings.Count, combinations, limits);
            List<PromptVariant> variants = [.. prompts.Select(prompt => VariantOf(fields, prompt, settings.Loras, limits))];
            PromptVariant first = variants[0];
            return settings with
            {
                IsTemplate = null, Template = template, NegativeTemplate = settings.NegativePrompt, Prompt = first.Prompt, NegativePrompt = first.NegativePrompt, Loras = first.Loras, Count = variants.Count,
                Variants = variants.Count > 1 ? variants : null,
            };
        }
        catch (TemplateException exception)
        {
            fields.Refuse("prompt", $"prompt: {exception.Message}");
            return settings;
        }
    }

    /// <summary>What a template makes of some seeds, or of all its options.</summary>
    /// <exception cref="TemplateException">It cannot be expanded.</exception>
    public IReadOnlyList<TemplatePrompt> Prompts(string template, string? negative, long seed, int count, bool combinations, ParameterLimits limits)
    {
        var expander = new TemplateExpander(wildcards, limits.MaxPromptBytes);
        IReadOnlyList<string>? all = combinations ? expander.Combinations(template, count) : null;
        return [.. Enumerable.Range(0, all?.Count ?? count).Select(index => new TemplatePrompt(
            seed + index, all?[index] ?? expander.Expand(template, seed + index), string.IsNullOrEmpty(negative) ? negative : expander.Expand(negative, seed + index)))];
    }

    private PromptVariant VariantOf(RequestFields fields, TemplatePrompt prompt, IReadOnlyList<LoraSetting>? listed, ParameterLimits limits)
    {
        (string words, List<LoraSetting> tagged) = LoraTags.Take(prompt.Prompt);
        foreach (LoraSetting unknown in tagged.Where(lora => loras.Find(lora.Name) is null).Take(1))
            fields.Refuse("prompt", $"prompt: there is no LoRA '{RequestFields.Shown(unknown.Name)}'");
        foreach ((string field, string text) in new[] { ("prompt", words), ("negative_prompt", prompt.NegativePrompt ?? "") })
        {
            if (Encoding.UTF8.GetByteCount(text) is var bytes && bytes > limits.MaxPromptBytes)
                fields.Refuse(field, $"{field} has {bytes} bytes when its template is expanded; allowed are at most {limits.MaxPromptBytes}");
        }

        List<LoraSetting> all = [.. tagged, .. listed ?? []];
        return new PromptVariant(words, prompt.NegativePrompt, all.Count == 0 ? null : all);
    }
}

/// <summary>The prompt that a template makes for a seed.</summary>
internal sealed record TemplatePrompt(long Seed, string Prompt, string? NegativePrompt);
