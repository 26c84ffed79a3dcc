using System.Buffers.Binary;
using System.Text;

namespace SdCpp.Interop;

/// <summary>Reads a file from front to back, never past its end and never more than asked for at once.</summary>
internal sealed class HeaderReader : IDisposable
{
    private const int BufferBytes = 64 * 1024;

    private readonly FileStream _stream;
    private readonly byte[] _buffer = new byte[BufferBytes];
    private int _start;
    private int _end;

    public HeaderReader(string path)
    {
        Path = path;
        _stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        Length = _stream.Length;
    }

    public string Path { get; }

    public long Length { get; }

    public long Position { get; private set; }

    public long Remaining => Length - Position;

    /// <summary>The next bytes without moving on: fewer than asked for only at the end of the file.</summary>
    public ReadOnlySpan<byte> Peek(int count)
    {
        count = (int)Math.Min(count, Remaining);
        if (_end - _start < count)
            Fill(count);
        return _buffer.AsSpan(_start, count);
    }

    public uint ReadUInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Take(sizeof(uint)));

    public ulong ReadUInt64() => BinaryPrimitives.ReadUInt64LittleEndian(Take(sizeof(ulong)));

    /// <summary>The next bytes, at most as many as the buffer holds. They stay valid until the next read.</summary>
    public ReadOnlySpan<byte> Take(int count)
    {
        Demand(count);
        if (_end - _start < count)
            Fill(count);
        ReadOnlySpan<byte> bytes = _buffer.AsSpan(_start, count);
        _start += count;
        Position += count;
        return bytes;
    }

    public void Skip(long count)
    {
        Demand(count);
        if (count <= _end - _start)
        {
            _start += (int)count;
        }
        else
        {
            _start = _end = 0;
            _stream.Position = Position + count;
        }
        Position += count;
    }

    /// <summary>Fills <paramref name="target"/> with the next bytes, however many they are.</summary>
    public void ReadExactly(Span<byte> target)
    {
        Demand(target.Length);
        while (target.Length > 0)
        {
            int part = Math.Min(target.Length, BufferBytes);
            Take(part).CopyTo(target);
            target = target[part..];
        }
    }

    /// <summary>Text of which at most <paramref name="keep"/> bytes are kept; the rest is passed over.</summary>
    public string ReadText(long bytes, int keep)
    {
        Demand(bytes);
        int kept = (int)Math.Min(bytes, keep);
        string text = Encoding.UTF8.GetString(Take(kept));
        Skip(bytes - kept);
        return text;
    }

    /// <summary>Throws if the file ends before <paramref name="count"/> more bytes.</summary>
    public void Demand(long count)
    {
        if (count >= 0 && count <= Remaining)
            return;
        if (count < 0 || count > ModelFileErrors.LargestFile)
            throw ModelFileErrors.Invalid(Path, $"contradicts itself: its header speaks of {ModelFileErrors.Number(count)} bytes at byte {Position}.");
        throw ModelFileErrors.ShortHeader(Path, Length, Position + count);
    }

    public void Dispose() => _stream.Dispose();

    private void Fill(int count)
    {
        _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
        _end -= _start;
        _start = 0;
        while (_end < count)
        {
            int read = _stream.Read(_buffer, _end, _buffer.Length - _end);
            // The file became shorter while it was read.
            if (read == 0)
                throw ModelFileErrors.ShortHeader(Path, Position + _end, Position + count);
            _end += read;
        }
    }
}
