using System.Text;
using SdStudio.Server.Images;

namespace SdStudio.Server.Tests.Storage;

/// <summary>What every store of files promises.</summary>
public abstract class BlobStoreContract
{
    private protected abstract IBlobStore Blobs { get; }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private ValueTask PutAsync(string name, string content) => Blobs.PutAsync(name, stream => stream.Write(Encoding.UTF8.GetBytes(content)), Cancellation);

    private async Task<string?> ContentAsync(string name) => await Blobs.FindAsync(name, Cancellation) is { } path ? await File.ReadAllTextAsync(path, Cancellation) : null;

    private async Task<string[]> NamesAsync(string folder) => [.. (await Blobs.ListAsync(folder, Cancellation).ToListAsync(Cancellation)).Select(file => file.Name).Order(StringComparer.Ordinal)];

    [Fact]
    public async Task What_is_put_is_found_until_it_is_deleted()
    {
        Assert.Null(await Blobs.FindAsync("images/a.png", Cancellation));
        await PutAsync("images/a.png", "first");
        Assert.Equal("first", await ContentAsync("images/a.png"));
        await PutAsync("images/a.png", "second");
        Assert.Equal("second", await ContentAsync("images/a.png"));
        await Blobs.DeleteAsync("images/a.png", Cancellation);
        await Blobs.DeleteAsync("images/a.png", Cancellation);
        Assert.Null(await ContentAsync("images/a.png"));
    }

    [Fact]
    public async Task A_write_that_fails_leaves_what_was_there()
    {
        await PutAsync("images/a.png", "whole");
        foreach (string name in new[] { "images/a.png", "images/b.png" })
        {
            await Assert.ThrowsAsync<IOException>(async () => await Blobs.PutAsync(
                name,
                stream =>
                {
                    stream.Write(new byte[100_000]);
                    throw new IOException("the disk is full");
                },
                Cancellation));
        }

        Assert.Equal("whole", await ContentAsync("images/a.png"));
        Assert.Equal(["images/a.png"], await NamesAsync("images"));
    }

    [Fact]
    public async Task What_is_being_written_is_not_there_yet()
    {
        await Blobs.PutAsync(
            "images/a.png",
            stream =>
            {
                stream.Write(new byte[100_000]);
                stream.Flush();
                Assert.Empty(NamesAsync("images").Result);
                Assert.Null(Blobs.FindAsync("images/a.png", Cancellation).AsTask().Result);
            },
            Cancellation);

        Assert.Equal(["images/a.png"], await NamesAsync("images"));
    }

    [Fact]
    public async Task Many_who_write_and_delete_the_same_at_once_never_mix()
    {
        string[] contents = [.. Enumerable.Range(0, 8).Select(writer => new string((char)('a' + writer), 50_000))];
        await Task.WhenAll(contents.Select(content => Task.Run(
            async () =>
            {
                for (int round = 0; round < 20; round++)
                {
                    await PutAsync("thumbnails/ab/abc/256.webp", content);
                    if (round % 3 == 2)
                        await Blobs.DeleteAsync("thumbnails/ab/abc/256.webp", Cancellation);
                }
            },
            Cancellation)));

        Assert.Contains(await ContentAsync("thumbnails/ab/abc/256.webp"), contents);
    }

    [Fact]
    public async Task A_moved_file_has_the_other_name_alone()
    {
        await PutAsync("images/a.png", "moved");
        await PutAsync("kept/a.png", "older");

        Assert.True(await Blobs.MoveAsync("images/a.png", "kept/a.png", Cancellation));
        Assert.False(await Blobs.MoveAsync("images/a.png", "kept/a.png", Cancellation));
        Assert.Equal((null, "moved"), (await ContentAsync("images/a.png"), await ContentAsync("kept/a.png")));
    }

