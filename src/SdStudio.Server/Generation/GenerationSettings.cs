using System.Globalization;
using System.Text.Json.Serialization;

namespace SdStudio.Server.Generation;

/// <summary>What a job generates: fixed when it is accepted, with every default filled in. The database keeps it as JSON.</summary>
internal sealed record GenerationSettings
{
    public required string Type { get; init; }

    /// <summary>The model's id; <c>none</c> for a job that only upscales.</summary>
    public required string Model { get; init; }

    public string Prompt { get; init; } = "";

    public string? NegativePrompt { get; init; }

    /// <summary>Of the result, pixels.</summary>
    public required int Width { get; init; }

    /// <summary>Of the result, pixels.</summary>
    public required int Height { get; init; }

    public long Seed { get; init; }

    public int Count { get; init; } = 1;

    public string? Quality { get; init; }

    public string? Style { get; init; }

    public int Steps { get; init; }

    public double CfgScale { get; init; }

    public string? Sampler { get; init; }

    public string? Scheduler { get; init; }

    public int ClipSkip { get; init; }

    /// <summary>How far the result may leave the input image, 0 to 1.</summary>
    public double? Strength { get; init; }

    public double? Eta { get; init; }

    public double? FlowShift { get; init; }

    /// <summary>Distilled guidance, for models that take it in place of cfg scale.</summary>
    public double? Guidance { get; init; }

    /// <summary>Guidance by the input image, for models that have it.</summary>
    public double? ImageCfgScale { get; init; }

    /// <summary>Skip layer guidance; null and 0 for none.</summary>
    public double? SlgScale { get; init; }

    /// <summary>The layers that skip layer guidance leaves out.</summary>
    public IReadOnlyList<int>? SkipLayers { get; init; }

    public bool VaeTiling { get; init; }

    /// <summary>Whether opposite edges match, for seamless tiles.</summary>
    public bool Tiling { get; init; }

    public IReadOnlyList<LoraSetting>? Loras { get; init; }

    /// <summary>The first, smaller pass; null for one pass.</summary>
    public HiresSetting? Hires { get; init; }

    /// <summary>The input image, relative to the data directory.</summary>
    public string? InputImage { get; init; }

    /// <summary>The mask, relative to the data directory.</summary>
    public string? MaskImage { get; init; }

    /// <summary>How the mask is used, and what is added around the input image; null without either.</summary>
    public InpaintSetting? Inpaint { get; init; }

    /// <summary>Pixels outside the mask that are not the input's, counted in the results; null without a mask, and before there are any.</summary>
    public int? OutsideMaskChanged { get; init; }

    /// <summary>What was asked for and is done otherwise, in sentences for people; null for nothing.</summary>
    public IReadOnlyList<string>? Notes { get; init; }

    /// <summary>More images that an edit model looks at, relative to the data directory.</summary>
    public IReadOnlyList<string>? ReferenceImages { get; init; }

    /// <summary>How fast at the cost of exactness; null for exact.</summary>
    public string? Speed { get; init; }

    /// <summary>What that means for this model; null for nothing.</summary>
    public StepCacheSetting? StepCache { get; init; }

    /// <summary>How many steps were left out; null when none could be, and before it is known.</summary>
    public int? StepsSkipped { get; init; }

    /// <summary>A decoder in place of the model's own, by its file's name; null for the model's own.</summary>
    public string? Vae { get; init; }

    /// <summary>What a ControlNet follows; null for nothing.</summary>
    public ControlSetting? Control { get; init; }

    /// <summary>Whom or what the images look like; null for nobody.</summary>
    public IdentitySetting? Identity { get; init; }

    /// <summary>Whom the prompt names; their images are the last of <see cref="ReferenceImages"/>.</summary>
    public IReadOnlyList<string>? People { get; init; }

    /// <summary>The studio's own image that the input was taken from.</summary>
    public string? SourceImageId { get; init; }

    public string? Upscaler { get; init; }

    /// <summary>0 scales by a factor, 1 to a size.</summary>
    public int? ResizeMode { get; init; }

    public double? UpscaleFactor { get; init; }

    /// <summary>The first ten digits of the SHA-256 of the model's main file; known when the job is done.</summary>
    public string? ModelHash { get; init; }

    /// <summary>The engine that drew it.</summary>
    public string? Engine { get; init; }

    /// <summary>Whether the prompts are templates that are to be expanded; null once they are, and for none.</summary>
    public bool? IsTemplate { get; init; }

    /// <summary>The template of the prompt; null for none.</summary>
    public string? Template { get; init; }

    /// <summary>The template of the negative prompt; null for none.</summary>
    public string? NegativeTemplate { get; init; }

    /// <summary>The words of each image, where a template gave each its own; null for one image, and without template.</summary>
    public IReadOnlyList<PromptVariant>? Variants { get; init; }

    /// <summary>What differs from image to image, where this is a grid; null for none. The other settings are those of its first cell.</summary>
    public GridSetting? Grid { get; init; }

