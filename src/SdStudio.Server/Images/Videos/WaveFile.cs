using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace SdStudio.Server.Images.Videos;

/// <summary>Sound as a WAV file of floating-point numbers, for ffmpeg.</summary>
internal static class WaveFile
{
    private const int HeaderBytes = 44;
    private const int FormatBytes = 16;
    private const short Float = 3;

    public static async Task WriteAsync(string path, VideoAudio audio, CancellationToken cancellation)
    {
        await using var file = new FileStream(path, FileMode.Create, FileAccess.Write);
        int bytes = audio.Samples.Length * sizeof(float), frame = audio.Channels * sizeof(float);
        var header = new byte[HeaderBytes];
        "RIFF"u8.CopyTo(header);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(4), bytes + HeaderBytes - 8);
        "WAVEfmt "u8.CopyTo(header.AsSpan(8));
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(16), FormatBytes);
        BinaryPrimitives.WriteInt16LittleEndian(header.AsSpan(20), Float);
        BinaryPrimitives.WriteInt16LittleEndian(header.AsSpan(22), (short)audio.Channels);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(24), audio.Rate);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(28), audio.Rate * frame);
        BinaryPrimitives.WriteInt16LittleEndian(header.AsSpan(32), (short)frame);
        BinaryPrimitives.WriteInt16LittleEndian(header.AsSpan(34), 8 * sizeof(float));
        "data"u8.CopyTo(header.AsSpan(36));
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(40), bytes);
        await file.WriteAsync(header, cancellation).ConfigureAwait(false);
        await file.WriteAsync(MemoryMarshal.AsBytes(audio.Samples.Span).ToArray(), cancellation).ConfigureAwait(false);
    }
}