    [Fact]
    public async Task Lists_are_of_one_folder_with_all_beneath_it()
    {
        DateTime before = DateTime.UtcNow.AddSeconds(-2);
        await PutAsync("thumbnails/ab/abc/256.webp", "x");
        await PutAsync("thumbnails/ab/abd/64.webp", "x");
        await PutAsync("images/a.png", "x");

        Assert.Equal(["thumbnails/ab/abc/256.webp", "thumbnails/ab/abd/64.webp"], await NamesAsync("thumbnails"));
        Assert.Equal(["thumbnails/ab/abd/64.webp"], await NamesAsync("thumbnails/ab/abd"));
        Assert.Empty(await NamesAsync("inputs"));
        Assert.Empty(await NamesAsync("never"));
        Assert.All(await Blobs.ListAsync("images", Cancellation).ToListAsync(Cancellation), file => Assert.InRange(file.Written, before, DateTime.UtcNow.AddSeconds(2)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("../outside.png")]
    [InlineData("images/../../outside.png")]
    [InlineData("/etc/passwd")]
    public async Task Names_that_lead_elsewhere_are_refused(string name)
    {
        await Assert.ThrowsAsync<ArgumentException>(async () => await PutAsync(name, "x"));
        await Assert.ThrowsAsync<ArgumentException>(async () => await Blobs.FindAsync(name, Cancellation));
        await Assert.ThrowsAsync<ArgumentException>(async () => await Blobs.DeleteAsync(name, Cancellation));
    }
}

/// <summary>The contract over the data directory.</summary>
public sealed class FolderBlobsTests : BlobStoreContract, IDisposable
{
    private readonly SqliteStore _store = new();
    private readonly FolderBlobs _blobs;

    public FolderBlobsTests() => _blobs = new FolderBlobs(_store.Folders);

    private protected override IBlobStore Blobs => _blobs;

    public void Dispose() => _store.Dispose();

    [Fact]
    public void What_a_killed_process_was_writing_is_removed_at_the_next_start()
    {
        string half = Path.Combine(_store.Folder, "images", "a.png.0123.tmp");
        File.WriteAllText(half, "half");

        _ = new FolderBlobs(_store.Folders);

        Assert.False(File.Exists(half));
    }

    [Fact]
    public async Task Folders_of_thumbnails_go_with_their_last_file_and_those_of_the_first_level_stay()
    {
        await _blobs.PutAsync("thumbnails/ab/abc/256.webp", stream => stream.WriteByte(1), TestContext.Current.CancellationToken);
        await _blobs.DeleteAsync("thumbnails/ab/abc/256.webp", TestContext.Current.CancellationToken);

        Assert.False(Directory.Exists(Path.Combine(_store.Folder, "thumbnails", "ab", "abc")));
        Assert.True(Directory.Exists(Path.Combine(_store.Folder, "thumbnails")));
    }
}

/// <summary>The contract over a folder that other machines write into too.</summary>
public sealed class SharedFolderBlobsTests : BlobStoreContract, IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sdstudio-shared-").FullName;
    private readonly FolderBlobs _blobs;

    public SharedFolderBlobsTests() => _blobs = new FolderBlobs(_folder, isShared: true);

    private protected override IBlobStore Blobs => _blobs;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void What_another_machine_is_writing_stays_when_this_one_starts_and_what_one_left_long_ago_goes()
    {
        string half = Path.Combine(_folder, "images", "a.png.0123.tmp"), old = Path.Combine(_folder, "images", "b.png.0123.tmp");
        File.WriteAllText(half, "half");
        File.WriteAllText(old, "half");
        File.SetLastWriteTimeUtc(old, DateTime.UtcNow.AddDays(-2));

        _ = new FolderBlobs(_folder, isShared: true);

        Assert.Equal((true, false), (File.Exists(half), File.Exists(old)));
    }

    [Fact]
    public void Each_claim_of_a_job_has_files_of_its_own()
    {
        Assert.Equal("id.3", new ImageFiles(_blobs).FileIdOf("id", 3));
        Assert.Equal("id", new ImageFiles(new FolderBlobs(_folder)).FileIdOf("id", 3));
        foreach (string name in new[] { "images/id.3.png", "images/id.png", "id" })
            Assert.Equal("id", ImageFiles.IdOf(name));
    }
}
