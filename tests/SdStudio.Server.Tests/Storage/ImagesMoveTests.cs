using System.Diagnostics;
using SdStudio.Server.Commands;
using SdStudio.Server.Images;
using SdStudio.Server.Storage.Postgres;

namespace SdStudio.Server.Tests.Storage;

/// <summary>Images on their way out of the database, and what may come in between.</summary>
[Collection(PostgresGroup.Name)]
public sealed class ImagesMoveTests : IDisposable
{
    private readonly PostgresStore _store;
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("sdstudio-move-");

    public ImagesMoveTests(PostgresFixture postgres) => _store = new PostgresStore(postgres);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string Shared => Path.Combine(_folder.FullName, "shared");

    public void Dispose()
    {
        _store.Dispose();
        _folder.Delete(recursive: true);
    }

    private async Task AddAsync(string name) => await _store.Database.ExecuteAsync("INSERT INTO blobs (name, data) VALUES (@name, 'data')", Cancellation, ("name", name));

    private Task<(int Files, long Bytes)> MoveAsync(string folder) => new ImagesMove(_store.Database, folder).RunAsync(Cancellation);

    private Task CheckAsync(string? folder) => ImagesPlace.CheckAsync(_store.Database, folder, Cancellation);

    private const string MachineLives = "INSERT INTO nodes (id, name, version, worker, devices, started_at, seen_at) VALUES ('n', 'attic', '1', 'w', '', 0, sdstudio_now())";

    [Fact]
    public async Task A_move_says_every_few_seconds_how_far_it_is()
    {
        for (int file = 0; file < 4; file++)
            await AddAsync($"images/{file}.png");
        var time = new ManualTime(DateTimeOffset.UnixEpoch);
        using var said = new StringWriter();
        var progress = new MoveProgress(said, time);
        await new ImagesMove(_store.Database, Shared, new Slow(time, progress)).RunAsync(Cancellation);
        Assert.Equal($"files: 2 of 4{Environment.NewLine}files: 4 of 4{Environment.NewLine}", said.ToString());
    }

    // Each file takes three seconds.
    private sealed class Slow(ManualTime time, MoveProgress progress) : IProgress<MovedSoFar>
    {
        public void Report(MovedSoFar value)
        {
            time.Advance(TimeSpan.FromSeconds(3));
            progress.Report(value);
        }
    }

    [Fact]
    public async Task A_move_that_is_refused_makes_nothing()
    {
        await AddAsync("images/a.png");
        await _store.Database.ExecuteAsync(MachineLives, Cancellation);
        await Assert.ThrowsAsync<CannotStartException>(() => MoveAsync(Shared));
        Assert.False(Directory.Exists(Shared));
    }

    [Fact]
    public async Task Images_of_a_machine_that_starts_meanwhile_are_kept_and_moved_the_next_time()
    {
        await AddAsync("images/a.png");
        await CheckAsync(null);
        Task<(int, long)>? move = null;
        await _store.Database.WriteAsync(
            async session =>
            {
                // It waits for the list of files.
                await session.ExecuteAsync("LOCK TABLE blobs");
                move = MoveAsync(Shared);
                while (!File.Exists(Path.Combine(Shared, "studio.id")))
                    await Task.Delay(10, Cancellation);
                await session.ExecuteAsync(MachineLives);
                await session.ExecuteAsync("INSERT INTO blobs (name, data) VALUES ('images/new.png', 'new')");
                return true;
            },
            Cancellation);

        Assert.Contains("attic", (await Assert.ThrowsAsync<CannotStartException>(() => move!)).Message, StringComparison.Ordinal);
        Assert.Equal(2, await _store.Database.FirstAsync("SELECT count(*) FROM blobs", row => row.GetInt64(0), Cancellation));
        await CheckAsync(null);
        await _store.Database.ExecuteAsync("UPDATE nodes SET seen_at = 0", Cancellation);
        Assert.Equal((2, 7L), await MoveAsync(Shared));
        await CheckAsync(Shared);
    }

    [Fact]
    public async Task A_folder_in_which_a_move_was_given_up_is_not_the_place_of_the_images_of_another_one()
    {
        await AddAsync("images/a.png");
        await CheckAsync(null);
        string full = Path.Combine(_folder.FullName, "full");
        await ImagesPlace.PrepareAsync(_store.Database, full, Cancellation);
        await ImagesPlace.PrepareAsync(_store.Database, Shared, Cancellation);
        // Either may still be gone on with.
        await ImagesPlace.PrepareAsync(_store.Database, full, Cancellation);
        await MoveAsync(Shared);
        await CheckAsync(Shared);
        Assert.Contains("not the folder that holds", (await Assert.ThrowsAsync<CannotStartException>(() => CheckAsync(full))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_is_deleted_meanwhile_is_not_missed()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "It takes a pipe in place of a file.");
        await AddAsync("images/a.png");
        await AddAsync("images/b.png");
        Directory.CreateDirectory(Path.Combine(Shared, "images"));
        string pipe = Path.Combine(Shared, "images", "a.png");
        using (Process make = Process.Start("mkfifo", [pipe]))
            await make.WaitForExitAsync(Cancellation);
        Task<(int, long)> move = Task.Run(() => MoveAsync(Shared), Cancellation);
        // Opened once the move reads it: then it has its list of files.
        await using (await Task.Run(() => new FileStream(pipe, FileMode.Open, FileAccess.Write), Cancellation))
            await _store.Database.ExecuteAsync("DELETE FROM blobs WHERE name = 'images/b.png'", Cancellation);
        Assert.Equal((1, 4L), await move);
        Assert.Null(await new FolderBlobs(Shared, isShared: true).FindAsync("images/b.png", Cancellation));
    }
}
