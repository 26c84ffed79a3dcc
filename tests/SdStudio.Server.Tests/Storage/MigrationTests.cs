using SdStudio.Server.Gallery;
using SdStudio.Server.Models.Cache;
using SdStudio.Server.Models.Files;
using SdStudio.Server.Queue;
using SdStudio.Server.Storage.Sqlite;

namespace SdStudio.Server.Tests.Storage;

/// <summary>A database that any earlier version has left opens with everything that was in it.</summary>
public sealed class MigrationTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sdstudio-migration-").FullName;

    // As the versions wrote them. Of each status one, in the order of their numbers.
    private static readonly string[] Statuses = ["completed", "failed", "cancelled", "processing", "pending", "pending", "pending"];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string Database => Path.Combine(_folder, "sdstudio.db");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private void Fill(int version)
    {
        using var session = new SqliteSession($"Data Source={Database};Pooling=False");
        Migrations.Apply(session, upTo: version);
        for (int i = 0; i < Statuses.Length; i++)
        {
            session.Execute(
                version == 1
                    ? "INSERT INTO jobs (id, type, model, prompt, negative_prompt, width, height, seed, n, steps, cfg_scale, clip_skip, status, priority, created_at, updated_at) " +
                      "VALUES ($id, 'generate', 'demo', $prompt, 'blurry', 64, 48, 9007199254740991, 2, 5, 1.5, 0, $status, 1, 1000, 2000)"
                    : "INSERT INTO jobs (id, type, model, settings, owner, idempotency_key, fingerprint, priority, status, created_at, queued_at, updated_at) " +
                      "VALUES ($id, 'generate', 'demo', json_object('type', 'generate', 'model', 'demo', 'prompt', $prompt, 'negative_prompt', 'blurry', 'width', 64, " +
                      "'height', 48, 'seed', 9007199254740991, 'count', 2, 'steps', 5, 'cfg_scale', 1.5), '', $id, 'print', 1, $status, 1000, 1000, 2000)",
                ("$id", $"job-{i}"), ("$prompt", $"a red \"circle\" 赤い円 number {i}"), ("$status", Statuses[i]));
        }

        session.Execute(
            "INSERT INTO images (id, job_id, index_in_batch, file_path, mime_type, width, height, seed) VALUES " +
            "('image-1', 'job-0', 0, 'images/image-1.png', 'image/png', 64, 48, 7), ('image-2', 'job-0', 1, 'images/image-2.png', 'image/png', 64, 48, 8)");
        if (version is >= 2 and < 5)
        {
            session.RunScript(
                """
                INSERT INTO model_costs VALUES ('demo', '{"load_ms":11,"encode_ms":1,"step_ms_per_megapixel":2,"decode_ms_per_megapixel":3,"upscale_ms_per_megapixel":0,"jobs":4}');
                INSERT INTO file_hashes VALUES ('/models/demo.gguf', 100, 200, 'abc');
                INSERT INTO studio_state VALUES ('queue_paused', 'true'), ('model_bytes:demo key' || char(10) || '5', '1000 2000'), ('model_bytes:old', '3000');
                """);
        }

        if (version >= 3)
            session.RunScript("INSERT INTO downloads VALUES ('download-1', 'demo', 'downloading', NULL, 5, 10, 1000, 2000)");
        if (version >= 5)
        {
            session.RunScript(
                """
                UPDATE jobs SET place = number;
                INSERT INTO model_costs VALUES ('demo', '', '{"load_ms":11,"encode_ms":1,"step_ms_per_megapixel":2,"decode_ms_per_megapixel":3,"upscale_ms_per_megapixel":0,"jobs":4}');
                INSERT INTO file_hashes VALUES ('/models/demo.gguf', 100, 200, 'abc');
                INSERT INTO studio_state VALUES ('queue_paused', 'true');
                INSERT INTO model_memory VALUES ('demo key' || char(10) || '5', 1000, 2000), ('old', 3000, 0);
                """);
        }

        if (version >= 8)
        {
            session.RunScript(
                """
                UPDATE images SET type = 'generate', model = 'demo', created_at = 2000;
                INSERT INTO image_search (rowid, words)
                SELECT images.number, search_text(json_extract(jobs.settings, '$.prompt')) FROM images JOIN jobs ON jobs.id = images.job_id;
                """);
        }

        // The last one was put in front, by hand: its place is another job's number.
        if (version >= 4)
            session.RunScript("UPDATE jobs SET place = 5, is_placed = 1 WHERE id = 'job-6'; UPDATE jobs SET place = 6 WHERE id = 'job-4'; UPDATE jobs SET place = 7 WHERE id = 'job-5'");
    }

    /// <summary>Every version but the newest: a new script is not forgotten here.</summary>
    public static TheoryData<int> EarlierVersions => [.. Enumerable.Range(1, Migrations.NewestVersion - 1)];

    [Theory]
    [MemberData(nameof(EarlierVersions))]
    public async Task A_filled_database_of_an_earlier_version_opens_with_all_it_had(int version)
    {
        Fill(version);

        using var store = new SqliteStore(_folder);

        IReadOnlyList<Job> jobs = await store.Queries.ListAsync(new JobFilter(OwnerScope.Of(OwnerScope.Administrator)), new JobPage(100, 0), Cancellation);
        Assert.Equal(Statuses.Reverse(), jobs.Select(job => job.Status));
        Assert.All(jobs, job => Assert.Equal(
            (64, 48, 9007199254740991, 2, 5, 1.5, "blurry", 1, 1000L),
            (job.Settings.Width, job.Settings.Height, job.Settings.Seed, job.Settings.Count, job.Settings.Steps, job.Settings.CfgScale, job.Settings.NegativePrompt, job.Priority, job.CreatedAt)));
        Assert.Equal(["image-1", "image-2"], (await store.Queries.ImagesAsync("job-0", OwnerScope.All, Cancellation)).Select(image => image.Id));
        IReadOnlyList<ListedImage> listed = await new SqliteGallery(store.Database).ListAsync(
            new GalleryFilter(OwnerScope.All) { Search = "赤い円 circ", Model = "demo" }, new GalleryPage(GallerySort.Newest, null, 10), Cancellation);
        Assert.Equal([(2L, "image-2"), (1L, "image-1")], listed.Select(image => (image.Number, image.Image.Id)));
        Assert.Equal(7, await store.Queries.CountAsync(new JobFilter(OwnerScope.All, Search: "circle 赤い円"), Cancellation));
        Assert.Equal(3, (await store.Queries.StatsAsync(OwnerScope.All, Cancellation))["pending"]);
        WaitingJobs waiting = await store.Queries.WaitingAsync(Cancellation);
        Assert.Equal(version >= 4 ? ["job-6", "job-4", "job-5"] : ["job-4", "job-5", "job-6"], waiting.Jobs.Select(job => job.Id));
        Assert.Equal(version >= 2, waiting.IsPaused);
        await TheRestIsThereAsync(store, version);
        await ItWorksAsync(store, version);
    }

    private static async Task TheRestIsThereAsync(SqliteStore store, int version)
    {
        Assert.Equal(version >= 2 ? (11, 4) : null, await store.Costs.FindAsync("demo", device: null, Cancellation) is { } costs ? ((int, int)?)((int)costs.LoadMs, costs.Jobs) : null);
        if (version >= 2)
        {
            Assert.Equal(new FileHash(100, 200, "abc"), new SqliteFileHashStore(store.Database).All()["/models/demo.gguf"]);
            IReadOnlyDictionary<string, ModelMemory> memory = new SqliteModelMemoryStore(store.Database).All();
            Assert.Equal((new ModelMemory(1000, 2000), new ModelMemory(3000, 0)), (memory["demo key\n5"], memory["old"]));
        }

        if (version >= 3)
            Assert.Equal("download-1", Assert.Single(await new SqliteDownloadStore(store.Database, TimeProvider.System).UnfinishedAsync(Cancellation)).Id);
    }

    // No two places are the same, so that what is moved goes where it was put.
    private static async Task ItWorksAsync(SqliteStore store, int version)
    {
        await store.State.SetPausedAsync(false, Cancellation);
        await store.Jobs.MoveAsync("job-5", "job-4", after: false, OwnerScope.All, Cancellation);
        Assert.Equal(version >= 4 ? ["job-6", "job-5", "job-4"] : ["job-5", "job-4", "job-6"], (await store.Queries.WaitingAsync(Cancellation)).Jobs.Select(job => job.Id));
        Assert.NotNull(await store.Jobs.RecoverAsync("job-3", failure: null, counts: false, Cancellation));
        ClaimedJob? claimed = await store.Jobs.ClaimAsync("worker", device: null, ["job-3"], Cancellation);
        Assert.NotNull(await store.Jobs.PutBackAsync(claimed!.Lease, Cancellation));
        if (version >= 2)
            Assert.False((await store.Jobs.AddAsync(new NewJob("again", claimed.Job.Settings, new SubmitOptions("", 0, "job-3", "print")), 100, Cancellation)).IsNew);
        Assert.Equal("job-0", Assert.Single(await store.Jobs.DeleteAsync(["job-0"], OwnerScope.All, Cancellation)).Id);
    }

    [Fact]
    public void A_migration_that_fails_leaves_the_database_as_it_was()
    {
        Fill(4);
        using (var session = new SqliteSession($"Data Source={Database};Pooling=False"))
            session.RunScript("CREATE TABLE model_memory (in_the_way TEXT)");

        Assert.ThrowsAny<Exception>(() => new SqliteStore(_folder));

        using var after = new SqliteSession($"Data Source={Database};Pooling=False");
        Assert.Equal(4, Migrations.VersionOf(after));
        Assert.Empty(after.Query("SELECT name FROM pragma_table_info('jobs') WHERE name = 'worker'", row => row.GetString(0)));
    }
}
