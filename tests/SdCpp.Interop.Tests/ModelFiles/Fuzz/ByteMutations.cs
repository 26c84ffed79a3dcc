using System.Globalization;

namespace SdCpp.Interop.Tests;

/// <summary>Damage done to bytes, blind to what they mean.</summary>
internal static class ByteMutations
{
    private static readonly int[] FillWidths = [1, 2, 4, 8, 16];
    private static readonly byte[] FillValues = [0x00, 0x01, 0x7f, 0x80, 0xff];

    public static ArraySegment<byte> Apply(ArraySegment<byte> file, int header, Random random, List<string> done)
    {
        switch (random.Next(8))
        {
            case 0:
                return Cut(file, random.Next(file.Count), done);
            case 1:
                return Cut(file, random.Next(header), done);
            case 2:
                return Cut(file, Math.Max(1, file.Count - random.Next(1, 2000)), done);
            case 3:
                return Flip(file, file.Count, random, done);
            case 4:
            case 5:
                return Flip(file, header, random, done);
            case 6:
                return Fill(file, header, random, done);
            default:
                return Scramble(file, random, done);
        }
    }

    private static ArraySegment<byte> Cut(ArraySegment<byte> file, int length, List<string> done)
    {
        done.Add(string.Create(CultureInfo.InvariantCulture, $"cut at {length} of {file.Count}"));
        return file[..length];
    }

    private static ArraySegment<byte> Flip(ArraySegment<byte> file, int within, Random random, List<string> done)
    {
        for (int flips = random.Next(1, 9); flips > 0; flips--)
        {
            int at = random.Next(within);
            int bit = random.Next(8);
            file[at] ^= (byte)(1 << bit);
            done.Add(string.Create(CultureInfo.InvariantCulture, $"bit {bit} of byte {at}"));
        }
        return file;
    }

    private static ArraySegment<byte> Fill(ArraySegment<byte> file, int header, Random random, List<string> done)
    {
        int at = random.Next(header);
        int width = Math.Min(FillWidths[random.Next(FillWidths.Length)], file.Count - at);
        byte value = FillValues[random.Next(FillValues.Length)];
        file.AsSpan(at, width).Fill(value);
        done.Add(string.Create(CultureInfo.InvariantCulture, $"{width} bytes of {value} at {at}"));
        return file;
    }

    private static ArraySegment<byte> Scramble(ArraySegment<byte> file, Random random, List<string> done)
    {
        int at = random.Next(file.Count);
        int width = Math.Min(random.Next(1, 1 << random.Next(1, 20)), file.Count - at);
        random.NextBytes(file.AsSpan(at, width));
        done.Add(string.Create(CultureInfo.InvariantCulture, $"{width} random bytes at {at}"));
        return file;
    }
}
