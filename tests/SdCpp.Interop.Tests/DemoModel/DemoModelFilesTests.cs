using System.Security.Cryptography;

namespace SdCpp.Interop.Tests;

public sealed class DemoModelFilesTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("demo-model-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Every_write_makes_the_same_bytes()
    {
        var first = Write(Path.Combine(_folder, "a"));
        var second = Write(Path.Combine(_folder, "b"));
        Assert.Equal(Array.ConvertAll(Paths(first), Hash), Array.ConvertAll(Paths(second), Hash));
    }

    [Fact]
    public void The_files_are_named_as_documented_and_nothing_else_is_left()
    {
        var files = Write(_folder);
        string[] names =
            ["demo-diffusion.gguf", "demo-text-encoder.gguf", "demo-taesd.gguf", "demo-upscaler-x4.gguf", "demo-upscaler-x2.gguf"];
        Assert.Equal(Array.ConvertAll(names, name => Path.Combine(_folder, name)), Paths(files));
        var found = Directory.GetFileSystemEntries(_folder).Select(Path.GetFileName);
        Assert.Equal(names.Order(StringComparer.Ordinal), found.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_complete_set_is_not_written_again()
    {
        var files = Write(_folder);
        var old = new DateTime(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc);
        foreach (var path in Paths(files)) File.SetLastWriteTimeUtc(path, old);
        Write(_folder);
        Assert.All(Paths(files), path => Assert.Equal(old, File.GetLastWriteTimeUtc(path)));
    }

    [Fact]
    public void A_missing_folder_is_incomplete() => Assert.False(DemoModel.IsComplete(Path.Combine(_folder, "none")));

    [Fact]
    public void A_missing_file_makes_the_set_incomplete()
    {
        var files = Write(_folder);
        Assert.True(DemoModel.IsComplete(_folder));
        File.Delete(files.UpscalerX2);
        Assert.False(DemoModel.IsComplete(_folder));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(40)]
    [InlineData(-64)]
    public void A_truncated_file_is_seen_and_repaired(int length)
    {
        var path = Write(_folder).UpscalerX4;
        var whole = Hash(path);
        using (var stream = File.OpenWrite(path)) stream.SetLength(length >= 0 ? length : stream.Length + length);
        Assert.False(DemoModel.IsComplete(_folder));
        Write(_folder);
        Assert.True(DemoModel.IsComplete(_folder));
        Assert.Equal(whole, Hash(path));
    }

    [Fact]
    public void A_file_of_another_revision_is_seen_and_replaced()
    {
        var path = Write(_folder).UpscalerX2;
        var bytes = File.ReadAllBytes(path);
        var at = bytes.AsSpan().IndexOf("sdstudio-demo-"u8);
        bytes[at + "sdstudio-demo-".Length] = (byte)'?';
        File.WriteAllBytes(path, bytes);
        Assert.False(DemoModel.IsComplete(_folder));
        Write(_folder);
        Assert.True(DemoModel.IsComplete(_folder));
    }

    [Fact]
    public async Task Writers_at_the_same_time_leave_one_complete_set()
    {
        await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => Task.Run(() => Write(_folder), TestContext.Current.CancellationToken)));
        Assert.True(DemoModel.IsComplete(_folder));
        Assert.Equal(5, Directory.GetFileSystemEntries(_folder).Length);
    }

    [Fact]
    public void A_cancelled_write_leaves_no_temporary_file()
    {
        using var source = new CancellationTokenSource();
        source.Cancel();
        Assert.Throws<OperationCanceledException>(() => DemoModel.Write(_folder, source.Token));
        Assert.Empty(Directory.GetFileSystemEntries(_folder));
    }

    private static DemoModelFiles Write(string folder) => DemoModel.Write(folder, TestContext.Current.CancellationToken);

    private static string[] Paths(DemoModelFiles files) =>
        [files.DiffusionModel, files.TextEncoder, files.Taesd, files.UpscalerX4, files.UpscalerX2];

    private static string Hash(string path) => Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(path)));
}
