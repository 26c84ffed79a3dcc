namespace SdStudio.Server.Jobs;

/// <summary>What a job draws: fixed when it is accepted, with every default filled in.</summary>
internal sealed record JobSettings
{
    public required string Type { get; init; }

    public required string Model { get; init; }

    public required string Prompt { get; init; }

    public string? NegativePrompt { get; init; }

    public required int Width { get; init; }

    public required int Height { get; init; }

    public required long Seed { get; init; }

    public required int Count { get; init; }

    public string? Quality { get; init; }

    public string? Style { get; init; }

    public required int Steps { get; init; }

    public required double CfgScale { get; init; }

    public string? Sampler { get; init; }

    public string? Scheduler { get; init; }

    public int ClipSkip { get; init; }
}
