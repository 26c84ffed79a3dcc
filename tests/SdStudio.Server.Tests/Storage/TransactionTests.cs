using System.Buffers.Binary;

namespace SdStudio.Server.Tests.Storage;

/// <summary>How often a job waits for the disk: counted in the database's own write-ahead log.</summary>
public sealed class TransactionTests(Workshop studio)
{
    private const int HeaderBytes = 32;
    private const int FrameHeaderBytes = 24;

    [Fact]
    public async Task A_job_is_three_transactions_and_one_more_for_each_image_that_others_follow()
    {
        await using StudioServer server = await StudioServer.StartAsync(studio.NewDataFolder());
        // Once for each model: what it takes and the hash of its file are written down. And again: the sweep after the start is over.
        await server.GenerateImagesAsync(Words(1));
        await server.GenerateImagesAsync(Words(1));

        int before = CommitsIn(server.Folder);
        await server.GenerateImagesAsync(Words(1));
        int afterOne = CommitsIn(server.Folder);
        await server.GenerateImagesAsync(Words(3));
        int afterThree = CommitsIn(server.Folder);

        Assert.Equal((3, 5), (afterOne - before, afterThree - afterOne));
    }

    private static string Words(int count) => $$"""{"model":"demo","prompt":"a red circle","size":"32x32","seed":1,"steps":1,"n":{{count}}}""";

    // A frame that ends a transaction names the size of the database behind it; frames of an earlier round of the log have other salts.
    private static int CommitsIn(string folder)
    {
        using var file = new FileStream(Path.Combine(folder, "sdstudio.db-wal"), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var copy = new MemoryStream();
        file.CopyTo(copy);
        ReadOnlySpan<byte> log = copy.ToArray();
        int frame = FrameHeaderBytes + BinaryPrimitives.ReadInt32BigEndian(log[8..]);
        ReadOnlySpan<byte> salts = log[16..24];
        int count = 0;
        for (int at = HeaderBytes; at + frame <= log.Length && log.Slice(at + 8, 8).SequenceEqual(salts); at += frame)
            count += BinaryPrimitives.ReadInt32BigEndian(log[(at + 4)..]) != 0 ? 1 : 0;
        return count;
    }
}
