using System.Buffers.Binary;
using System.Text;

namespace SdCpp.Interop;

/// <summary>The pieces of a PNG file, one after the other. Nothing is believed: sizes are checked before memory is taken.</summary>
internal sealed class PngChunks(Stream from)
{
    private readonly byte[] _number = new byte[4];
    private int _left;

    public string Type { get; private set; } = "";

    /// <summary>Whether the file could not be read, as opposed to being damaged.</summary>
    public bool HasFailed { get; private set; }

    /// <summary>Goes to the next piece; the one before must have been read.</summary>
    public string Next()
    {
        _left = ReadNumber();
        if (_left < 0)
            throw new InvalidDataException();
        from.ReadExactly(_number);
        return Type = Encoding.ASCII.GetString(_number);
    }

    public byte[] ReadAll(int most)
    {
        if (_left > most)
            throw new InvalidDataException();
        var bytes = new byte[_left];
        from.ReadExactly(bytes);
        _left = 0;
        ReadNumber();
        return bytes;
    }

    public void Skip()
    {
        Span<byte> bytes = stackalloc byte[512];
        while (_left > 0)
            _left -= ReadSome(bytes);
        ReadNumber();
    }

    /// <summary>The compressed pixels: this piece, and those of its kind behind it.</summary>
    public Stream Data() => new DataStream(this);

    // zlib's own checksum tells of damage; the piece's says nothing more.
    private int ReadNumber()
    {
        from.ReadExactly(_number);
        return BinaryPrimitives.ReadInt32BigEndian(_number);
    }

    private int ReadSome(Span<byte> to)
    {
        int read = from.Read(to[..Math.Min(to.Length, _left)]);
        return read > 0 ? read : throw new EndOfStreamException();
    }

    private sealed class DataStream(PngChunks chunks) : Stream
    {
        private bool _isOver;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int Read(Span<byte> buffer)
        {
            try
            {
                return ReadPiece(buffer);
            }
            catch (IOException exception) when (exception is not EndOfStreamException)
            {
                chunks.HasFailed = true;
                throw;
            }
        }

        private int ReadPiece(Span<byte> buffer)
        {
            while (!_isOver && chunks._left == 0)
            {
                chunks.ReadNumber();
                _isOver = chunks.Next() != "IDAT";
            }

            if (_isOver || buffer.Length == 0)
                return 0;
            int read = chunks.ReadSome(buffer);
            chunks._left -= read;
            return read;
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
