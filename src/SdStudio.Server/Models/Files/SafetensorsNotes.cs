using System.Buffers.Binary;
using System.Text.Json;

namespace SdStudio.Server.Models.Files;

/// <summary>
/// The notes in the header of a safetensors file, longer than what <see cref="SdCpp.Interop.ModelFileInfo.Metadata"/> keeps of them: tags of
/// the training images and a thumbnail take more than a line.
/// </summary>
internal static class SafetensorsNotes
{
    private const int LengthBytes = sizeof(ulong);
    private const int MaxHeaderBytes = 8 * 1024 * 1024;
    private const int MaxNotes = 256;
    private const string Notes = "__metadata__";

    /// <summary>Those that are wanted; none when the file has none, or cannot be read.</summary>
    /// <param name="path">The file.</param>
    /// <param name="wanted">The most bytes that a note of this name may have; 0 for one that is not wanted.</param>
    public static IReadOnlyDictionary<string, string> Read(string path, Func<string, int> wanted)
    {
        var notes = new Dictionary<string, string>(StringComparer.Ordinal);
        try
        {
            Read(HeaderOf(path), wanted, notes);
        }
        catch (Exception exception) when (exception is JsonException or IOException or UnauthorizedAccessException or InvalidOperationException)
        {
            // What was read of it counts: notes change nothing in what the file is.
        }

        return notes;
    }

    private static byte[] HeaderOf(string path)
    {
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        Span<byte> length = stackalloc byte[LengthBytes];
        file.ReadExactly(length);
        // The notes stand before the tensors: the beginning of a long header has them.
        var header = new byte[(int)Math.Min(BinaryPrimitives.ReadUInt64LittleEndian(length), MaxHeaderBytes)];
        return header[..file.ReadAtLeast(header, header.Length, throwOnEndOfStream: false)];
    }

    private static void Read(byte[] header, Func<string, int> wanted, Dictionary<string, string> notes)
    {
        var reader = new Utf8JsonReader(header, isFinalBlock: false, default);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            return;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isNotes = reader.ValueTextEquals(Notes);
            if (!reader.Read())
                return;
            if (isNotes && reader.TokenType == JsonTokenType.StartObject)
            {
                ReadNotes(ref reader, wanted, notes);
                return;
            }

            if (!reader.TrySkip())
                return;
        }
    }

    private static void ReadNotes(ref Utf8JsonReader reader, Func<string, int> wanted, Dictionary<string, string> notes)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string name = reader.ValueSpan.Length <= byte.MaxValue ? reader.GetString()! : "";
            if (!reader.Read())
                return;
            if (reader.TokenType == JsonTokenType.String && notes.Count < MaxNotes && reader.ValueSpan.Length <= wanted(name))
                notes[name] = reader.GetString()!;
            else if (!reader.TrySkip())
                return;
        }
    }
}
