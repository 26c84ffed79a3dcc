using SdStudio.Server.Generation;
using SdStudio.Server.Images;
using SdStudio.Server.Queue;
using SdStudio.Server.Storage.Postgres;

namespace SdStudio.Server.Tests.Storage;

[Collection(PostgresGroup.Name)]
public sealed class PostgresBlobsTests : BlobStoreContract, IDisposable
{
    private readonly PostgresStore _store;
    private readonly SqliteStore _folder = new();
    private readonly PostgresFixture _postgres;

    public PostgresBlobsTests(PostgresFixture postgres)
    {
        _postgres = postgres;
        _store = new PostgresStore(postgres);
        // Here and not at the first use, which may be by many at once: it removes what is half written, as at a start.
        Blobs = new PostgresBlobs(_store.Database, _folder.Folders);
    }

    private protected override IBlobStore Blobs { get; }

    public void Dispose()
    {
        _folder.Dispose();
        _store.Dispose();
    }

    [Fact]
    public async Task Another_machine_has_the_file_and_forgets_its_copy_when_it_is_deleted()
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        using var elsewhere = new SqliteStore();
        var other = new PostgresBlobs(_store.Database, elsewhere.Folders);
        await Blobs.PutAsync("images/a.png", stream => stream.Write("content"u8), cancellation);

