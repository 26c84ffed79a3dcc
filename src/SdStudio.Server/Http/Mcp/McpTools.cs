using System.Text.Json;
using ModelContextProtocol.Protocol;
using SdStudio.Server.Http.Requests;

namespace SdStudio.Server.Http.Mcp;

/// <summary>What the tools are called and take. Neither file paths nor addresses: a caller may be far away.</summary>
internal static class McpTools
{
    public const string Generate = "generate_image";
    public const string Edit = "edit_image";
    public const string Upscale = "upscale_image";
    public const string Video = "generate_video";
    public const string ListModels = "list_models";
    public const string GetJob = "get_job";
    public const string CancelJob = "cancel_job";
    public const string SearchImages = "search_images";

    private const string Wait =
        """ "wait_seconds":{"type":"integer","minimum":0,"maximum":300,"description":"How long to wait for the images; 25 without it. The job continues anyway: ask for it with get_job"} """;

    private const string Common =
        """
        "model":{"type":"string","description":"A model's id from list_models; the server's usual one without it"},
        "negative_prompt":{"type":"string","description":"What the image should not show"},
        "size":{"type":"string","description":"WIDTHxHEIGHT, e.g. 512x768; the model's own size without it"},
        "steps":{"type":"integer","description":"Sampling steps"},
        "cfg_scale":{"type":"number","description":"How closely the prompt is followed"},
        "seed":{"type":"integer","description":"The same seed gives the same result; -1 for any"},
        """;

    private const string Count = """ "n":{"type":"integer","description":"How many images"}, """;

    private const string Source =
        """
        "source_image_id":{"type":"string","description":"The id of an image of this server"},
        "image":{"type":"string","description":"The image itself, base64 or a data URL, in place of source_image_id"},
        """;

    private const string JobId = """ "job_id":{"type":"string","description":"The id that a tool has answered with"} """;

    private static readonly JsonElement JobAnswer = Parsed(
        """
        {"type":"object","properties":{"job_id":{"type":"string"},"status":{"type":"string","enum":["pending","processing","completed","failed","cancelled"]},
        "progress":{"type":"number"},"images":{"type":"array","items":{"type":"object"}}},"required":["job_id","status"]}
        """);

    /// <summary>All of them.</summary>
    public static IReadOnlyList<Tool> All { get; } =
    [
        Of(Generate, "Generates images from words", $$""" {"prompt":{"type":"string","description":"What the image shows"},{{Common}}{{Count}}{{Wait}}} """, ["prompt"], JobAnswer),
        Of(Edit, "Changes an image: all of it, or what a mask shows", $$"""
            {"prompt":{"type":"string","description":"What the image shows then"},{{Source}}{{Common}}{{Count}}
            "mask":{"type":"string","description":"An image that is white where something may change, base64 or a data URL"},
            "strength":{"type":"number","description":"Denoising strength: 0 keeps the image, 1 ignores it"},{{Wait}}}
            """, ["prompt"], JobAnswer),
        Of(Upscale, "Makes an image larger", $$"""
            {{{Source}}"upscaler":{"type":"string","description":"Lanczos, or a model for upscaling"},
            "upscale_factor":{"type":"number","description":"How many times wider and higher; 2 without it"},{{Wait}}}
            """, [], JobAnswer),
        Of(Video, "Makes a short video from words, and from an image where one is given", $$"""
            {"prompt":{"type":"string","description":"What the video shows and how it moves"},{{Common}}
            "frames":{"type":"integer","description":"How many frames; the model's own number without it"},
            "fps":{"type":"integer","description":"Frames a second; the model's own without it"},
            "format":{"type":"string","enum":["webp","apng","mp4","webm"],"description":"The file; webp without it. mp4 and webm need ffmpeg on the server"},
            {{Source}}"end_image":{"type":"string","description":"The last frame, base64 or a data URL, for models that take one"},{{Wait}}}
            """, ["prompt"], JobAnswer),
        Of(GetJob, "Tells how far a job is, and its images when it is completed", $$""" {{{JobId}},{{Wait}}} """, ["job_id"], JobAnswer, reads: true),
        Of(CancelJob, "Cancels a waiting or running job", $$""" {{{JobId}}} """, ["job_id"], JobAnswer),
        Of(ListModels, "The models that can generate now", "{}", [], Parsed("""{"type":"object","properties":{"models":{"type":"array"}},"required":["models"]}"""), reads: true),
        Of(SearchImages, "Finds images by words of their prompts, newest first", """
            {"query":{"type":"string","description":"Words of the prompt, in any order"},
            "starred":{"type":"boolean","description":"Only images with a star"},
            "limit":{"type":"integer","minimum":1,"maximum":50,"description":"How many; 10 without it"}}
            """, [], Parsed("""{"type":"object","properties":{"images":{"type":"array"}},"required":["images"]}"""), reads: true),
    ];

    /// <exception cref="BadRequestException">There is no such tool, or it knows no such argument.</exception>
    public static void CheckNames(string tool, IReadOnlyDictionary<string, JsonElement> arguments)
    {
        Tool known = All.FirstOrDefault(known => known.Name == tool)
            ?? throw new BadRequestException($"There is no tool '{RequestFields.Shown(tool)}'; there are {string.Join(", ", All.Select(known => known.Name))}");
        JsonElement properties = known.InputSchema.GetProperty("properties");
        List<FieldProblem> unknown =
        [
            .. from name in arguments.Keys
               where !properties.TryGetProperty(name, out _)
               select new FieldProblem(name, $"{tool} has no argument '{RequestFields.Shown(name)}'; it takes {string.Join(", ", properties.EnumerateObject().Select(property => property.Name))}"),
        ];
        if (unknown.Count > 0)
            throw new BadRequestException(unknown[..1], detail: null);
    }

    private static Tool Of(string name, string description, string properties, string[] required, JsonElement answer, bool reads = false) => new()
    {
        Name = name, Title = description, Description = description, OutputSchema = answer,
        InputSchema = Parsed($$"""{"type":"object","properties":{{properties}},"required":[{{string.Join(",", required.Select(one => $"\"{one}\""))}}],"additionalProperties":false}"""),
        Annotations = new ToolAnnotations { ReadOnlyHint = reads, DestructiveHint = name == CancelJob, OpenWorldHint = false },
    };

    private static JsonElement Parsed(string json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        return document.RootElement.Clone();
    }
}
