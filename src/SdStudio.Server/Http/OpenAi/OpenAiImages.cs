using System.Text.Json.Nodes;
using SdStudio.Server.Generation;
using SdStudio.Server.Queue;

namespace SdStudio.Server.Http.OpenAi;

/// <summary>What OpenAI's answers and events have in common.</summary>
internal static class OpenAiImages
{
    public static JsonObject Common(Job job, OpenAiRequest asked) => new()
    {
        ["size"] = new ImageSize(job.Settings.Width, job.Settings.Height).ToString(),
        ["quality"] = asked.Quality,
        ["background"] = "opaque",
        ["output_format"] = asked.Format,
    };

    // Nothing is counted: nothing is paid for.
    public static JsonObject Usage() => new()
    {
        ["total_tokens"] = 0,
        ["input_tokens"] = 0,
        ["output_tokens"] = 0,
        ["input_tokens_details"] = new JsonObject { ["text_tokens"] = 0, ["image_tokens"] = 0 },
    };
}
