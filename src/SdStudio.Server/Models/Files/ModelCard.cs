namespace SdStudio.Server.Models.Files;

/// <summary>What a model file and the files beside it tell people.</summary>
internal sealed record ModelCard
{
    /// <summary>Whether nothing is known.</summary>
    public bool IsEmpty => (Title ?? BaseModel ?? Notes ?? License ?? Author) is null && TriggerWords.Count + Tags.Count == 0 && !HasPreview;

    public string? Title { get; init; }

    /// <summary>What it was made for, in its maker's words.</summary>
    public string? BaseModel { get; init; }

    /// <summary>Words that call up what it has learned, each by itself: a LoRA of several people is not asked for all of them.</summary>
    public IReadOnlyList<string> TriggerWords { get; init; } = [];

    /// <summary>Tags of the images that it learned from, the most frequent first.</summary>
    public IReadOnlyList<TagCount> Tags { get; init; } = [];

    public string? Notes { get; init; }

    /// <summary>The weight that its maker or its owner advises.</summary>
    public double? Weight { get; init; }

    public string? License { get; init; }

    public string? Author { get; init; }

    /// <summary>Whether there is an image of what it does.</summary>
    public bool HasPreview { get; init; }
}

/// <param name="Tag">Of training images.</param>
/// <param name="Count">Number of images that have it.</param>
internal sealed record TagCount(string Tag, long Count);
