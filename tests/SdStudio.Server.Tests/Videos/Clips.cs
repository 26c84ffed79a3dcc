using NetVips;
using SdCpp.Interop;
using SdStudio.Server.Images.Videos;

namespace SdStudio.Server.Tests.Videos;

/// <summary>Clips whose motion is known: a white square goes to the right, two pixels a frame, and stands still once.</summary>
internal static class Clips
{
    public const int Frames = 17;
    public const int Width = 64;
    public const int Height = 32;
    private const int Side = 8;
    private const int Still = 7;

    public static VideoClip Moving(double fps = 16, VideoAudio? audio = null) => new([.. Enumerable.Range(0, Frames).Select(Frame)], fps, audio);

    /// <summary>Where the middle of the square is in a frame.</summary>
    public static double MiddleOf(int frame) => LeftOf(frame) + ((Side - 1) / 2.0);

    /// <summary>Where the middle of what is white is in a frame of a sheet.</summary>
    public static double MiddleIn(Image sheet, int cell, int columns)
    {
        using Image one = sheet.Crop(cell % columns * Width, cell / columns * Height, Width, Height);
        using Image grey = one.Colourspace(Enums.Interpretation.Bw);
        byte[] pixels = grey.ExtractBand(0).WriteToMemory<byte>();
        List<int> white = [.. Enumerable.Range(0, pixels.Length).Where(index => pixels[index] > 128).Select(index => index % Width)];
        return white.Count == 0 ? -1 : white.Average();
    }

    /// <summary>A tone of 440 Hz as long as a clip.</summary>
    public static VideoAudio Tone(double fps)
    {
        const int rate = 48000;
        var samples = new float[(int)(Frames / fps * rate) * 2];
        for (int index = 0; index < samples.Length; index++)
            samples[index] = (float)(Math.Sin(index / 2 * 2 * Math.PI * 440 / rate) / 2);
        return new VideoAudio(samples, Channels: 2, rate);
    }

    private static int LeftOf(int frame) => 4 + (2 * (frame >= Still ? frame - 1 : frame));

    private static ImageBuffer Frame(int frame)
    {
        ImageBuffer image = ImageBuffer.Create(Width, Height, 3);
        for (int y = 0; y < Height; y++)
        {
            for (int x = 0; x < Width; x++)
            {
                bool isWhite = x >= LeftOf(frame) && x < LeftOf(frame) + Side && y is >= 8 and < 24;
                for (int channel = 0; channel < 3; channel++)
                    image.Span[(((y * Width) + x) * 3) + channel] = isWhite ? (byte)255 : (byte)10;
            }
        }

        return image;
    }
}
