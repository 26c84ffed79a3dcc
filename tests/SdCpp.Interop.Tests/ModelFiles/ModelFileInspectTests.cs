using System.Diagnostics;
using System.Text;

namespace SdCpp.Interop.Tests;

public sealed class ModelFileInspectTests : ModelFileTest
{
    [Theory]
    [InlineData(2u)]
    [InlineData(3u)]
    public void A_gguf_is_read_with_shapes_outermost_first(uint version)
    {
        var gguf = new GgufBytes { Version = version };
        gguf.Note("general.name", "Ä model");
        gguf.Note("count", 4, w => w.Write(7u));
        gguf.Note("tokens", 9, w => { w.Write(8u); w.Write(2ul); GgufBytes.Text(w, "a"); GgufBytes.Text(w, "b"); });
        gguf.Note("scores", 9, w => { w.Write(6u); w.Write(2ul); w.Write(1f); w.Write(2f); });
        gguf.Note("yes", 7, w => w.Write((byte)1));
        gguf.Note("large", 10, w => w.Write(ulong.MaxValue));
        gguf.Tensor("a", [3, 64], 8, 3 * 2 * 34);
        gguf.Tensor("b", [256], 12, 144);
        gguf.Tensor("c", [], 0, 4);
        byte[] bytes = gguf.Build();

        ModelFileInfo info = Inspect(bytes);

        Assert.Equal(ModelFormat.Gguf, info.Format);
        Assert.Equal([3, 64], info.Tensors[0].Shape);
        Assert.Equal(("q8_0", 204L), (info.Tensors[0].Type, info.Tensors[0].Bytes));
        Assert.Equal(("q4_k", 144L), (info.Tensors[1].Type, info.Tensors[1].Bytes));
        Assert.Empty(info.Tensors[2].Shape);
        Assert.Equal(192 + 256 + 1, info.Parameters);
        Assert.Equal(204 + 144 + 4, info.TensorBytes);
        Assert.Equal(352, info.MemoryEstimate);
        Assert.Equal(bytes.Length, info.FileBytes);
        Assert.Equal(204, info.WeightTypes["q8_0"]);
        Assert.Equal("Ä model", info.Metadata["general.name"]);
        Assert.Equal("7", info.Metadata["count"]);
        Assert.Equal("true", info.Metadata["yes"]);
        Assert.Equal("18446744073709551615", info.Metadata["large"]);
        Assert.False(info.Metadata.ContainsKey("tokens"));
    }

    [Fact]
    public void A_gguf_says_itself_how_its_tensors_are_aligned()
    {
        var gguf = new GgufBytes();
        gguf.Note("general.alignment", 4, w => w.Write(64u));
        gguf.Tensor("a", [8], 0, 32);
        gguf.Tensor("b", [8], 0, 32);
        Assert.Contains("not aligned to 64", Refused(gguf.Build(), SdError.ModelFileInvalid).Message, StringComparison.Ordinal);
    }

    // Block sizes as in ggml-common.h.
    [Theory]
    [InlineData(39u, "mxfp4", 32, 17)]
    [InlineData(40u, "nvfp4", 64, 36)]
    [InlineData(41u, "q1_0", 128, 18)]
    [InlineData(42u, "q2_0", 64, 18)]
    public void The_newest_types_of_ggml_are_known(uint id, string name, int numbers, int bytes)
    {
        var gguf = new GgufBytes();
        gguf.Tensor("a", [3, 2 * numbers], id, 6 * bytes);
        ModelTensor tensor = Assert.Single(Inspect(gguf.Build()).Tensors);
        Assert.Equal((name, 6L * bytes), (tensor.Type, tensor.Bytes));
    }

