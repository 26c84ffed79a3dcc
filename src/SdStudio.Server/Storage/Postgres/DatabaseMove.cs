using System.Security.Cryptography;
using Microsoft.Data.Sqlite;
using SdStudio.Server.Images;
using SdStudio.Server.Settings;
using SdStudio.Server.Storage.Sqlite;

namespace SdStudio.Server.Storage.Postgres;

/// <summary>How a move went.</summary>
/// <param name="Jobs">How many jobs the database has now.</param>
/// <param name="Images">How many images.</param>
/// <param name="Files">How many files.</param>
/// <param name="Bytes">What they take.</param>
internal sealed record Moved(long Jobs, long Images, int Files, long Bytes);

/// <summary>
/// Copies the history of a data directory, with its images, into a PostgreSQL database. The data directory stays as it is. What was copied before
/// is not copied again, so that a move that was cut off is gone on with.
/// </summary>
/// <param name="source">The history.</param>
/// <param name="folders">Where its images are.</param>
/// <param name="target">The database.</param>
/// <param name="imagesFolder">The folder for images that the machines are to share; null for the database.</param>
/// <param name="progress">Is told how far it is.</param>
internal sealed class DatabaseMove(StudioDatabase source, DataFolders folders, PostgresDatabase target, string? imagesFolder = null, IProgress<MovedSoFar>? progress = null)
{
    private const int AtOnce = 500;

    // Which studio was moved into a database: another one's numbers would be the same.
    private const string OriginKey = "moved_from";

    // A job that ran when the server ended waits again.
    private const string JobColumns =
        "number, id, type, model, settings, owner, idempotency_key, fingerprint, priority, progress, error, error_code, attempts, cancel_requested, created_at, " +
        "queued_at, updated_at, started_at, completed_at, model_loading_ms, generation_ms, is_placed, device, claim, deaths";

    private const string ImageColumns =
        "number, id, job_id, index_in_batch, file_path, mime_type, width, height, seed, created_at, owner, type, model, settings, device, starred, rating, board";

    // What an image was made with: its own words, or its job's.
    private const string OfImage = "coalesce(settings, (SELECT settings FROM jobs WHERE jobs.id = job_id))";

    private static readonly Table[] Tables =
    [
        Table.Same("boards", "id, owner, name, created_at", "id"),
        new(
            "jobs", JobColumns + ", place, status, prompt, upscaler",
            // An imported image's job never stood in line.
            JobColumns + ", coalesce(place, 0), CASE WHEN status = 'processing' THEN 'pending' ELSE status END, coalesce(json_extract(settings, '$.prompt'), ''), CASE WHEN type = 'upscale' THEN json_extract(settings, '$.upscaler') END", "number"),
        new(
            "images", ImageColumns + ", prompt, negative_prompt, words",
            $"{ImageColumns}, coalesce(json_extract({OfImage}, '$.prompt'), ''), json_extract({OfImage}, '$.negative_prompt'), coalesce(json_extract({OfImage}, '$.prompt'), '')", "number"),
        Table.Same("image_tags", "tag, image", "tag, image"),
        Table.Same("image_loras", "lora, image", "lora, image"),
        Table.Same("presets", "owner, name, settings", "owner, name"),
        Table.Same("owners", "owner, served", "owner"),
        Table.Same("model_costs", "model, device, costs", "model, device"),
        Table.Same("studio_state", "key, value", "key"),
    ];

    private readonly FolderBlobs? _images = imagesFolder is null ? null : new FolderBlobs(imagesFolder, isShared: true);

    /// <exception cref="CannotStartException">The database has another history.</exception>
    /// <exception cref="StorageUnavailableException">Something could not be read or written.</exception>
    /// <exception cref="InvalidDataException">What was copied is not what was there.</exception>
    public async Task<Moved> RunAsync(CancellationToken cancellation)
    {
        await CheckOriginAsync(cancellation).ConfigureAwait(false);
        foreach (Table table in Tables)
            await CopyAsync(table, cancellation).ConfigureAwait(false);
        await target.QueryAsync(
            "SELECT setval(pg_get_serial_sequence('jobs', 'number'), (SELECT coalesce(max(number), 1) FROM jobs)), setval(pg_get_serial_sequence('images', 'number'), (SELECT coalesce(max(number), 1) FROM images)), " +
            "setval('job_places', (SELECT greatest(max(place), 1) FROM jobs)), setval('owner_turns', (SELECT greatest(max(served), 1) FROM owners))", _ => true, cancellation).ConfigureAwait(false);
        (int files, long bytes) = await CopyFilesAsync(cancellation).ConfigureAwait(false);
        long jobs = await CheckCountAsync("jobs", cancellation).ConfigureAwait(false);
        long images = await CheckCountAsync("images", cancellation).ConfigureAwait(false);
        await CheckCountAsync("image_tags", cancellation).ConfigureAwait(false);
        await CheckCountAsync("boards", cancellation).ConfigureAwait(false);
        return new Moved(jobs, images, files, bytes);
    }

    private async Task CheckOriginAsync(CancellationToken cancellation)
    {
        var here = new SqliteSharedState(source);
        await here.ChangeTextAsync(OriginKey, known => known ?? Guid.NewGuid().ToString(), cancellation).ConfigureAwait(false);
        string origin = (await here.TextAsync(OriginKey, cancellation).ConfigureAwait(false))!;
        string? there = await new PostgresSharedState(target).TextAsync(OriginKey, cancellation).ConfigureAwait(false);
        bool isUsed = await target.FirstAsync("SELECT true FROM jobs LIMIT 1", row => true, cancellation).ConfigureAwait(false);
        if (there != origin && (there is not null || isUsed))
            throw new CannotStartException("The PostgreSQL database already contains jobs or images; move into an empty one");
        await new PostgresSharedState(target).ChangeTextAsync(OriginKey, _ => origin, cancellation).ConfigureAwait(false);
    }

