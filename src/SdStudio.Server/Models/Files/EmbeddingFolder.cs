using SdCpp.Interop;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Models.Files;

/// <summary>The textual inversions of the folder <c>embeddings</c>: words of their own, by the names of their files.</summary>
internal sealed class EmbeddingFolder(DataFolders folders, ModelFileCache files) : NamedFiles(Path.Combine(folders.Root, "embeddings"))
{
    // The widths of the text encoders that the families' words go to.
    private const long ClipL = 768;
    private const long OpenClipH = 1024;

    /// <summary>Every file that is a textual inversion, with the number and the width of its vectors.</summary>
    public IEnumerable<Embedding> All => Names.Select(name => Read(name, Find(name)!)).OfType<Embedding>().DistinctBy(embedding => embedding.Word, StringComparer.Ordinal);

    /// <summary>The files that go with a family, by the word that stands for each.</summary>
    public IReadOnlyDictionary<string, string> For(ModelFamily family) =>
        All.Where(embedding => embedding.Family == family).ToDictionary(embedding => embedding.Word, embedding => embedding.Path, StringComparer.Ordinal);

    private Embedding? Read(string name, string path)
    {
        if (files.Of(ModelFileCache.At(path)) is not { Role: ModelRole.Embedding } info || info.Tensors.FirstOrDefault(tensor => tensor.Shape.Count is 1 or 2) is not { } vectors)
            return null;
        // The engine reads nothing else.
        ModelFamily family = info.Tensors.Any(tensor => tensor.Type != "f32") ? ModelFamily.Unknown : info.Tensors.Any(tensor => tensor.Name == "clip_g") ? ModelFamily.Sdxl
            : vectors.Shape[^1] switch { ClipL => ModelFamily.Sd1, OpenClipH => ModelFamily.Sd2, _ => ModelFamily.Unknown };
        return new Embedding(Path.GetFileName(name), path, family, vectors.Shape.Count == 1 ? 1 : vectors.Shape[0], vectors.Shape[^1]);
    }
}

/// <summary>A textual inversion.</summary>
/// <param name="Word">That stands for it in prompts.</param>
/// <param name="Path">Its file.</param>
/// <param name="Family">Whose models know it.</param>
/// <param name="Vectors">How many there are.</param>
/// <param name="Width">Numbers of each.</param>
internal sealed record Embedding(string Word, string Path, ModelFamily Family, long Vectors, long Width);
