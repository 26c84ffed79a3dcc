namespace SdStudio.Server.Storage.Postgres;

/// <summary>Makes sure that all machines of a studio have their images in one place: in the database, or in the very same folder.</summary>
internal static class ImagesPlace
{
    private const string Key = "images_place";
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
            throw new CannotStartException("The images of this studio are in the database; leave SdStudio:Images:Directory empty, as on its other machines");
        if (place != InDatabase && folder is null)
            throw new CannotStartException("The images of this studio are in a folder that its machines share; name it in SdStudio:Images:Directory on this machine too");
        if (folder is not null && MarkOf(folder) != place)
            throw new CannotStartException("SdStudio:Images:Directory is not the folder that this studio's images are in; is it mounted?");
    }

    private static string PlaceOf(string? folder, string? known, bool hasImages)
    {
        // Databases of earlier versions have them. As long as there are none, a folder may still be named.
        if (folder is null || hasImages || known is not (null or InDatabase))
            return known ?? InDatabase;
        if (MarkOf(folder) is not null)
            throw new CannotStartException($"SdStudio:Images:Directory is another studio's folder; name an empty one, or remove its file {Marker} where that studio is gone");
        string id = Guid.NewGuid().ToString();
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, Marker), id);
        return id;
    }

    private static string? MarkOf(string folder) => Path.Combine(folder, Marker) is var marker && File.Exists(marker) ? File.ReadAllText(marker).Trim() : null;
}
