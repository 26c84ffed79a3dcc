using System.Globalization;

namespace SdStudio.Server.Queue;

/// <summary>An image with what a list shows of its job.</summary>
internal sealed record ListedImage(
    JobImage Image, long CreatedAt, string Type, string Model, string Status, string Prompt, string? NegativePrompt)
{
    public ImageCursor Cursor => new(CreatedAt, Image.Index, Image.Id);
}

/// <summary>A place in the list of all images: it stays where it is, whatever is added or deleted.</summary>
internal sealed record ImageCursor(long CreatedAt, int Index, string Id)
{
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{CreatedAt}_{Index}_{Id}");

    /// <summary>A cursor as <see cref="ToString"/> wrote it; null for anything else.</summary>
    public static ImageCursor? Parse(string text) => text.Split('_') is [var at, var index, { Length: > 0 and <= 64 } id]
        && long.TryParse(at, NumberStyles.None, CultureInfo.InvariantCulture, out long created)
        && int.TryParse(index, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? new ImageCursor(created, number, id) : null;
}

/// <summary>How the deletion of an image went.</summary>
/// <param name="Image">The image; null when there is none.</param>
/// <param name="IsRunning">Whether its job still runs or waits, so that it stays.</param>
/// <param name="Job">Its job, when it was the last image and the job went with it.</param>
/// <param name="Owner">Whose it was.</param>
internal sealed record DeletedImage(JobImage? Image, bool IsRunning, DeletedJob? Job, string Owner = "");
