using System.Diagnostics.Metrics;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using SdStudio.Server.Events;
using SdStudio.Server.Generation;
using SdStudio.Server.Images;
using SdStudio.Server.Queue;

namespace SdStudio.Server.Tests.Storage;

/// <summary>Files and rows agree after every end of the process.</summary>
public sealed class LeftoverFilesTests : IDisposable
{
    private readonly SqliteStore _store = new();
    private readonly ManualTime _time = new(DateTimeOffset.UtcNow);
    private readonly FolderBlobs _blobs;
    private readonly ImageFiles _files;

    public LeftoverFilesTests()
    {
        _blobs = new FolderBlobs(_store.Folders);
        _files = new ImageFiles(_blobs);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _store.Dispose();

    private async Task SweepAsync()
    {
        using var sweep = new LeftoverFiles(
            _store.Queries, _store.State, _blobs, _files, new KeptImages(_store.Folders, _files, _time), _time, NullLogger<LeftoverFiles>.Instance);
        await sweep.SweepAsync(Cancellation);
    }

    private string Put(params string[] path)
    {
        string file = Path.Combine([_store.Folder, .. path]);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, "an image");
        File.SetLastWriteTimeUtc(file, _time.Now.UtcDateTime.AddMinutes(-1));
        Directory.SetLastWriteTimeUtc(Path.GetDirectoryName(file)!, _time.Now.UtcDateTime.AddMinutes(-1));
        return file;
    }

    /// <summary>A job with an image, a thumbnail and an input, all in rows.</summary>
    private async Task<string[]> GeneratedAsync()
    {
        string job = Guid.CreateVersion7().ToString(), image = ImageId.Of(job, 0);
        var settings = new GenerationSettings { Type = "edit", Model = "demo", Width = 64, Height = 64, InputImage = $"inputs/{job}.png" };
        await _store.Jobs.AddAsync(new NewJob(job, settings, new SubmitOptions()), 10_000, Cancellation);
        ClaimedJob? claimed = await _store.Jobs.ClaimAsync("w", null, [job], Cancellation);
        await _store.Jobs.CompleteAsync(claimed!.Lease, new JobResult(settings, [new JobImage(image, job, 0, $"images/{image}.png", "image/png", 64, 64, 1)], 0, 0), Cancellation);
        return [Put("images", image + ".png"), Put("thumbnails", image[..2], image, "256.webp"), Put("inputs", job + ".png"), Put("inputs", job + "_mask.png")];
    }

    private string[] Leftovers()
    {
        string job = Guid.CreateVersion7().ToString(), image = ImageId.Of(job, 0);
        return [Put("images", image + ".png"), Put("thumbnails", image[..2], image, "256.webp"), Put("inputs", job + ".png"), Put("inputs", job + "_1.png")];
    }

    [Fact]
    public async Task What_belongs_to_no_job_is_removed_and_nothing_else()
    {
        await SweepAsync();
        string[] generated = [.. await GeneratedAsync(), .. await GeneratedAsync()];
        string[] leftovers = [.. Leftovers(), .. Leftovers()];
        // Not named by this server; and written a moment ago by a job that runs.
        string[] others = [Put("images", "holiday.png"), Put("inputs", "sketch.png"), Put("images", ImageId.Of("running", 0) + ".png")];
        File.SetLastWriteTimeUtc(others[2], _time.Now.UtcDateTime.AddSeconds(1));

        await SweepAsync();

        Assert.All(generated, file => Assert.True(File.Exists(file), file));
        Assert.All(leftovers, file => Assert.False(File.Exists(file), file));
        Assert.All(others, file => Assert.True(File.Exists(file), file));
    }

    [Fact]
    public async Task Of_the_files_that_several_claims_of_a_job_left_in_a_shared_folder_only_the_listed_one_stays()
    {
        await SweepAsync();
        string job = Guid.CreateVersion7().ToString(), image = ImageId.Of(job, 0);
        var settings = new GenerationSettings { Type = "generate", Model = "demo", Width = 64, Height = 64 };
        await _store.Jobs.AddAsync(new NewJob(job, settings, new SubmitOptions()), 10_000, Cancellation);
        ClaimedJob? claimed = await _store.Jobs.ClaimAsync("w", null, [job], Cancellation);
        await _store.Jobs.CompleteAsync(claimed!.Lease, new JobResult(settings, [new JobImage(image, job, 0, $"images/{image}.2.png", "image/png", 64, 64, 1)], 0, 0), Cancellation);
        string[] files = [Put("images", image + ".1.png"), Put("images", image + ".2.png"), Put("images", image + ".3.png")];
        var blobs = new FolderBlobs(_store.Folder, isShared: true);
        var images = new ImageFiles(blobs);
        using var sweep = new LeftoverFiles(_store.Queries, _store.State, blobs, images, new KeptImages(_store.Folders, images, _time), _time, NullLogger<LeftoverFiles>.Instance);

        await sweep.SweepAsync(Cancellation);

        Assert.Equal([false, true, false], files.Select(File.Exists));
    }

