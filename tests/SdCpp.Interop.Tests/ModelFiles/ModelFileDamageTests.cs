using System.Buffers.Binary;

namespace SdCpp.Interop.Tests;

public sealed class ModelFileDamageTests : ModelFileTest
{
    private const int Flips = 2000;

    private static byte[] SomeGguf()
    {
        var gguf = new GgufBytes();
        gguf.Note("general.architecture", "lumina2");
        gguf.Note("tokens", 9, w => { w.Write(8u); w.Write(2ul); GgufBytes.Text(w, "a"); GgufBytes.Text(w, "b"); });
        gguf.Note("scores", 9, w => { w.Write(6u); w.Write(2ul); w.Write(1f); w.Write(2f); });
        gguf.Tensor("x_embedder.weight", [4, 64], 8, 4 * 2 * 34);
        gguf.Tensor("layers.0.attention.qkv.weight", [2, 8], 1, 32);
        return gguf.Build();
    }

    private static byte[] SomeSafetensors() => ModelBytes.Safetensors(("decoder.layers.0.weight", [2, 3, 3]), ("encoder.layers.0.bias", [5]));

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_file_cut_anywhere_is_called_cut_off(bool isGguf)
    {
        byte[] whole = isGguf ? SomeGguf() : SomeSafetensors();
        for (int length = 1; length < whole.Length; length++)
        {
            SdException error = Assert.Throws<SdException>(() => Inspect(whole[..length]));
            Assert.True(error.Code == SdError.ModelFileTruncated, $"at {length}: {error.Message}");
            Assert.Contains("download it again", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void The_message_says_how_much_is_there()
    {
        byte[] whole = SomeSafetensors();
        SdException error = Refused(whole[..^1], SdError.ModelFileTruncated);
        Assert.Contains($"{whole.Length - 1} of {whole.Length} bytes; download it again", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Flipped_bits_never_lead_to_another_exception(bool isGguf)
    {
        byte[] whole = isGguf ? SomeGguf() : SomeSafetensors();
        var random = new Random(20_240_501);
        int refused = 0;
        for (int i = 0; i < Flips; i++)
        {
            byte[] damaged = [.. whole];
            for (int flips = random.Next(1, 4); flips > 0; flips--)
                damaged[random.Next(damaged.Length)] ^= (byte)(1 << random.Next(8));
            try
            {
                Assert.NotNull(Inspect(damaged));
            }
            catch (SdException)
            {
                refused++;
            }
        }
        Assert.InRange(refused, 1, Flips - 1);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Bytes_set_to_extremes_never_lead_to_another_exception(bool isGguf)
    {
        byte[] whole = isGguf ? SomeGguf() : SomeSafetensors();
        for (int at = 0; at < whole.Length; at++)
        {
            foreach (int width in new[] { 1, 4, 8 })
            {
                foreach (byte value in new byte[] { 0x00, 0x7f, 0xff })
                {
                    byte[] damaged = [.. whole];
                    damaged.AsSpan(at, Math.Min(width, whole.Length - at)).Fill(value);
                    Exception? error = Record.Exception(() => Inspect(damaged));
                    Assert.True(error is null or SdException, $"at {at}: {error}");
                }
            }
        }
    }

    [Theory]
    [InlineData(200_000ul, null)]
    [InlineData(ulong.MaxValue, null)]
    [InlineData(1ul << 63, null)]
    [InlineData(null, 60_000ul)]
    [InlineData(null, ulong.MaxValue)]
    public void Counts_that_lie_cost_no_memory(ulong? tensors, ulong? notes)
    {
        byte[] bytes = new GgufBytes { ClaimedTensors = tensors, ClaimedNotes = notes }.Build();
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<SdException>(() => Inspect(bytes));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1_000_000);
    }

    [Theory]
    [InlineData(1ul << 40)]
    [InlineData(1ul << 62)]
    [InlineData(ulong.MaxValue)]
    public void Lengths_that_lie_cost_no_memory(ulong length)
    {
        foreach (uint type in new uint[] { 0, 5, 8, 12 })
        {
            var gguf = new GgufBytes();
            gguf.Note("list", 9, w => { w.Write(type); w.Write(length); });
            byte[] list = gguf.Build();
            Assert.Throws<SdException>(() => Inspect(list));
        }
        var text = new GgufBytes();
        text.Note("text", 8, w => w.Write(length));
        Assert.Throws<SdException>(() => Inspect(text.Build()));
        byte[] safetensors = SomeSafetensors();
        BinaryPrimitives.WriteUInt64LittleEndian(safetensors, length);
        Refused(safetensors, SdError.ModelFileInvalid);
    }

    [Fact]
    public void Tensors_that_contradict_the_file_are_refused()
    {
        RefuseGguf("twice", g => { g.Tensor("a", [4], 0, 16); g.Tensor("a", [4], 0, 16); });
        RefuseGguf("share", g => { g.Tensor("a", [16], 0, 64); g.Tensor("b", [16], 0, 64, offset: 32); });
        RefuseGguf("aligned", g => g.Tensor("a", [4], 0, 16, offset: 7));
        RefuseGguf("not known", g => g.Tensor("a", [4], 4, 16));
        RefuseGguf("blocks", g => g.Tensor("a", [2, 16], 8, 34));
        // ggml has four.
        RefuseGguf("5 dimensions", g => g.Tensor("a", [1, 1, 1, 1, 1], 0, 4));
        RefuseGguf("larger than every file", g => g.Tensor("a", [1L << 32, 1L << 32], 0, 4));
        RefuseGguf("larger than every file", g => g.Tensor("a", [long.MaxValue, 2], 0, 4));
        RefuseGguf("contradicts itself", g => g.Tensor("a", [-1], 0, 4));
        RefuseGguf("contradicts itself", g => g.Tensor("a", [4], 0, 16, offset: -32));
        RefuseGguf("every file", g => g.Tensor("a", [8], 0, 32, offset: long.MaxValue - 31));
        RefuseGguf("name of a tensor", g => g.Tensor(new string('x', 2000), [4], 0, 16));
        RefuseGguf("name of a tensor", g => g.Tensor("", [4], 0, 16));
        RefuseGguf("no known type", g => g.Note("a", 13, w => w.Write(0ul)));
        RefuseGguf("no known type", g => g.Note("a", 9, w => { w.Write(9u); w.Write(1ul); w.Write(0ul); w.Write(0ul); }));
        RefuseGguf("aligned", g => g.Note("general.alignment", 4, w => w.Write(0u)));
        RefuseGguf("aligned", g => g.Note("general.alignment", 4, w => w.Write(33u)));
        RefuseGguf("32 bits", g => g.Note("general.alignment", 10, w => w.Write(32ul)));
        RefuseGguf("32 bits", g => g.Note("general.alignment", "32"));
        RefuseGguf("twice", g => { g.Note("a", "1"); g.Note("a", "2"); });
    }

    [Theory]
    [InlineData("""{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]},"a":{"dtype":"F32","shape":[4],"data_offsets":[16,32]}}""", "twice")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]},"b":{"dtype":"F32","shape":[4],"data_offsets":[8,24]}}""", "share")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,15]}}""", "by its shape")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4],"data_offsets":[16,0]}}""", "by its shape")]
    [InlineData("""{"a":{"dtype":"Q7","shape":[4],"data_offsets":[0,16]}}""", "not known")]
    [InlineData("""{"a":{"dtype":"F32","shape":[-4],"data_offsets":[0,16]}}""", "below zero")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4.5],"data_offsets":[0,16]}}""", "below zero")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1,1,1,1,1,1,1,1,4],"data_offsets":[0,16]}}""", "too many dimensions")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,16]}}""", "larger than every file")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16],"x":1}}""", "no known reason")]
    [InlineData("""{"a":{"dtype":"F32","dtype":"F16","shape":[4],"data_offsets":[0,16]}}""", "twice")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4]}}""", "lacks")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4],"data_offsets":[0]}}""", "lacks")]
    [InlineData("""{"a":[[[[[[[[[[[[1]]]]]]]]]]]]}""", "damaged")]
    [InlineData("""{"a":7}""", "damaged")]
    [InlineData("""{"__metadata__":{"a":{}}""", "damaged")]
    [InlineData("""{"__metadata__":[1}""", "damaged")]
    [InlineData("""{} {}""", "damaged")]
    [InlineData("""{"\ud800":{}}""", "damaged")]
    [InlineData("""{"a":{"dtype":"F32","shape":["4"],"data_offsets":[0,16]}}""", "damaged")]
    public void Safetensors_that_contradict_themselves_are_refused(string json, string word) =>
        Assert.Contains(word, Refused(ModelBytes.Safetensors(json, 64), SdError.ModelFileInvalid).Message, StringComparison.Ordinal);

    [Fact]
    public void Other_versions_of_gguf_are_named()
    {
        Assert.Contains("version 1", Refused(new GgufBytes { Version = 1 }.Build(), SdError.ModelFileInvalid).Message, StringComparison.Ordinal);
        Assert.Contains("version 9", Refused(new GgufBytes { Version = 9 }.Build(), SdError.ModelFileInvalid).Message, StringComparison.Ordinal);
        Assert.Contains("big-endian", Refused(new GgufBytes { Version = 0x03000000 }.Build(), SdError.ModelFileInvalid).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Names_from_a_file_are_made_fit_for_a_message()
    {
        string json = $$$"""{"\u001b[31m{{{new string('x', 900)}}}":{"dtype":"Q7","shape":[],"data_offsets":[0,4]}}""";
        SdException error = Refused(ModelBytes.Safetensors(json, 4), SdError.ModelFileInvalid);
        Assert.DoesNotContain('\u001b', error.Message);
        Assert.InRange(error.Message.Length, 1, 400);
    }

    private void RefuseGguf(string word, Action<GgufBytes> fill)
    {
        var gguf = new GgufBytes();
        fill(gguf);
        Assert.Contains(word, Refused(gguf.Build(), SdError.ModelFileInvalid).Message, StringComparison.Ordinal);
    }
}
