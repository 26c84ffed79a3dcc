namespace SdStudio.Server.Images;

/// <summary>
/// Passes a PNG on to another stream and puts text chunks behind its header. libvips writes text as zTXt, which many readers of
/// infotext do not look for.
/// </summary>
internal sealed class PngTextStream(Stream inner, IReadOnlyList<PngChunk> chunks) : Stream
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
            {
                foreach (PngChunk chunk in chunks)
                    inner.Write(chunk.Bytes);
            }
        }

        inner.Write(buffer);
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush() => inner.Flush();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
