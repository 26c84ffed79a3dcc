using System.Globalization;
using System.Text;
using SdStudio.Server.Generation;
using SdStudio.Server.Queue;
using SdStudio.Server.Storage.Sqlite;

namespace SdStudio.Server.Storage.Postgres;

/// <summary>The rows of jobs and images. What is in them is what SQLite's have, so that both are read by the same code.</summary>
internal static class PostgresRows
{
    public const string JobColumns =
        "number, id, settings, owner, priority, status, progress, error, error_code, attempts, cancel_requested, created_at, queued_at, " +
        "updated_at, started_at, completed_at, model_loading_ms, generation_ms, (SELECT count(*) FROM images WHERE job_id = jobs.id)::integer, device";

    // PostgreSQL refuses a word of more than 2046 bytes; taken apart for sdstudio_fold, a character has up to nine.
    private const int MaxWord = 220;

    /// <summary>The condition of a scope, for statements with the value of <see cref="OwnerOf"/>.</summary>
    public const string InScope = "(@owner::text IS NULL OR owner = @owner)";

    /// <summary>The same where both jobs and images are in a statement.</summary>
    public const string InScopeOfJobs = "(@owner::text IS NULL OR jobs.owner = @owner)";

    public static (string Name, object? Value) OwnerOf(OwnerScope scope) => ("owner", scope.Owner);

    public static ValueTask<List<JobImage>> ImagesAsync(PostgresSession session, string jobId) => session.QueryAsync(
        $"SELECT {ImageRows.Columns} FROM images WHERE job_id = @job ORDER BY index_in_batch", ImageRows.ToImage, ("job", jobId));

    /// <summary>Adds images; those of the same job that are listed already stay. Listeners hear of the others where <paramref name="tells"/> says so.</summary>
    public static async ValueTask AddImagesAsync(PostgresSession session, string jobId, IReadOnlyList<JobImage> images, bool tells, long? now = null)
    {
        (string Owner, string Settings) job = await session.FirstAsync(
            "SELECT owner, settings FROM jobs WHERE id = @id", row => (row.GetString(0), row.GetString(1)), ("id", jobId)).ConfigureAwait(false);
        GenerationSettings? ofJob = null;
        foreach (JobImage image in images)
        {
            bool isListed = await session.FirstAsync("SELECT true FROM images WHERE id = @id AND job_id = @job", row => true, ("id", image.Id), ("job", jobId)).ConfigureAwait(false);
            if (isListed)
                continue;
            await AddImageAsync(session, image, image.Settings ?? (ofJob ??= JobRows.ToSettings(job.Settings)), job.Owner, now).ConfigureAwait(false);
            if (tells)
                session.Tell(JobNews.ImageCompleted(job.Owner, image));
        }
    }

    private static async ValueTask AddImageAsync(PostgresSession session, JobImage image, GenerationSettings settings, string owner, long? now)
    {
        long number = await session.FirstAsync(
            "INSERT INTO images (id, job_id, index_in_batch, file_path, mime_type, width, height, seed, created_at, owner, type, model, settings, device, prompt, negative_prompt, board, words) " +
            "VALUES (@id, @job, @index, @path, @mime, @width, @height, @seed, coalesce(@now::bigint, sdstudio_now()), @owner, @type, @model, @settings, @device, @prompt, @negative, " +
            "(SELECT id FROM boards WHERE id = @board::text), sdstudio_fold(@words)::tsvector) RETURNING number",
            row => row.GetInt64(0),
            ("id", image.Id), ("job", image.JobId), ("index", image.Index), ("path", image.FilePath), ("mime", image.MimeType), ("width", image.Width),
            ("height", image.Height), ("seed", image.Seed), ("now", now), ("owner", owner), ("type", settings.Type), ("model", settings.Model),
            ("settings", image.Settings is null ? null : JobRows.ToText(image.Settings)), ("device", image.Device), ("prompt", settings.Prompt), ("negative", settings.NegativePrompt), ("board", settings.Board),
            ("words", Words(settings.Prompt))).ConfigureAwait(false);
        foreach (LoraSetting lora in settings.Loras ?? [])
            await session.ExecuteAsync("INSERT INTO image_loras VALUES (@lora, @number) ON CONFLICT DO NOTHING", ("lora", lora.Name), ("number", number)).ConfigureAwait(false);
    }

    /// <summary>The words of a text with their places, as PostgreSQL writes a <c>tsvector</c>: what a word is, is decided here as it is for SQLite.</summary>
    public static string Words(string text)
    {
        // PostgreSQL's own bound of a tsvector.
        const int maxPlace = 16383;
        var words = new StringBuilder();
        foreach ((int index, string word) in Tokens(SearchText.Of(text)).Index().Take(maxPlace))
            words.Append(CultureInfo.InvariantCulture, $"'{word}':{index + 1} ");
        return words.ToString();
    }

    /// <summary>Runs of characters that belong to words, each as far as PostgreSQL keeps it; others only part them.</summary>
    public static IEnumerable<string> Tokens(string text)
    {
        var token = new StringBuilder();
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (!SearchText.IsOfWord(rune))
            {
                if (token.Length > 0)
                    yield return token.ToString();
                token.Clear();
            }
            else if (token.Length + rune.Utf16SequenceLength <= MaxWord)
            {
                token.Append(rune);
            }
        }

        if (token.Length > 0)
            yield return token.ToString();
    }
}
