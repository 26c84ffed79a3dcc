using SdStudio.Server.Gallery;
using SdStudio.Server.Generation;
using SdStudio.Server.Queue;
using SdStudio.Server.Storage.Postgres;
using SdStudio.Server.Storage.Sqlite;

namespace SdStudio.Server.Tests.Storage;

/// <summary>From SQLite into PostgreSQL.</summary>
[Collection(PostgresGroup.Name)]
public sealed class DatabaseMoveTests(PostgresFixture postgres)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_history_is_moved_with_its_images_may_be_moved_again_and_goes_on_from_there()
    {
        using var here = new SqliteStore();
        using var there = new PostgresStore(postgres);
        foreach (string id in new[] { "done", "running", "waiting" })
            await here.Jobs.AddAsync(new NewJob(id, Settings("a red circle", id), new SubmitOptions("ann", 3, "key-" + id, "print")), 100, Cancellation);
        Lease lease = (await here.Jobs.ClaimAsync("w1", "cpu", ["done"], Cancellation))!.Lease;
        await here.Jobs.CompleteAsync(lease, new JobResult(Settings("a red circle", "done"), [new JobImage("image", "done", 0, "images/image.png", "image/png", 64, 64, 7) { Device = "cpu" }], 5, 7) { Measured = new ModelCosts(10, 1, 2, 3, 0, 1) }, Cancellation);
        await here.Jobs.ClaimAsync("w1", "cpu", ["running"], Cancellation);
        await File.WriteAllBytesAsync(Path.Combine(here.Folder, "images", "image.png"), [1, 2, 3], Cancellation);
        Board board = (await new SqliteBoards(here.Database, TimeProvider.System).AddAsync("best", "ann", Cancellation))!;
        var images = new SqliteGallery(here.Database);
        await images.ChangeAsync(["image"], OwnerScope.All, new ImageChange { Starred = true, Tags = ["a"], Board = board.Id }, Cancellation);
        await images.AddAsync([new ImportedImage(new JobImage("found", "import", 0, "images/found.png", "image/png", 8, 8, 1), Settings("", "import"), "ann", 5)], Cancellation);
        await new SqlitePresets(here.Database).PutAsync([new Preset("p", "{}")], "ann", Cancellation);
        await here.State.SetPausedAsync(true, Cancellation);

        var told = new Told();
        Moved moved = await new DatabaseMove(here.Database, here.Folders, there.Database, progress: told).RunAsync(Cancellation);

        Assert.Equal(new Moved(4, 2, 1, 3), moved);
        Assert.Superset(new HashSet<MovedSoFar> { new("jobs", 4, 4), new("images", 2, 2), new("image_tags", 1, 1), new("files", 1, null) }, new HashSet<MovedSoFar>(told.All));
        Assert.Equal(moved, await new DatabaseMove(here.Database, here.Folders, there.Database).RunAsync(Cancellation));
        var moreImages = new PostgresGallery(there.Database);
        Assert.Equivalent((await images.FindAsync(["image"], OwnerScope.All, Cancellation))[0], (await moreImages.FindAsync(["image"], OwnerScope.All, Cancellation))[0], strict: true);
        Assert.Equal(1, await moreImages.CountAsync(new GalleryFilter(OwnerScope.All) { Search = "\"red circle\"" }, Cancellation));
        Assert.Equal($"{await here.Queries.FindAsync("done", OwnerScope.All, Cancellation)}", $"{await there.Queries.FindAsync("done", OwnerScope.All, Cancellation)}");
        Assert.Equal("found", Assert.Single(await moreImages.ListAsync(new GalleryFilter(OwnerScope.All) { To = 6 }, new GalleryPage(GallerySort.Newest, After: null, Limit: 9), Cancellation)).Image.Id);
        WaitingJobs waiting = await there.Queries.WaitingAsync(Cancellation);
        Assert.Equal((true, "running waiting"), (waiting.IsPaused, string.Join(' ', waiting.Jobs.Select(job => job.Id))));
        Assert.Equal(10, (await there.Costs.FindAsync("demo", "", Cancellation))?.LoadMs ?? (await there.Costs.FindAsync("demo", null, Cancellation))?.LoadMs);
        // Numbers and places go on behind those that were moved; keys are known.
        Assert.Equal("done", (await there.Jobs.AddAsync(new NewJob("again", Settings("x", "again"), new SubmitOptions("ann", 0, "key-done", "print")), 100, Cancellation)).Job.Id);
        await there.Jobs.AddAsync(new NewJob("new", Settings("x", "new"), new SubmitOptions()), 100, Cancellation);
        Assert.Equal("running waiting new", string.Join(' ', (await there.Queries.WaitingAsync(Cancellation)).Jobs.Select(job => job.Id)));

        using var another = new SqliteStore();
        await Assert.ThrowsAsync<CannotStartException>(() => new DatabaseMove(another.Database, another.Folders, there.Database).RunAsync(Cancellation));

        // One that has nothing but imported images.
        using var empty = new PostgresStore(postgres);
        await new SqliteGallery(another.Database).AddAsync([new ImportedImage(new JobImage("found", "import", 0, "images/found.png", "image/png", 8, 8, 1), Settings("", "import"), "ann", 5)], Cancellation);
        Assert.Equal(new Moved(1, 1, 0, 0), await new DatabaseMove(another.Database, another.Folders, empty.Database).RunAsync(Cancellation));
    }

    private sealed class Told : IProgress<MovedSoFar>
    {
        public List<MovedSoFar> All { get; } = [];

        public void Report(MovedSoFar value) => All.Add(value);
    }

    private static GenerationSettings Settings(string prompt, string id) =>
        new() { Type = "generate", Model = "demo", Prompt = prompt, Width = 64, Height = 64, Seed = 7, Count = 1, Steps = 4, CfgScale = 1, NegativePrompt = id };
}
