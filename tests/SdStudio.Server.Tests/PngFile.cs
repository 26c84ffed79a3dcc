using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;
using NetVips;

namespace SdStudio.Server.Tests;

/// <summary>A PNG as other programs see it: its chunks, checked, and its pixels.</summary>
internal sealed class PngFile
{
    private static readonly byte[] Signature = [0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10];

    public PngFile(byte[] bytes)
    {
        Bytes = bytes;
        Assert.Equal(Signature, bytes[..8]);
        for (int at = 8; at < bytes.Length;)
        {
            int length = BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(at));
            string type = Encoding.ASCII.GetString(bytes, at + 4, 4);
            Assert.Equal(Crc32.HashToUInt32(bytes.AsSpan(at + 4, length + 4)), BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(at + 8 + length)));
            Chunks.Add((type, bytes[(at + 8)..(at + 8 + length)]));
            at += length + 12;
        }

        Assert.Equal("IHDR", Chunks[0].Type);
        Assert.Equal("IEND", Chunks[^1].Type);
        using Image image = Image.NewFromBuffer(bytes);
        Assert.Equal(3, image.Bands);
        (Width, Height, Pixels) = (image.Width, image.Height, image.WriteToMemory<byte>());
    }

    public byte[] Bytes { get; }

    public List<(string Type, byte[] Data)> Chunks { get; } = [];

    public int Width { get; }

    public int Height { get; }

    public byte[] Pixels { get; }

    public (int R, int G, int B) At(double x, double y)
    {
        int at = (((int)(y * Height) * Width) + (int)(x * Width)) * 3;
        return (Pixels[at], Pixels[at + 1], Pixels[at + 2]);
    }

    public void ShowsAt(double x, double y, (int R, int G, int B) expected)
    {
        (int r, int g, int b) = At(x, y);
        bool near = Math.Abs(r - expected.R) < 20 && Math.Abs(g - expected.G) < 20 && Math.Abs(b - expected.B) < 20;
        Assert.True(near, $"at {x}, {y} is {(r, g, b)}, not {expected}");
    }

    /// <summary>The text of the one chunk with the keyword <c>parameters</c>.</summary>
    public (string Chunk, string Text) Infotext()
    {
        (string type, byte[] data) = Assert.Single(
            Chunks, chunk => chunk.Type is "tEXt" or "iTXt" && Encoding.Latin1.GetString(chunk.Data).StartsWith("parameters\0", StringComparison.Ordinal));
        const int keyword = 11;
        if (type == "tEXt")
            return (type, Encoding.Latin1.GetString(data[keyword..]));
        // Not compressed, no language, no translated keyword.
        Assert.Equal([0, 0, 0, 0], data[keyword..(keyword + 4)]);
        return (type, Encoding.UTF8.GetString(data[(keyword + 4)..]));
    }
}