    [Theory]
    [InlineData("F4", 2)]
    [InlineData("F6_E2M3", 3)]
    [InlineData("F6_E3M2", 3)]
    [InlineData("F8_E4M3FNUZ", 4)]
    [InlineData("F8_E5M2FNUZ", 4)]
    [InlineData("F8_E8M0", 4)]
    [InlineData("BOOL", 4)]
    public void Small_types_of_safetensors_are_known(string type, int bytes)
    {
        string json = $$$"""{"a":{"dtype":"{{{type}}}","shape":[2,2],"data_offsets":[0,{{{bytes}}}]}}""";
        Assert.Equal(bytes, Inspect(ModelBytes.Safetensors(json, bytes)).TensorBytes);
    }

    [Fact]
    public void A_gguf_without_tensors_is_no_error() => Assert.Empty(Inspect(ModelBytes.Gguf("none")).Tensors);

    [Fact]
    public void Safetensors_are_read()
    {
        byte[] bytes = ModelBytes.Safetensors("F8_E4M3", 1, ("a", [3, 5]), ("b", [7]), ("c", []));
        ModelFileInfo info = Inspect(bytes);
        Assert.Equal(ModelFormat.Safetensors, info.Format);
        Assert.Equal("pt", info.Metadata["format"]);
        Assert.Equal(23, info.Parameters);
        Assert.Equal(23, info.TensorBytes);
        Assert.Equal(46, info.MemoryEstimate);
        Assert.Equal([3, 5], info.Tensors[0].Shape);
        Assert.Equal("f8_e4m3", info.Tensors[0].Type);
    }

    [Fact]
    public void Long_notes_are_cut_and_tensors_of_no_size_pass()
    {
        string json = $$$"""{"__metadata__":{"tags":"{{{new string('x', 100_000)}}}"},"a":{"dtype":"F32","shape":[0,4],"data_offsets":[0,0]}}   """;
        ModelFileInfo info = Inspect(ModelBytes.Safetensors(json, 0));
        Assert.Equal(4096, info.Metadata["tags"].Length);
        Assert.Equal(0, info.Tensors[0].Bytes);
    }

    [Theory]
    [InlineData("null")]
    [InlineData("[1,[2]]")]
    [InlineData("7")]
    [InlineData("""{"step":123,"tags":{"a":{"b":{"c":{"d":{"e":{"f":{"g":[[[1]]]}}}}}}},"x":null,"ema":true,"list":["a"],"format":"pt"}""")]
    public void Notes_of_any_shape_are_read_past(string notes)
    {
        string json = $$$"""{"__metadata__":{{{notes}}},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""";

        ModelFileInfo info = Inspect(ModelBytes.Safetensors(json, 4));

        Assert.Equal("a", Assert.Single(info.Tensors).Name);
        Assert.Equal(notes[0] == '{' ? "123" : null, info.Metadata.GetValueOrDefault("step"));
        Assert.Equal(notes[0] == '{' ? "pt" : null, info.Metadata.GetValueOrDefault("format"));
    }

    [Fact]
    public void A_list_of_safetensors_is_followed_but_not_out_of_its_folder()
    {
        Write(ModelBytes.Safetensors(("a", [2, 2])), "1.safetensors");
        Write(ModelBytes.Safetensors(("b", [3])), "2.safetensors");
        ModelFileInfo info = Inspect("""{"metadata":{},"weight_map":{"a":"1.safetensors","b":"2.safetensors"}}"""u8.ToArray());
        Assert.Equal(ModelFormat.SafetensorsIndex, info.Format);
        Assert.Equal(7, info.Parameters);

        Refused("""{"weight_map":{"c":"1.safetensors"}}"""u8.ToArray(), SdError.ModelFileInvalid);
        Refused("""{"weight_map":{"a":"../1.safetensors"}}"""u8.ToArray(), SdError.ModelFileInvalid);
        Refused("""{"weight_map":{"a":7}}"""u8.ToArray(), SdError.ModelFileInvalid);
        Refused("""{"weight_map":[]}"""u8.ToArray(), SdError.ModelFileInvalid);
        Refused("[1, 2, 3, 4, 5, 6, 7, 8]"u8.ToArray(), SdError.ModelFileInvalid);
        string missing = Write("""{"weight_map":{"a":"3.safetensors"}}"""u8.ToArray());
        SdException error = Assert.Throws<SdException>(() => ModelFile.Inspect(missing));
        Assert.Equal(SdError.ModelFileNotFound, error.Code);
        Assert.Contains("3.safetensors", error.Message, StringComparison.Ordinal);
        // A list may not name a list, or two could send this round for ever.
        Write("""{"weight_map":{"a":"loop.safetensors"}}"""u8.ToArray(), "loop.safetensors");
        Assert.Throws<SdException>(() => ModelFile.Inspect(Path.Combine(Folder, "loop.safetensors")));
    }

