using System.Text;

namespace SdCpp.Interop.Tests;

/// <summary>What inspecting costs: little for real models, and not much more for files made to be costly.</summary>
public sealed class ModelFileEffortTests : ModelFileTest
{
    private const long MostBytes = 64L * 1024 * 1024;

    public static TheoryData<string> Costly =>
    [
        "gguf tensors", "gguf notes", "gguf strings", "gguf strings far apart", "gguf numbers", "gguf text",
        "safetensors tensors", "safetensors spaces", "safetensors zeros", "safetensors text", "list",
    ];

    [Theory]
    [MemberData(nameof(Costly))]
    public void A_file_made_to_be_costly_is_not(string kind)
    {
        string path = WriteCostly(kind);
        Assert.InRange(AllocatedBy(path), 0, MostBytes);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_header_of_two_thousand_tensors_is_cheap(bool isGguf)
    {
        (string, long[])[] tensors = Many(2000, 60);
        string path = Write(isGguf ? ModelBytes.Gguf("any", tensors) : ModelBytes.Safetensors(tensors));
        Assert.InRange(AllocatedBy(path), 0, 4_000_000);
    }

    [Fact]
    public void A_vocabulary_is_passed_over()
    {
        var gguf = new GgufBytes();
        gguf.Note("tokenizer.ggml.tokens", 9, w =>
        {
            w.Write(8u);
            w.Write(151_936ul);
            for (int i = 0; i < 151_936; i++)
                GgufBytes.Text(w, "token" + i);
        });
        gguf.Tensor("blk.0.attn_q.weight", [4], 0, 16);
        string path = Write(gguf.Build());
        Assert.Equal(ModelRole.TextEncoder, ModelFile.Inspect(path).Role);
        Assert.InRange(AllocatedBy(path), 0, 200_000);
    }

    [Fact]
    public void Links_and_what_is_no_file_are_told_apart()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Making links needs rights there.");
        string model = Write(ModelBytes.Gguf("any", ("a", [4])));
        string Link(string name, string target) => File.CreateSymbolicLink(Path.Combine(Folder, name), target).FullName;
        Assert.Single(ModelFile.Inspect(Link("good", model)).Tensors);
        Assert.Single(ModelFile.Inspect(Link("twice", Link("once", model))).Tensors);
        Assert.Equal(SdError.ModelFileNotFound, Code(Link("dangling", Path.Combine(Folder, "none"))));
        Assert.Equal(SdError.ModelFileInvalid, Code(Link("folder", Folder)));
        Assert.Equal(SdError.ModelFileInvalid, Code(Link("round", Path.Combine(Folder, "round"))));
        // It has no end; nothing may try to read up to there.
        Assert.Equal(SdError.ModelFileInvalid, Code("/dev/zero"));
    }

    [Fact]
    public void A_file_that_may_not_be_read_is_named()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows() || Environment.IsPrivilegedProcess, "Nothing is forbidden here.");
        string model = Write(ModelBytes.Gguf("any", ("a", [4])));
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(model, UnixFileMode.None);
        SdException error = Assert.Throws<SdException>(() => ModelFile.Inspect(model));
        Assert.Equal(SdError.ModelFileInvalid, error.Code);
        Assert.Contains("cannot be read", error.Message, StringComparison.Ordinal);
    }

    private static SdError Code(string path) => Assert.Throws<SdException>(() => ModelFile.Inspect(path)).Code;

    // Memory stands for effort: what is read is kept or passed over in place. The least of a few: the first also pays for the compiler.
    private static long AllocatedBy(string path)
    {
        long least = long.MaxValue;
        for (int i = 0; i < 3; i++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            Exception? error = Record.Exception(() => ModelFile.Inspect(path));
            Assert.True(error is null or SdException, $"{error}");
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return least;
    }

    private static (string, long[])[] Many(int count, int length) =>
        [.. Enumerable.Range(0, count).Select(i => ($"{i:D6}.{new string('x', length - 7)}", new long[] { 2, 4 }))];

    private string WriteCostly(string kind) => kind switch
    {
        "gguf tensors" => Write(ModelBytes.Gguf("any", Many(32_768, 256))),
        "gguf notes" => WriteGguf(0, g =>
        {
            for (int i = 0; i < 4_000; i++)
                g.Note("note" + i, new string('v', 4_096));
        }),
        "gguf strings" => WriteGguf(4L << 30, g => g.Note("list", 9, w => { w.Write(8u); w.Write(400_000_000ul); })),
        "gguf strings far apart" => WriteGguf(4L << 30, g => g.Note("list", 9, w =>
        {
            w.Write(8u);
            w.Write(16_000_000ul);
            for (int i = 0; i < 100; i++)
                GgufBytes.Text(w, new string('x', 70_000));
        })),
        "gguf numbers" => WriteGguf(4L << 30, g => g.Note("list", 9, w => { w.Write(6u); w.Write(1_000_000_000ul); })),
        "gguf text" => WriteGguf(4L << 30, g => g.Note("text", 8, w => w.Write(1_000_000_000ul))),
        "safetensors tensors" => Write(ModelBytes.Safetensors(Many(32_768, 256))),
        "safetensors spaces" => WriteSafetensors("{}" + new string(' ', 33_000_000), 33_000_000),
        "safetensors zeros" => WriteSafetensors("{", 100_000_000),
        "safetensors text" => WriteSafetensors($$$"""{"__metadata__":{"a":"{{{new string('x', 33_000_000)}}}"}}""", 33_000_026),
        "list" => Write(Encoding.UTF8.GetBytes(
            "{\"weight_map\":{" + string.Join(',', Enumerable.Range(0, 32_000).Select(i => $"\"{i}\":\"none.safetensors\"")) + "}}")),
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };

    // The file is as long as asked, but takes no room on most disks.
    private string WriteGguf(long length, Action<GgufBytes> fill)
    {
        var gguf = new GgufBytes();
        fill(gguf);
        return Stretch(Write(gguf.Build()), length);
    }

    private string WriteSafetensors(string json, int claimed) =>
        Stretch(Write([.. BitConverter.GetBytes((ulong)claimed), .. Encoding.UTF8.GetBytes(json)]), claimed + sizeof(ulong));

    private static string Stretch(string path, long length)
    {
        using FileStream stream = File.OpenWrite(path);
        if (length > stream.Length)
            stream.SetLength(length);
        return path;
    }
}