    private async Task CopyAsync(Table table, CancellationToken cancellation)
    {
        string[] names = table.Columns.Split(", ");
        string insert = $"INSERT INTO {table.Name} ({table.Columns}) {(table.Key == "number" ? "OVERRIDING SYSTEM VALUE " : "")}" +
            $"VALUES ({string.Join(", ", names.Select(name => name == "words" ? "sdstudio_fold(@words)::tsvector" : $"@{name}"))}) ON CONFLICT DO NOTHING";
        // Each step is a transaction: where numbers end, the last move was cut off.
        bool isNumbered = table.Key == "number";
        (long after, long before) = isNumbered
            ? await target.FirstAsync($"SELECT coalesce(max(number), 0), count(*) FROM {table.Name}", row => (row.GetInt64(0), row.GetInt64(1)), cancellation).ConfigureAwait(false)
            : (0, 0);
        long total = source.Read(reader => reader.Query($"SELECT count(*) FROM {table.Name}", row => row.GetInt64(0)))[0];
        for (int offset = 0; ; offset += AtOnce)
        {
            string from = isNumbered ? $"{table.Name} WHERE number > {after} ORDER BY number LIMIT {AtOnce}" : $"{table.Name} ORDER BY {table.Key} LIMIT {AtOnce} OFFSET {offset}";
            List<(string, object?)[]> rows = source.Read(reader => reader.Query($"SELECT {table.Read} FROM {from}", row => ValuesOf(names, row)));
            await target.WriteAsync(
                async session =>
                {
                    foreach ((string, object?)[] row in rows)
                        await session.ExecuteAsync(insert, row).ConfigureAwait(false);
                    return true;
                },
                cancellation).ConfigureAwait(false);
            progress?.Report(new MovedSoFar(table.Name, before + offset + rows.Count, total));
            if (rows.Count < AtOnce)
                return;
            if (isNumbered)
                after = (long)rows[^1][0].Item2!;
        }
    }

    private static (string, object?)[] ValuesOf(string[] names, SqliteDataReader row) => [.. names.Select((name, column) => (name, row.IsDBNull(column) ? null : name switch
    {
        "cancel_requested" or "starred" => row.GetBoolean(column),
        "words" => PostgresRows.Words(row.GetString(column)),
        "priority" or "attempts" or "is_placed" or "deaths" or "index_in_batch" or "width" or "height" or "rating" => row.GetInt32(column),
        _ => row.GetValue(column),
    }))];

    private async Task<(int Files, long Bytes)> CopyFilesAsync(CancellationToken cancellation)
    {
        (int files, long bytes) = (0, 0L);
        foreach (string path in new[] { folders.Images, folders.Inputs }.SelectMany(folder => Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)).Where(path => !path.EndsWith(".tmp", StringComparison.Ordinal)))
        {
            string name = Path.GetRelativePath(folders.Files, path).Replace(Path.DirectorySeparatorChar, '/');
            string hash = await HashOfAsync(path, cancellation).ConfigureAwait(false);
            if (await HashThereAsync(name, cancellation).ConfigureAwait(false) != hash)
            {
                await CopyFileAsync(path, name, cancellation).ConfigureAwait(false);
                if (await HashThereAsync(name, cancellation).ConfigureAwait(false) != hash)
                    throw new InvalidDataException($"{name} differs in PostgreSQL after it was copied; run the move again");
            }

            (files, bytes) = (files + 1, bytes + new FileInfo(path).Length);
            progress?.Report(new MovedSoFar("files", files, Total: null));
        }

        return (files, bytes);
    }

    private async Task CopyFileAsync(string path, string name, CancellationToken cancellation)
    {
        await using FileStream data = File.OpenRead(path);
        if (_images is not null)
            await _images.PutAsync(name, data.CopyTo, cancellation).ConfigureAwait(false);
        else
            await target.ExecuteAsync("INSERT INTO blobs (name, data) VALUES (@name, @data) ON CONFLICT (name) DO UPDATE SET data = excluded.data", cancellation, ("name", name), ("data", data)).ConfigureAwait(false);
    }

    private async ValueTask<string?> HashThereAsync(string name, CancellationToken cancellation) => _images is null
        ? await target.FirstAsync("SELECT encode(sha256(data), 'hex') FROM blobs WHERE name = @name", row => row.GetString(0), cancellation, ("name", name)).ConfigureAwait(false)
        : await _images.FindAsync(name, cancellation).ConfigureAwait(false) is { } there ? await HashOfAsync(there, cancellation).ConfigureAwait(false) : null;

    private static async Task<string> HashOfAsync(string path, CancellationToken cancellation)
    {
        await using FileStream data = File.OpenRead(path);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(data, cancellation).ConfigureAwait(false));
    }

    private async Task<long> CheckCountAsync(string table, CancellationToken cancellation)
    {
        long here = source.Read(reader => reader.Query($"SELECT count(*) FROM {table}", row => row.GetInt64(0)))[0];
        long there = await target.FirstAsync($"SELECT count(*) FROM {table}", row => row.GetInt64(0), cancellation).ConfigureAwait(false);
        return here == there ? here : throw new InvalidDataException($"{table} has {here} rows in SQLite and {there} in PostgreSQL; move again into an empty database");
    }

    /// <param name="Name">In both databases.</param>
    /// <param name="Columns">As PostgreSQL has them.</param>
    /// <param name="Read">What they are made of here, in the same order.</param>
    /// <param name="Key">What tells its rows apart.</param>
    private sealed record Table(string Name, string Columns, string Read, string Key)
    {
        public static Table Same(string name, string columns, string key) => new(name, columns, columns, key);
    }
}
