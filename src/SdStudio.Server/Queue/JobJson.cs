using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace SdStudio.Server.Queue;

/// <summary>The JSON of job events.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(JobView))]
[JsonSerializable(typeof(PausedView))]
[JsonSerializable(typeof(DeletedView))]
[JsonSerializable(typeof(ImportedView))]
[JsonSerializable(typeof(PreviewView))]
internal sealed partial class JobJson : JsonSerializerContext
{
    /// <summary>Without escapes that only HTML needs.</summary>
    public static JobJson Readable { get; } = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}

internal sealed record PausedView(bool Paused);

internal sealed record DeletedView(string Id);

internal sealed record ImportedView(int Count);

internal sealed record PreviewView(string Id, int Step, string MimeType, string Image);
