using System.Globalization;
using SdStudio.Server.Queue;

namespace SdStudio.Server.Http.Mcp;

/// <summary>A job as tools tell it.</summary>
internal sealed record McpJobAnswer(
    string JobId, string Status, string Type, string Model, double Progress, int? Position, double? Eta, string? Error, IReadOnlyList<string>? Notes,
    IReadOnlyList<McpImageAnswer> Images);

/// <summary>An image as tools tell it.</summary>
/// <param name="Id">For other tools.</param>
/// <param name="Uri">As a resource.</param>
/// <param name="Url">Over HTTP, with the same key.</param>
/// <param name="Width">Pixels.</param>
/// <param name="Height">Pixels.</param>
/// <param name="Seed">With it the image can be generated again.</param>
internal sealed record McpImageAnswer(string Id, string Uri, string Url, int Width, int Height, string Seed)
{
    public string? Prompt { get; init; }

    public string? Model { get; init; }

    public string? JobId { get; init; }

    /// <summary>What it is where it moves: frames, frames a second, length, format; null for an image.</summary>
    public VideoView? Video { get; init; }

    public static McpImageAnswer Of(JobImage image, McpCall call) => new(
        image.Id, McpImages.UriOf(image.Id), call.UrlOf(image.Id), image.Width, image.Height, image.Seed.ToString(CultureInfo.InvariantCulture))
    {
        Video = VideoView.Of(image.Settings, image.Id),
    };
}

internal sealed record McpImagesAnswer(IReadOnlyList<McpImageAnswer> Images);

internal sealed record McpModelsAnswer(IReadOnlyList<McpModelAnswer> Models);

internal sealed record McpModelAnswer(string Id, string Name, string? Description, IReadOnlyList<string> Capabilities, string DefaultSize);
