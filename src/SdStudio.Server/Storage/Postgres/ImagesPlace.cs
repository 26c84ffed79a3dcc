namespace SdStudio.Server.Storage.Postgres;

/// <summary>Makes sure that all machines of a studio have their images in one place: in the database, or in the very same folder.</summary>
internal static class ImagesPlace
{
    private const string Key = "images_place";
    private const string MovingKey = "images_moving_to";
    private const string InDatabase = "database";
    private const string Marker = "studio.id";

    /// <param name="database">The studio's.</param>
    /// <param name="folder">The folder that this machine has for them; null for the database.</param>
    /// <param name="cancellation">Ends the call.</param>
    /// <exception cref="CannotStartException">They are elsewhere; the message says what to do.</exception>
    public static async Task CheckAsync(PostgresDatabase database, string? folder, CancellationToken cancellation)
    {
        var state = new PostgresSharedState(database);
        bool hasImages = await database.FirstAsync("SELECT EXISTS (SELECT 1 FROM images) OR EXISTS (SELECT 1 FROM blobs)", row => row.GetBoolean(0), cancellation).ConfigureAwait(false);
        string place = "";
        // One machine after the other: the first one decides, and marks the folder.
        await state.ChangeTextAsync(Key, known => place = PlaceOf(folder, known, hasImages), cancellation).ConfigureAwait(false);
        if (place == InDatabase && folder is not null)
            throw new CannotStartException("This studio stores its images in the database. Leave SdStudio:Images:Directory empty, or stop all machines and move the images with sdstudio move-images --to FOLDER");
        if (place != InDatabase && folder is null)
            throw new CannotStartException("This studio stores its images in a folder that its machines share. Set SdStudio:Images:Directory to that folder on this machine too");
        if (folder is not null && MarkOf(folder) != place)
            throw new CannotStartException("SdStudio:Images:Directory is not the folder that holds this studio's images. Check that it is mounted");
    }

    /// <summary>Makes a folder the one that images are being moved into: nobody else's, and not the place of anything yet.</summary>
    /// <returns>What it is marked with, for <see cref="SetAsync"/>.</returns>
    /// <exception cref="CannotStartException">It is another studio's, or the images are in another one.</exception>
    public static async Task<string> PrepareAsync(PostgresDatabase database, string folder, CancellationToken cancellation)
    {
        var state = new PostgresSharedState(database);
        string? place = await state.TextAsync(Key, cancellation).ConfigureAwait(false);
        if (place is not (null or InDatabase) && MarkOf(folder) != place)
            throw new CannotStartException("This studio already stores its images in a different folder. To use another one, stop all machines, copy that folder with its file studio.id, and set SdStudio:Images:Directory to the copy");
        string mark = "";
        // Written down before the folder has it: a move that is cut off in between finds its own mark. Each folder has another one, so that one in which
        // a move was given up does not pass for the place of all images.
        await state.ChangeTextAsync(
            MovingKey,
            known =>
            {
                string[] marks = known?.Split(' ') ?? [];
                mark = place is not (null or InDatabase) ? place : MarkOf(folder) is { } begun && marks.Contains(begun) ? begun : Guid.NewGuid().ToString();
                return string.Join(' ', marks.Append(mark).Distinct());
            },
            cancellation).ConfigureAwait(false);
        if (MarkOf(folder) is { } there && there != mark)
            throw AnotherStudios();
        Directory.CreateDirectory(folder);
        await File.WriteAllTextAsync(Path.Combine(folder, Marker), mark, cancellation).ConfigureAwait(false);
        return mark;
    }

    /// <summary>The images are in that folder from now on.</summary>
    public static ValueTask SetAsync(PostgresDatabase database, string mark, CancellationToken cancellation) =>
        new PostgresSharedState(database).ChangeTextAsync(Key, _ => mark, cancellation);

    private static CannotStartException AnotherStudios() =>
        new($"SdStudio:Images:Directory belongs to another studio. Use an empty folder; if that studio no longer exists, delete the file {Marker} in it");

    private static string PlaceOf(string? folder, string? known, bool hasImages)
    {
        // Databases of earlier versions have them. As long as there are none, a folder may still be named.
        if (folder is null || hasImages || known is not (null or InDatabase))
            return known ?? InDatabase;
        if (MarkOf(folder) is not null)
            throw AnotherStudios();
        string id = Guid.NewGuid().ToString();
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, Marker), id);
        return id;
    }

    private static string? MarkOf(string folder) => Path.Combine(folder, Marker) is var marker && File.Exists(marker) ? File.ReadAllText(marker).Trim() : null;
}
