using System.Globalization;
using SdStudio.Server.Gallery;
using SdStudio.Server.Generation;
using SdStudio.Server.Http.OpenApi;
using SdStudio.Server.Http.Requests;
using SdStudio.Server.Http.Security;

namespace SdStudio.Server.Http.Rest;

/// <summary>Reads which images an address asks for: the same names for lists and for zip files.</summary>
internal static class GalleryQuery
{
    private const string Times = "a date like 2026-11-28, a time like 2026-11-28T12:00:00Z or Unix milliseconds";
    private static readonly string[] Types = [.. JobType.WithImages, JobType.Import];

    /// <summary>The fields, for the API's description.</summary>
    public static readonly QueryParameter[] Fields =
    [
        new("q", "Beginnings of words in the prompt, in any order; quotes match a phrase"), QueryParameter.Flag("starred", "true: only images with a star; false: only those without"),
        QueryParameter.Integer("rating", "Minimum rating", 0, ImageChange.MaxRating, 0), new("tag", "A tag, or several separated by commas: images that have all of them"),
        new("board", "A board's id or name; none for images on no board"), new("model", "A model's id"), QueryParameter.OneOf("type", "Of this type of job", Types),
        new("size", "WIDTHxHEIGHT in pixels"), new("from", $"Made then or later: {Times}"), new("to", $"Made before that time, or on that day: {Times}"), new("seed", "The image's own seed"), new("lora", "A LoRA's name"),
    ];

    /// <exception cref="BadRequestException">A field is wrong, or there is no such board.</exception>
    public static async Task<GalleryFilter> ReadAsync(HttpContext context, IBoards boards)
    {
        var query = new RequestQuery(context.Request);
        OwnerScope scope = ApiKeys.ScopeOf(context);
        int rating = query.Integer("rating", 0, 0, ImageChange.MaxRating);
        return new GalleryFilter(scope)
        {
            Search = query.Text("q") ?? query.Text("search"),
            Starred = query.Text("starred") is null ? null : query.Flag("starred"),
            Rating = rating == 0 ? null : rating,
            Tags = [.. (query.Text("tag") ?? "").Split(',').Select(ImageChange.Tag).Where(tag => tag.Length > 0).Distinct(StringComparer.Ordinal).Take(MaxTags)],
            Board = query.Text("board") is { } board ? await BoardAsync(board, scope, boards, context.RequestAborted) : null,
            Model = query.Text("model"),
            Type = query.OneOf(Types, "type"),
            Size = query.Text("size") is not { } size ? null : ImageSize.TryParse(size, out ImageSize parsed) ? parsed : throw Wrong("size", size, "WIDTHxHEIGHT, e.g. 512x768"),
            From = TimeOf(query, "from", isEnd: false),
            To = TimeOf(query, "to", isEnd: true),
            Seed = query.Text("seed") is not { } seed ? null : long.TryParse(seed, NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : throw Wrong("seed", seed, "a whole number"),
            Lora = query.Text("lora"),
        };
    }

    /// <summary>The id of a board that a request names.</summary>
    /// <exception cref="BadRequestException">There is none.</exception>
    public static async Task<string> BoardAsync(string name, OwnerScope scope, IBoards boards, CancellationToken cancellation) =>
        name.Equals(GalleryFilter.NoBoard, StringComparison.OrdinalIgnoreCase) ? GalleryFilter.NoBoard
        : (await boards.FindAsync(name, scope, cancellation))?.Id ?? throw new BadRequestException([new FieldProblem("board", NoSuchBoard(name))], detail: null);

    /// <summary>What is said of a board that does not exist.</summary>
    public static string NoSuchBoard(string name) => $"board is '{RequestFields.Shown(name)}'; there is no such board. Add it with POST /api/boards";

    private const int MaxTags = 20;

    // A day ends where the next begins.
    private static long? TimeOf(RequestQuery query, string name, bool isEnd)
    {
        if (query.Text(name) is not { } text)
            return null;
        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long milliseconds))
            return milliseconds;
        if (DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out DateOnly day) && day < DateOnly.MaxValue)
            return new DateTimeOffset(day.AddDays(isEnd ? 1 : 0), TimeOnly.MinValue, TimeSpan.Zero).ToUnixTimeMilliseconds();
        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset time) ? time.ToUnixTimeMilliseconds() : throw Wrong(name, text, Times);
    }

    private static BadRequestException Wrong(string name, string text, string allowed) => new([new FieldProblem(name, $"{name} is '{RequestFields.Shown(text)}'; allowed is {allowed}")], detail: null);
}
