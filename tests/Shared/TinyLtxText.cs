using System.Text;

namespace SdStudio.Tests;

/// <summary>
/// The text encoder of <see cref="TinyLtxModel"/> and its projection. The engine fixes what it returns, 49 states of 3840 numbers for each token, but not their
/// division: this one has no layers, and its two states, the word and the word after the norm, are 94,080 wide each. Zeros are holes in the files, and what
/// is not zero takes the fewest bits that the engine does not unpack while loading.
/// </summary>
internal static class TinyLtxText
{
    /// <summary>What the projection makes of a token.</summary>
    public const int Width = 3840;

    /// <summary>
    /// Words that it knows: the first of the engine's list, the most frequent ones. Prompts consist of these (after a first word such as "The" with a blank
    /// before each): for another one the engine looks beyond the file's words, and ends the process.
    /// </summary>
    public const int Words = 2048;

    private const int States = 49 * Width;
    private const int WordWidth = States / 2;

    // ggml's types: 32 bits; 32 numbers of 4 bits (less 8) and their factor; 128 signs and their factor.
    private static readonly (uint Id, int Length, int Bytes) Float = (0, 1, 4), Nibbles = (2, 32, 18), Signs = (41, 128, 18);

    // Numbers of a word that are not zero.
    private const int Used = 128;

    public static void SaveWords(string path)
    {
        using FileStream file = File.Create(path);
        long[] begins = WriteHeader(file, ("model.norm.weight", [WordWidth], Float), ("model.embed_tokens.weight", [WordWidth, Words], Nibbles));
        file.Position = begins[0];
        for (int i = 0; i < WordWidth; i++)
            file.Write(BitConverter.GetBytes(1f));
        var random = new Random(4);
        byte[] block = new byte[Nibbles.Bytes];
        for (int word = 0; word < Words; word++)
        {
            file.Position = begins[1] + ((long)word * (WordWidth / Nibbles.Length) * Nibbles.Bytes);
            for (int i = 0; i < Used / Nibbles.Length; i++)
            {
                random.NextBytes(block);
                BitConverter.TryWriteBytes(block, (Half)0.125);
                file.Write(block);
            }
        }
    }

    // Its first number is the sum of what the word says; the others are zero.
    public static void SaveProjection(string path)
    {
        using FileStream file = File.Create(path);
        file.Position = WriteHeader(file, ("text_embedding_projection.projection.weight", [States, Width], Signs))[0];
        byte[] block = new byte[Signs.Bytes];
        Array.Fill(block, byte.MaxValue);
        BitConverter.TryWriteBytes(block, (Half)(1 / 400.0));
        // The engine has all states of a number beside each other.
        for (int i = 0; i < Used * 49 / Signs.Length; i++)
            file.Write(block);
    }

    /// <returns>Where each tensor begins.</returns>
    private static long[] WriteHeader(FileStream file, params (string Name, long[] Sizes, (uint Id, int Length, int Bytes) Type)[] tensors)
    {
        const int alignment = 32;
        using var header = new BinaryWriter(file, Encoding.UTF8, leaveOpen: true);
        header.Write("GGUF"u8);
        header.Write(3u);
        header.Write((ulong)tensors.Length);
        header.Write(0ul);
        var begins = new long[tensors.Length];
        long offset = 0;
        for (int i = 0; i < tensors.Length; i++)
        {
            (string name, long[] sizes, (uint id, int length, int bytes)) = tensors[i];
            header.Write((ulong)name.Length);
            header.Write(Encoding.UTF8.GetBytes(name));
            header.Write((uint)sizes.Length);
            foreach (long size in sizes)
                header.Write(size);
            header.Write(id);
            header.Write(offset);
            begins[i] = offset;
            offset += ((sizes.Aggregate((a, b) => a * b) / length * bytes) + alignment - 1) / alignment * alignment;
        }

        header.Flush();
        long begin = (file.Position + alignment - 1) / alignment * alignment;
        file.SetLength(begin + offset);
        return [.. begins.Select(b => begin + b)];
    }
}
