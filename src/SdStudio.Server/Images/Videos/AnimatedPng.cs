using System.Buffers.Binary;

namespace SdStudio.Server.Images.Videos;

/// <summary>
/// Animated PNG (PNG specification, third edition, 11.3.6), which libvips neither writes nor reads: the same chunks as in a PNG of each frame,
/// with the time of each before them.
/// </summary>
internal static class AnimatedPng
{
    // The signature and the chunk IHDR.
    private const int HeaderBytes = 33;
    private const int FrameControlBytes = 26;
    private const int NumberBytes = 4;

    public static void Write(Stream to, VideoClip clip, ImageTexts texts, CancellationToken cancellation)
    {
        int number = 0;
        for (int frame = 0; frame < clip.Frames.Count; frame++)
        {
            cancellation.ThrowIfCancellationRequested();
            byte[] png = ImageFiles.Encoded(clip.Frames[frame], ImageFormats.Png, quality: 0);
            if (frame == 0)
            {
                to.Write(png, 0, HeaderBytes);
                foreach (PngChunk text in texts.Chunks())
                    to.Write(text.Bytes);
                to.Write(PngChunk.Of("acTL"u8, [.. Number(clip.Frames.Count), .. Number(0)]).Bytes);
            }

            to.Write(Control(number++, clip, frame).Bytes);
            foreach ((string type, Range data) in PngText.Chunks(png).Where(chunk => chunk.Type == "IDAT"))
                to.Write((frame == 0 ? PngChunk.Of("IDAT"u8, png[data]) : PngChunk.Of("fdAT"u8, [.. Number(number++), .. png[data]])).Bytes);
        }

        to.Write(PngChunk.Of("IEND"u8, []).Bytes);
    }

    /// <summary>The frames of a file that this server wrote, each as a PNG of its own.</summary>
    public static IEnumerable<byte[]> Read(byte[] file)
    {
        byte[] header = file[..HeaderBytes];
        MemoryStream? frame = null;
        foreach ((string type, Range data) in PngText.Chunks(file))
        {
            if (type is "fcTL" or "IEND" && frame is not null)
            {
                frame.Write(PngChunk.Of("IEND"u8, []).Bytes);
                yield return frame.ToArray();
            }

            if (type == "fcTL")
            {
                frame = new MemoryStream();
                frame.Write(header);
            }
            else if (type is "IDAT" or "fdAT")
            {
                frame?.Write(PngChunk.Of("IDAT"u8, type == "IDAT" ? file[data] : file[data][NumberBytes..]).Bytes);
            }
        }
    }

    // Width, height, no offset, the delay as a fraction of a second; each frame takes the place of the one before.
    private static PngChunk Control(int number, VideoClip clip, int frame)
    {
        var control = new byte[FrameControlBytes];
        Span<byte> at = control;
        BinaryPrimitives.WriteInt32BigEndian(at, number);
        BinaryPrimitives.WriteInt32BigEndian(at[4..], clip.Width);
        BinaryPrimitives.WriteInt32BigEndian(at[8..], clip.Height);
        BinaryPrimitives.WriteUInt16BigEndian(at[20..], (ushort)Math.Min(ushort.MaxValue, VideoClip.DurationOf(frame, clip.Fps)));
        BinaryPrimitives.WriteUInt16BigEndian(at[22..], 1000);
        return PngChunk.Of("fcTL"u8, control);
    }

    private static byte[] Number(int value)
    {
        var bytes = new byte[NumberBytes];
        BinaryPrimitives.WriteInt32BigEndian(bytes, value);
        return bytes;
    }
}