    [Fact]
    public void PyTorch_files_are_recognised()
    {
        byte[] zip = [.. "PK\u0003\u0004"u8, .. new byte[26], .. "archive/data.pkl"u8, .. new byte[100]];
        Assert.Equal(ModelFormat.PyTorch, Inspect(zip).Format);
        byte[] old = [0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e];
        Assert.Equal(ModelFormat.PyTorch, Inspect(old).Format);
    }

    [Theory]
    [InlineData("<!DOCTYPE html><html><body>Log in</body></html>", "HTML page")]
    [InlineData("\n <html>", "HTML page")]
    [InlineData("PK\u0003\u0004 and so on", "zip archive")]
    [InlineData("%PDF-1.7", "PDF")]
    [InlineData("Access denied.", "text")]
    [InlineData("version https://git-lfs.github.com/spec/v1\noid sha256:00", "Git LFS")]
    [InlineData("{\"error\":\"not found\"}", "JSON")]
    [InlineData("\0\0\0\0\0\0\0\0\0\0\0\0", "nothing but zeros")]
    public void What_is_no_model_is_called_by_its_name(string content, string word) =>
        Assert.Contains(word, Refused(Encoding.Latin1.GetBytes(content), SdError.ModelFileInvalid).Message, StringComparison.Ordinal);

    [Fact]
    public void An_image_is_called_by_its_name() =>
        Assert.Contains("PNG", Refused([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0], SdError.ModelFileInvalid).Message, StringComparison.Ordinal);

    [Fact]
    public void Missing_empty_and_directory_are_told_apart()
    {
        Assert.Contains("is empty", Refused([], SdError.ModelFileInvalid).Message, StringComparison.Ordinal);
        SdException directory = Assert.Throws<SdException>(() => ModelFile.Inspect(Folder));
        Assert.Equal(SdError.ModelFileInvalid, directory.Code);
        Assert.Contains("is a directory", directory.Message, StringComparison.Ordinal);
        foreach (string path in new[] { Path.Combine(Folder, "none.gguf"), Path.Combine(Folder, "no", "none.gguf"), "", "a\0b", new string('x', 5000) })
            Assert.Equal(SdError.ModelFileNotFound, Assert.Throws<SdException>(() => ModelFile.Inspect(path)).Code);
    }

    [Fact]
    public void The_weights_are_not_read()
    {
        const long Size = 10L << 30;
        var gguf = new GgufBytes();
        gguf.Tensor("a", [5, 1L << 30], 1, 0);
        string big = Write(gguf.Build());
        using (FileStream stream = File.OpenWrite(big))
            stream.SetLength(Size + 4096);
        ModelFile.Inspect(big);

        TimeSpan best = TimeSpan.MaxValue;
        for (int i = 0; i < 5; i++)
        {
            long start = Stopwatch.GetTimestamp();
            ModelFileInfo info = ModelFile.Inspect(big);
            best = TimeSpan.FromTicks(Math.Min(best.Ticks, Stopwatch.GetElapsedTime(start).Ticks));
            Assert.Equal(Size, info.TensorBytes);
        }
        // Measured: 0.04 ms. Reading the 10 GB would take seconds on any machine.
        Assert.True(best < TimeSpan.FromMilliseconds(500), $"{best.TotalMilliseconds} ms");
    }
}
