using Microsoft.Extensions.Logging.Abstractions;
using SdStudio.Server.Generation;
using SdStudio.Server.Queue;
using SdStudio.Server.Storage.Sqlite;

namespace SdStudio.Server.Tests.Storage;

/// <summary>What keeps the history when its file is damaged.</summary>
public sealed class DatabaseSafetyTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sdstudio-safety-").FullName;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string Database => Path.Combine(_folder, "sdstudio.db");

    private string[] Copies => Directory.Exists(Path.Combine(_folder, "backups"))
        ? [.. Directory.GetFiles(Path.Combine(_folder, "backups")).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)]
        : [];

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static async Task AddAsync(SqliteStore store, int from, int to)
    {
        for (int i = from; i < to; i++)
        {
            await store.Jobs.AddAsync(
                new NewJob($"job-{i}", new GenerationSettings { Type = "generate", Model = "demo", Prompt = new string('x', 500), Width = 64, Height = 64 }, new SubmitOptions()), 10_000, Cancellation);
        }
    }

    private static DatabaseBackups Backups(SqliteStore store, TimeProvider time) => new(store.Folders, store.Database, time, NullLogger<DatabaseBackups>.Instance);

    [Fact]
    public async Task The_last_seven_days_are_kept_and_one_copy_a_day_is_made()
    {
        using var store = new SqliteStore(_folder);
        var time = new ManualTime(new DateTimeOffset(2026, 2, 25, 12, 0, 0, TimeSpan.Zero));
        using DatabaseBackups backups = Backups(store, time);
        Assert.False(backups.CopyToday());
        await AddAsync(store, 0, 3);

        for (int day = 0; day < 9; day++, time.Now += TimeSpan.FromDays(1))
        {
            Assert.True(backups.CopyToday());
            Assert.False(backups.CopyToday());
        }

        Assert.Equal(
            ["sdstudio-2026-02-27.db", "sdstudio-2026-02-28.db", "sdstudio-2026-03-01.db", "sdstudio-2026-03-02.db", "sdstudio-2026-03-03.db", "sdstudio-2026-03-04.db", "sdstudio-2026-03-05.db"],
            Copies);
    }

    [Theory]
    [InlineData("noise")]
    [InlineData("half")]
    [InlineData("text")]
    public async Task A_damaged_database_names_its_newest_copy_and_with_it_the_history_is_back(string damage)
    {
        using (var store = new SqliteStore(_folder))
        {
            var time = new ManualTime(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));
            using DatabaseBackups backups = Backups(store, time);
            await AddAsync(store, 0, 200);
            await store.State.ChangeTextAsync(LeftoverFiles.SweptKey, _ => "true", Cancellation);
            backups.CopyToday();
            time.Now += TimeSpan.FromDays(1);
            await AddAsync(store, 200, 300);
            backups.CopyToday();
            await AddAsync(store, 300, 400);
            store.Close();
            Damage(damage);
            CannotStartException refused = Assert.Throws<CannotStartException>(() => new SqliteStore(_folder));
            Assert.Contains(Database, refused.Message, StringComparison.Ordinal);
            string copy = Path.Combine(_folder, "backups", "sdstudio-2026-03-02.db");
            Assert.Contains($"copy {copy} over it", refused.Message, StringComparison.Ordinal);
            Assert.DoesNotContain('\n', refused.Message);
            // What the sentence says.
            File.Copy(copy, Database, overwrite: true);
            File.Delete(Database + "-wal");
            File.Delete(Database + "-shm");
            using var back = new SqliteStore(_folder);
            Assert.Equal(300, (await back.Queries.WaitingAsync(Cancellation)).Jobs.Count);
            // The images of the day that is lost are not taken for leftovers.
            Assert.Null(await back.State.TextAsync(LeftoverFiles.SweptKey, Cancellation));
            Assert.Equal(300, await back.Queries.CountAsync(new JobFilter(OwnerScope.All, Search: "xxx"), Cancellation));
        }
    }

    private void Damage(string how)
    {
        switch (how)
        {
            case "noise":
                File.WriteAllBytes(Database, [.. Enumerable.Range(0, 5000).Select(i => (byte)((i * 7919) >> 3))]);
                break;
            case "half":
                using (var file = new FileStream(Database, FileMode.Open))
                    file.SetLength(file.Length / 2);
                // The sign of an end that was not orderly: then the whole file is looked at.
                File.WriteAllBytes(Database + "-wal", new byte[64]);
                break;
            default:
                File.WriteAllText(Database, "this is a text");
                break;
        }
    }

    [Fact]
    public async Task After_an_unclean_end_a_page_that_nobody_would_have_read_is_found_damaged()
    {
        using (var store = new SqliteStore(_folder))
        {
            await AddAsync(store, 0, 400);
            store.Close();
            byte[] bytes = await File.ReadAllBytesAsync(Database, Cancellation);
            // In the middle of the rows: opening does not read it.
            bytes.AsSpan(bytes.Length / 2, 4096).Fill(0xA5);
            await File.WriteAllBytesAsync(Database, bytes, Cancellation);
            await File.WriteAllBytesAsync(Database + "-wal", new byte[64], Cancellation);

            CannotStartException refused = Assert.Throws<CannotStartException>(() => new SqliteStore(_folder));

            Assert.Contains("is damaged", refused.Message, StringComparison.Ordinal);
            Assert.Contains("there is no copy of it", refused.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Before_a_migration_the_database_is_copied()
    {
        using (var session = new SqliteSession($"Data Source={Database};Pooling=False"))
            Migrations.Apply(session, upTo: 4);

        using var store = new SqliteStore(_folder);

        Assert.Equal(["sdstudio-version-4.db"], Copies);
        using (var copy = new SqliteSession($"Data Source={Path.Combine(_folder, "backups", "sdstudio-version-4.db")};Pooling=False"))
            Assert.Equal(4, Migrations.VersionOf(copy));
    }
}
