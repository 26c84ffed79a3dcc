using System.Globalization;
using SdStudio.Server.Queue;

namespace SdStudio.Server.Gallery;

/// <summary>An image with what was asked for it and what people say of it.</summary>
internal sealed record ListedImage(
    JobImage Image, long Number, string Owner, long CreatedAt, string Type, string Model, string Status, string Prompt, string? NegativePrompt, bool Starred, int Rating,
    string? Board, IReadOnlyList<string> Tags)
{
    public GalleryCursor Cursor => new(Number, Rating);
}

/// <summary>A place in the list of images: it stays where it is, whatever is added or deleted.</summary>
internal sealed record GalleryCursor(long Number, int Rating)
{
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Number}_{Rating}");

    /// <summary>A cursor as <see cref="ToString"/> wrote it; null for anything else.</summary>
    public static GalleryCursor? Parse(string text) => text.Split('_') is [var number, var rating]
        && long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out long at)
        && int.TryParse(rating, NumberStyles.None, CultureInfo.InvariantCulture, out int stars) ? new GalleryCursor(at, stars) : null;
}
