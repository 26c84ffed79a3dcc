using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;

namespace SdStudio.Server.Images;

/// <summary>
/// Passes a PNG on to another stream and puts a text chunk behind its header. libvips writes text as zTXt, which many readers of
/// infotext do not look for: this writes tEXt, or iTXt when the text needs more than Latin-1 (PNG specification, 11.3.3).
/// </summary>
internal sealed class PngTextStream(Stream inner, string keyword, string text) : Stream
{
    // The signature (8) and the IHDR chunk (4 length, 4 type, 13 data, 4 CRC).
    private const int HeaderBytes = 33;
    private int _passed;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        if (_passed < HeaderBytes)
        {
            ReadOnlySpan<byte> head = buffer[..Math.Min(buffer.Length, HeaderBytes - _passed)];
            inner.Write(head);
            _passed += head.Length;
            buffer = buffer[head.Length..];
            if (_passed == HeaderBytes)
                inner.Write(Chunk(keyword, text));
        }

        inner.Write(buffer);
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush() => inner.Flush();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    private static byte[] Chunk(string keyword, string text)
    {
        bool latin1 = text.All(character => character is '\n' or (>= ' ' and <= '~') or (>= '\u00A1' and <= '\u00FF'));
        byte[] data = latin1
            ? [.. Encoding.Latin1.GetBytes(keyword), 0, .. Encoding.Latin1.GetBytes(text)]
            // Keyword, not compressed, no language, no translated keyword.
            : [.. Encoding.Latin1.GetBytes(keyword), 0, 0, 0, 0, 0, .. Encoding.UTF8.GetBytes(text)];
        var chunk = new byte[data.Length + 12];
        BinaryPrimitives.WriteInt32BigEndian(chunk, data.Length);
        Encoding.ASCII.GetBytes(latin1 ? "tEXt" : "iTXt", chunk.AsSpan(4));
        data.CopyTo(chunk, 8);
        BinaryPrimitives.WriteUInt32BigEndian(chunk.AsSpan(data.Length + 8), Crc32.HashToUInt32(chunk.AsSpan(4, data.Length + 4)));
        return chunk;
    }
}
