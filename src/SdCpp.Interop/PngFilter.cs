using System.Numerics;

namespace SdCpp.Interop;

/// <summary>
/// The filters of PNG: a row is written as its differences from what lies left of it and above it, which compress better than the
/// pixels. For each row the filter with the smallest differences is taken.
/// </summary>
internal sealed class PngFilter
{
    private const byte None = 0;
    private const byte Sub = 1;
    private const byte Up = 2;
    private const byte Paeth = 4;

    private readonly int _step;
    private readonly int _bytes;
    private byte[] _row;
    private byte[] _above;
    private byte[] _best;
    private byte[] _trial;

    /// <param name="width">Pixels of a row.</param>
    /// <param name="channels">Bytes of a pixel.</param>
    public PngFilter(int width, int channels)
    {
        _step = channels;
        _bytes = width * channels;
        // A black pixel stands before each row, and whole vectors are read beyond its end.
        int padded = channels + _bytes + Vector<byte>.Count;
        (_row, _above, _best, _trial) = (new byte[padded], new byte[padded], new byte[padded], new byte[padded]);
    }

    /// <summary>The next row as it goes into the file: the filter's number and the differences. Valid until the next call.</summary>
    public ReadOnlySpan<byte> Next(ReadOnlySpan<byte> pixels)
    {
        (_row, _above) = (_above, _row);
        pixels.CopyTo(_row.AsSpan(_step));
        int least = int.MaxValue;
        foreach (byte filter in (ReadOnlySpan<byte>)[Up, Sub, Paeth, None])
        {
            int differences = Apply(filter, _trial.AsSpan(1));
            if (differences >= least)
                continue;
            least = differences;
            _trial[0] = filter;
            (_best, _trial) = (_trial, _best);
        }

        return _best.AsSpan(0, 1 + _bytes);
    }

    private int Apply(byte filter, Span<byte> to)
    {
        int differences = 0;
        for (int i = 0; i < _bytes; i += Vector<byte>.Count)
        {
            var left = new Vector<byte>(_row, i);
            var pixel = new Vector<byte>(_row, i + _step);
            var above = new Vector<byte>(_above, i + _step);
            Vector<byte> difference = filter switch
            {
                Sub => pixel - left,
                Up => pixel - above,
                Paeth => pixel - Predict(left, above, new Vector<byte>(_above, i)),
                _ => pixel,
            };
            difference.CopyTo(to[i..]);
            Vector.Widen(Vector.Min(difference, -difference), out Vector<ushort> low, out Vector<ushort> high);
            differences += Vector.Sum(low + high);
        }

        return differences;
    }

    private static Vector<byte> Predict(Vector<byte> left, Vector<byte> above, Vector<byte> aboveLeft)
    {
        Vector.Widen(left, out Vector<ushort> left0, out Vector<ushort> left1);
        Vector.Widen(above, out Vector<ushort> above0, out Vector<ushort> above1);
        Vector.Widen(aboveLeft, out Vector<ushort> aboveLeft0, out Vector<ushort> aboveLeft1);
        return Vector.Narrow(
            Nearest(left0.As<ushort, short>(), above0.As<ushort, short>(), aboveLeft0.As<ushort, short>()),
            Nearest(left1.As<ushort, short>(), above1.As<ushort, short>(), aboveLeft1.As<ushort, short>()));
    }

    // Whichever of the three is nearest to left + above - aboveLeft; on a tie in this order.
    private static Vector<ushort> Nearest(Vector<short> left, Vector<short> above, Vector<short> aboveLeft)
    {
        Vector<short> toLeft = Vector.Abs(above - aboveLeft);
        Vector<short> toAbove = Vector.Abs(left - aboveLeft);
        Vector<short> toAboveLeft = Vector.Abs(left + above - aboveLeft - aboveLeft);
        Vector<short> second = Vector.ConditionalSelect(Vector.LessThanOrEqual(toAbove, toAboveLeft), above, aboveLeft);
        Vector<short> isLeft = Vector.LessThanOrEqual(toLeft, Vector.Min(toAbove, toAboveLeft));
        return Vector.ConditionalSelect(isLeft, left, second).As<short, ushort>();
    }
}