    [Fact]
    public async Task Images_that_an_earlier_version_kept_without_rows_are_kept_by_the_first_sweep()
    {
        string[] leftovers = Leftovers();

        await SweepAsync();

        Assert.All(leftovers, file => Assert.False(File.Exists(file), file));
        string kept = Path.Combine(_store.Folder, "kept");
        string name = Path.GetFileName(leftovers[0]);
        Assert.True(File.Exists(Path.Combine(kept, name)));
        Assert.Contains(name, Assert.Single(await File.ReadAllLinesAsync(Path.Combine(kept, "kept.jsonl"), Cancellation)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Folders_that_are_gone_do_not_stop_it()
    {
        Directory.Delete(Path.Combine(_store.Folder, "thumbnails"), recursive: true);
        Directory.Delete(Path.Combine(_store.Folder, "inputs"), recursive: true);
        Directory.Delete(Path.Combine(_store.Folder, "images"), recursive: true);

        await SweepAsync();
    }

    [Fact]
    public async Task Fifty_thousand_generations_are_deleted_with_their_files()
    {
        const int Count = 50_000;
        await _store.Database.Writer.WriteAsync(
            writer =>
            {
                writer.RunScript(
                    $$"""
                    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {{Count}})
                    INSERT INTO jobs (id, type, model, settings, status, progress, created_at, queued_at, updated_at, place)
                    SELECT printf('%08x-0000-7000-8000-000000000000', i), 'generate', 'demo', json_object('type', 'generate', 'model', 'demo', 'prompt', 'a red circle ' || i, 'width', 64, 'height', 64),
                           'completed', 1, i, i, i, i FROM n;
                    INSERT INTO images (id, job_id, index_in_batch, file_path, mime_type, width, height, seed) SELECT id, id, 0, 'images/' || id || '.png', 'image/png', 64, 64, 1 FROM jobs;
                    """);
                return true;
            },
            Cancellation);
        // Every tenth has its files: as many as a test can make in a moment.
        for (int i = 10; i <= Count; i += 10)
        {
            string id = $"{i:x8}-0000-7000-8000-000000000000";
            Put("images", id + ".png");
            Put("thumbnails", id[..2], id, "256.webp");
        }

        JobLine line = JobLineTests.LineOf(_store, _time);
        using ServiceProvider metrics = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var telemetry = new JobTelemetry(metrics.GetRequiredService<IMeterFactory>(), new ConfigurationBuilder().Build(), _time);
        var deletion = new JobDeletion(
            _store.Jobs, _store.Queries, _files, new KeptImages(_store.Folders, _files, _time), line, new JobEvents(new RingEventLog(_time), telemetry, _time));
        long start = TimeProvider.System.GetTimestamp();

        Deleted deleted = await deletion.DeleteAllAsync(OwnerScope.All, withImages: true, Cancellation);

        // A minute is what it may take on a machine with nothing else to do; here three test projects share it. What grows with the square of the number takes an hour.
        TimeSpan took = TimeProvider.System.GetElapsedTime(start);
        TestContext.Current.TestOutputHelper?.WriteLine($"{took.TotalSeconds:F1} s");
        Assert.InRange(took, TimeSpan.Zero, TimeSpan.FromMinutes(5));
        Assert.Equal(new Deleted(Count, Count), deleted);
        Assert.Empty(Directory.GetFiles(Path.Combine(_store.Folder, "images")));
        Assert.Empty(Directory.GetFiles(Path.Combine(_store.Folder, "thumbnails"), "*", SearchOption.AllDirectories));
        Assert.Equal(0, await _store.Queries.CountAsync(new JobFilter(OwnerScope.All), Cancellation));
    }
}