        string copy = (await other.FindAsync("images/a.png", cancellation))!;
        Assert.Equal("content", await File.ReadAllTextAsync(copy, cancellation));
        await Blobs.DeleteAsync("images/a.png", cancellation);
        File.SetLastWriteTimeUtc(copy, DateTime.UtcNow.AddHours(-1));
        await other.ForgetGoneAsync(cancellation);
        Assert.False(File.Exists(copy));
        Assert.Null(await other.FindAsync("images/a.png", cancellation));
    }

    [Fact]
    public async Task A_file_of_several_parts_is_whole_on_another_machine()
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        byte[] content = new byte[(9 << 20) + 1];
        new Random(3).NextBytes(content);
        using var elsewhere = new SqliteStore();
        await Blobs.PutAsync("images/large.webm", stream => stream.Write(content), cancellation);

        string copy = (await new PostgresBlobs(_store.Database, elsewhere.Folders).FindAsync("images/large.webm", cancellation))!;

        Assert.Equal(content, await File.ReadAllBytesAsync(copy, cancellation));
    }

    [Fact]
    public async Task All_machines_have_their_images_in_one_place()
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        string shared = Path.Combine(_folder.Folder, "shared"), unmounted = Path.Combine(_folder.Folder, "unmounted");
        Task CheckAsync(string? folder) => ImagesPlace.CheckAsync(_store.Database, folder, cancellation);
        async Task<string> RefusedAsync(string? folder) => (await Assert.ThrowsAsync<CannotStartException>(() => CheckAsync(folder))).Message;
        await CheckAsync(null);
        // As long as there are no images.
        await CheckAsync(shared);
        await CheckAsync(shared);
        Assert.Contains("Check that it is mounted", await RefusedAsync(unmounted), StringComparison.Ordinal);
        Assert.Contains("Set SdStudio:Images:Directory", await RefusedAsync(null), StringComparison.Ordinal);

        using var another = new PostgresStore(_postgres);
        Assert.Contains("belongs to another studio", (await Assert.ThrowsAsync<CannotStartException>(() => ImagesPlace.CheckAsync(another.Database, shared, cancellation))).Message, StringComparison.Ordinal);
        await ImagesPlace.CheckAsync(another.Database, null, cancellation);
        await another.Database.ExecuteAsync("INSERT INTO blobs VALUES ('images/a.png', '')", cancellation);
        Assert.Contains("stores its images in the database", (await Assert.ThrowsAsync<CannotStartException>(() => ImagesPlace.CheckAsync(another.Database, unmounted, cancellation))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Images_are_moved_out_of_the_database_into_a_folder_also_when_that_was_cut_off()
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        string shared = Path.Combine(_folder.Folder, "shared");
        byte[] large = new byte[(5 << 20) + 1];
        new Random(4).NextBytes(large);
        await Blobs.PutAsync("images/a.png", stream => stream.Write(large), cancellation);
        await Blobs.PutAsync("inputs/job/b.png", stream => stream.Write("input"u8), cancellation);
        await ImagesPlace.CheckAsync(_store.Database, null, cancellation);
        Task<(int, long)> MoveAsync(string folder) => new ImagesMove(_store.Database, folder).RunAsync(cancellation);

        // While a machine lives nothing is moved, and nothing has changed.
        await _store.Database.ExecuteAsync("INSERT INTO nodes (id, name, version, worker, devices, started_at, seen_at) VALUES ('n', 'attic', '1', 'w', '', 0, sdstudio_now())", cancellation);
        Assert.Contains("attic", (await Assert.ThrowsAsync<CannotStartException>(() => MoveAsync(shared))).Message, StringComparison.Ordinal);
        await ImagesPlace.CheckAsync(_store.Database, null, cancellation);
        await _store.Database.ExecuteAsync("UPDATE nodes SET seen_at = 0", cancellation);

        // Cut off: one file is there, half of another was never given its name. The machines still start with the database.
        await ImagesPlace.PrepareAsync(_store.Database, shared, cancellation);
        await new FolderBlobs(shared, isShared: true).PutAsync("inputs/job/b.png", stream => stream.Write("inp"u8), cancellation);
        await ImagesPlace.CheckAsync(_store.Database, null, cancellation);

        Assert.Equal((2, large.Length + 5L), await MoveAsync(shared));
        Assert.Equal((0, 0L), await MoveAsync(shared));
        await ImagesPlace.CheckAsync(_store.Database, shared, cancellation);
        await Assert.ThrowsAsync<CannotStartException>(() => ImagesPlace.CheckAsync(_store.Database, null, cancellation));
        await Assert.ThrowsAsync<CannotStartException>(() => MoveAsync(Path.Combine(_folder.Folder, "third")));
        var moved = new FolderBlobs(shared, isShared: true);
        Assert.Equal(large, await File.ReadAllBytesAsync((await moved.FindAsync("images/a.png", cancellation))!, cancellation));
        Assert.Equal("input", await File.ReadAllTextAsync((await moved.FindAsync("inputs/job/b.png", cancellation))!, cancellation));
        Assert.Equal(0, await _store.Database.FirstAsync("SELECT count(*) FROM blobs", row => row.GetInt64(0), cancellation));
    }

    [Fact]
    public async Task An_image_that_is_listed_is_not_overwritten_by_a_machine_that_has_lost_the_job()
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        const string name = "images/job-0.png";
        using var elsewhere = new SqliteStore();
        var late = new PostgresBlobs(_store.Database, elsewhere.Folders);
        var jobs = new PostgresJobStore(_store.Database, new NodeIdentity("in time", null), _store.Lease);
        GenerationSettings settings = new() { Type = "generate", Model = "demo", Prompt = "a red circle", Width = 64, Height = 64, Seed = 1, Count = 1, Steps = 4, CfgScale = 1 };
        await jobs.AddAsync(new NewJob("job", settings, new SubmitOptions("", 0, null, null)), 10, cancellation);
        Lease lease = (await jobs.ClaimAsync("w1", null, ["job"], cancellation))!.Lease;
        // Until it is listed, the last one counts: the job may have begun again.
        await late.PutAsync(name, stream => stream.Write("of an attempt before"u8), cancellation);
        await Blobs.PutAsync(name, stream => stream.Write("of the one that counts"u8), cancellation);
        Assert.True(await jobs.AddImageAsync(lease, new JobImage("job-0", "job", 0, name, "image/png", 64, 64, 1), cancellation));

        await late.PutAsync(name, stream => stream.Write("too late"u8), cancellation);

        foreach (PostgresBlobs machine in new[] { (PostgresBlobs)Blobs, late })
            Assert.Equal("of the one that counts", await File.ReadAllTextAsync((await machine.FindAsync(name, cancellation))!, cancellation));
    }

    [Fact]
    public async Task What_another_machine_has_written_for_a_job_is_not_removed_by_one_that_had_the_job_before()
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        string job = Guid.CreateVersion7().ToString(), name = $"images/{ImageId.Of(job, 0)}.png";
        using var elsewhere = new SqliteStore();
        await Blobs.PutAsync(name, stream => stream.Write("of the one that counts"u8), cancellation);

        await new ImageFiles(new PostgresBlobs(_store.Database, elsewhere.Folders)).DeleteImagesOfAsync(job, 1, [], "png");

        Assert.NotNull(await Blobs.FindAsync(name, cancellation));
        Assert.Equal([name], (await Blobs.ListAsync("images", cancellation).ToListAsync(cancellation)).Select(file => file.Name));
    }
}
