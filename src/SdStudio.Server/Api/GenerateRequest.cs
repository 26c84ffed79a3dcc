using System.Text.Json;
using SdCpp.Interop;
using SdStudio.Server.Jobs;
using SdStudio.Server.Models;

namespace SdStudio.Server.Api;

/// <summary>Reads a request to draw: every field checked, every default filled in from the model.</summary>
internal static class GenerateRequest
{
    // The engine's grid; smaller pictures have nothing in them.
    private const int MinSide = 8;

    // What the original studio draws a random seed from.
    private const long SeedCount = (1L << 32) - 1;

    // What every JSON reader keeps exactly: 2^53 - 1.
    private const long MaxSeed = (1L << 53) - 1;

    private const double MaxCfgScale = 100;
    private const int MaxClipSkip = 12;

    private static readonly string[] Qualities = ["auto", "low", "medium", "high", "hd", "standard"];
    private static readonly string[] Styles = ["vivid", "natural"];

    /// <exception cref="BadRequestException">Names every field that is wrong.</exception>
    public static JobSettings Read(IReadOnlyDictionary<string, JsonElement> body, ModelCatalogue catalogue, SdEngine engine, LimitOptions limits)
    {
        var fields = new RequestFields(body);
        string? prompt = fields.RequiredText("prompt", limits.MaxPromptBytes);
        ModelDefinition? model = FindModel(fields, catalogue, limits);
        PictureSize size = ReadSize(fields, model, limits);
        long? seed = fields.Integer(-1, MaxSeed, "seed");
        var settings = new JobSettings
        {
            Type = "generate",
            Model = model?.Id ?? "",
            Prompt = prompt ?? "",
            NegativePrompt = fields.BoundedText("negative_prompt", limits.MaxPromptBytes),
            Width = size.Width,
            Height = size.Height,
            // -1 asks for a random one, as everywhere in the field.
            Seed = seed is null or -1 ? Random.Shared.NextInt64(SeedCount) : seed.Value,
            Count = (int)(fields.Integer(1, limits.MaxImages, "n") ?? 1),
            Quality = fields.OneOf(Qualities, "quality"),
            Style = fields.OneOf(Styles, "style"),
            Steps = (int)(fields.Integer(1, limits.MaxSteps, "steps", "sample_steps") ?? model?.DefaultSteps ?? 1),
            CfgScale = fields.Number(0, MaxCfgScale, "cfg_scale") ?? model?.DefaultCfgScale ?? 1,
            Sampler = fields.OneOf(engine.Samplers, "sampler", "sampling_method") ?? model?.DefaultSampler,
            Scheduler = fields.OneOf(engine.Schedulers, "scheduler"),
            // -1 is the original studio's word for the model's own.
            ClipSkip = (int)Math.Max(0, fields.Integer(-1, MaxClipSkip, "clip_skip") ?? 0),
        };
        fields.ThrowIfRefused();
        return settings;
    }

    private static ModelDefinition? FindModel(RequestFields fields, ModelCatalogue catalogue, LimitOptions limits)
    {
        if (fields.RequiredText("model", limits.MaxPromptBytes) is not { } id)
            return null;
        ModelDefinition? model = catalogue.Find(id);
        if (model is null)
        {
            string shown = RequestFields.Shown(id);
            string available = string.Join(", ", catalogue.Models.Select(known => known.Id));
            fields.Refuse($"Invalid model: {shown}", $"Model '{shown}' not found in configuration. Available models: {available}");
        }

        return model;
    }

    private static PictureSize ReadSize(RequestFields fields, ModelDefinition? model, LimitOptions limits)
    {
        if (fields.Text("size") is not { } text || text == "auto")
            return model?.DefaultSize ?? PictureSize.Default;
        bool allowed = PictureSize.TryParse(text, out PictureSize size)
            && size.Width >= MinSide && size.Width <= limits.MaxSide && size.Height >= MinSide && size.Height <= limits.MaxSide
            && (long)size.Width * size.Height <= limits.MaxPixels;
        if (!allowed)
        {
            fields.Refuse(
                $"size is '{RequestFields.Shown(text)}'; allowed is WIDTHxHEIGHT, e.g. 512x768, each {MinSide} to {limits.MaxSide} and together at most {limits.MaxPixels} pixels");
        }

        return size;
    }
}