    /// <summary>How a client that fetches them with its job's state wants the images; null for PNG, and for clients that wait.</summary>
    public AnswerFormat? Answer { get; init; }

    /// <summary>Whether its images carry their settings; null as the server's setting says.</summary>
    public bool? Infotext { get; init; }

    /// <summary>The id of the board that its images go to; null for none.</summary>
    public string? Board { get; init; }

    /// <summary>What makes it a video; null for images.</summary>
    public VideoSetting? Video { get; init; }

    /// <summary>What a model is converted to; null for jobs that make images.</summary>
    public Conversion? Conversion { get; init; }

    /// <summary>What was changed because memory was short or an image came out broken, in this order; null for nothing.</summary>
    public IReadOnlyList<string>? Adjustments { get; init; }

    /// <summary>The same, and <paramref name="adjustment"/> is named in it once.</summary>
    public GenerationSettings Adjusted(string adjustment) =>
        Adjustments?.Contains(adjustment) == true ? this : this with { Adjustments = [.. Adjustments ?? [], adjustment] };

    /// <summary>Million pixels of all its images and frames.</summary>
    public double Megapixels() => Width * (double)Height * Count * (Video?.Frames ?? 1) / 1e6;

    /// <summary>The same for one of its images, which has the seed behind that of the one before, and may have words of its own.</summary>
    public GenerationSettings ForImage(int index)
    {
        // Images that came with the request, and what became of it, are the same for all cells.
        if (Grid is { } grid && index < grid.Cells.Count)
        {
            return grid.Cells[index] with
            {
                Count = 1, InputImage = InputImage, MaskImage = MaskImage, ReferenceImages = ReferenceImages, SourceImageId = SourceImageId, Control = Control, Identity = Identity, Board = Board, Engine = Engine,
            };
        }

        GenerationSettings one = this with { Count = 1, Seed = Seed + index, Variants = null };
        return Variants is { } variants && index < variants.Count
            ? one with { Prompt = variants[index].Prompt, NegativePrompt = variants[index].NegativePrompt, Loras = variants[index].Loras }
            : one;
    }
}

/// <summary>How images are sent.</summary>
/// <param name="Format">png, jpeg or webp.</param>
/// <param name="Quality">0 to 100, of JPEG and WebP.</param>
internal sealed record AnswerFormat(string Format, int Quality);

/// <summary>What becomes of a model.</summary>
/// <param name="WeightType">The engine's name, e.g. <c>q8_0</c>.</param>
/// <param name="Output">The file, inside the folder of models.</param>
internal sealed record Conversion(string WeightType, string Output);

/// <summary>What can be changed in a job because memory is short, or because an image came out broken.</summary>
internal static class Adjustment
{
    public const string FreedModels = "freed_models";
    public const string VaeTiling = "vae_tiling";
    public const string WeightsInRam = "weights_in_ram";

    /// <summary>Of a broken image: decoded in one piece after all.</summary>
    public const string VaeTilingOff = "vae_tiling_off";

    /// <summary>Of a broken image: the VAE's numbers are kept small enough for 16 bits.</summary>
    public const string VaeScaled = "vae_conv_scale";
}

/// <summary>A LoRA of a job, by its name in the folder of LoRAs.</summary>
internal sealed record LoraSetting(string Name, double Weight)
{
    /// <summary>For models with two experts: true applies it to the high-noise one instead of the other.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool HighNoise { get; init; }

    /// <summary>As people write it into a prompt.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"<lora:{(HighNoise ? LoraTags.HighNoise : "")}{Name}:{Weight}>");
}

/// <summary>A first pass whose image is upscaled and generated over, so that large images keep one composition.</summary>
/// <param name="Width">Of the first pass, pixels.</param>
/// <param name="Height">Of the first pass, pixels.</param>
/// <param name="Upscaler">The upscaler between the passes, by its name in the catalogue.</param>
/// <param name="Steps">Of the second pass; 0 for as many as the first.</param>
/// <param name="Strength">How far the second pass may leave the first, 0 to 1.</param>
internal sealed record HiresSetting(int Width, int Height, string Upscaler, int Steps, double Strength)
{
    /// <summary>Whether the engine upscales latents, in one call with the first pass.</summary>
    public bool IsLatent => LatentUpscalers.All.Contains(Upscaler);

    /// <summary>The words of the second pass; null for those of the first, as for everything below.</summary>
    public string? Prompt { get; init; }

    public string? NegativePrompt { get; init; }

    public string? Sampler { get; init; }

    public string? Scheduler { get; init; }

    public double? CfgScale { get; init; }

    public string? Model { get; init; }

    /// <summary>Whether the second pass has something of its own beside its steps and strength.</summary>
    public bool HasOwn => Model is not null || Prompt is not null || NegativePrompt is not null || Sampler is not null || Scheduler is not null || CfgScale is not null;
}
