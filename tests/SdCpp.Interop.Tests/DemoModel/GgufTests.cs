using System.Buffers.Binary;
using System.Text;

namespace SdCpp.Interop.Tests;

public sealed class GgufTests
{
    [Fact]
    public void A_half_keeps_what_eleven_bits_can_hold()
    {
        float[] values = [0, 1, -1, 0.5f, 80, 2047, -0.62f, 65504];
        var bytes = Encode(GgufType.F16, values);
        for (var i = 0; i < values.Length; i++)
            Assert.Equal((float)(Half)values[i], (float)BinaryPrimitives.ReadHalfLittleEndian(bytes.AsSpan(i * 2)));
    }

    [Fact]
    public void Q8_0_gives_whole_multiples_of_its_scale_back()
    {
        // The scale is largest/127 = 0.5, which a half holds exactly.
        var values = Enumerable.Range(0, 32).Select(i => i == 5 ? 63.5f : (i - 16) * 0.5f).ToArray();
        var bytes = Encode(GgufType.Q8_0, values);
        Assert.Equal(34, bytes.Length);
        var scale = (float)BinaryPrimitives.ReadHalfLittleEndian(bytes);
        Assert.Equal(values, bytes[2..].Select(b => (sbyte)b * scale));
    }

    [Fact]
    public void Q4_0_gives_whole_multiples_of_its_scale_back()
    {
        // The number of largest magnitude is -8 scales, so 2 is the scale; the first half of a block lies in the low nibbles.
        var values = Enumerable.Range(0, 32).Select(i => ((i % 16) - 8) * 2f).ToArray();
        var bytes = Encode(GgufType.Q4_0, values);
        Assert.Equal(18, bytes.Length);
        var scale = (float)BinaryPrimitives.ReadHalfLittleEndian(bytes);
        var nibbles = bytes[2..].Select(b => b & 15).Concat(bytes[2..].Select(b => b >> 4));
        Assert.Equal(values, nibbles.Select(n => (n - 8) * scale));
    }

    [Theory]
    [InlineData((int)GgufType.Q4_0)]
    [InlineData((int)GgufType.Q8_0)]
    public void Zeros_have_the_scale_zero_in_block_types(int type) =>
        Assert.Equal(0f, (float)BinaryPrimitives.ReadHalfLittleEndian(Encode((GgufType)type, new float[32])), 0f);

    [Fact]
    public void Rows_that_do_not_fill_blocks_are_refused() =>
        Assert.Throws<ArgumentException>(() => Write([new NamedTensor("odd", new Tensor(2, 16), GgufType.Q8_0)]));

    [Fact]
    public void The_header_says_what_was_written_and_how_long_the_file_is()
    {
        var tensor = new Tensor(3, 5);
        tensor[1, 2] = 7;
        var bytes = Write([new NamedTensor("first", Tensor.Filled(3, 1), GgufType.F32), new NamedTensor("second", tensor, GgufType.F16)]);
        var path = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(path, bytes);
            var info = ModelFile.Inspect(path);
            Assert.Equal("value", info.Metadata["key"]);
            Assert.Equal(["first", "second"], info.Tensors.Select(t => t.Name));
            Assert.Equal(3 + 15, info.Parameters);
            Assert.Equal(12 + 30, info.TensorBytes);
        }
        finally
        {
            File.Delete(path);
        }
        // The file ends with 30 bytes of the second tensor and their padding; 7 is the eighth number.
        Assert.Equal(0, bytes.Length % GgufWriter.Alignment);
        Assert.Equal(7, (float)BinaryPrimitives.ReadHalfLittleEndian(bytes.AsSpan(bytes.Length - 32 + 14)));
        Assert.Equal("GGUF", Encoding.ASCII.GetString(bytes, 0, 4));
    }

    private static byte[] Encode(GgufType type, float[] values)
    {
        var bytes = new byte[GgufQuantizer.Size(type, values.Length)];
        GgufQuantizer.Encode(type, values, bytes);
        return bytes;
    }

    private static byte[] Write(NamedTensor[] tensors)
    {
        using var stream = new MemoryStream();
        GgufWriter.Write(stream, [new("key", "value")], tensors, CancellationToken.None);
        return stream.ToArray();
    }
}
