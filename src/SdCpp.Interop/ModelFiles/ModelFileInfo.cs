namespace SdCpp.Interop;

/// <summary>What the header of a model file says; see <see cref="ModelFile.Inspect(string)"/>.</summary>
public sealed record ModelFileInfo
{
    /// <summary>The file, as it was named in the call.</summary>
    public required string Path { get; init; }

    /// <summary>How the file is written.</summary>
    public required ModelFormat Format { get; init; }

    /// <summary>Which models it belongs to, as far as the names of its tensors tell.</summary>
    public ModelFamily Family { get; init; }

    /// <summary>What it is for, as far as the names of its tensors tell.</summary>
    public ModelRole Role { get; init; }

    /// <summary>Numbers in all tensors together.</summary>
    public long Parameters { get; init; }

    /// <summary>Bytes by weight type, e.g. <c>q8_0</c>.</summary>
    public IReadOnlyDictionary<string, long> WeightTypes { get; init; } = new Dictionary<string, long>();

    /// <summary>Length of the file.</summary>
    public long FileBytes { get; init; }

    /// <summary>Bytes of all tensors together.</summary>
    public long TensorBytes { get; init; }

    /// <summary>
    /// Bytes the weights take once the engine has read them without converting: it widens types that it cannot compute with,
    /// such as 8-bit floats. Working memory for a picture comes on top.
    /// </summary>
    public long MemoryEstimate { get; init; }

    /// <summary>The file's own notes, e.g. <c>general.architecture</c>. Long values are cut, lists left out.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; init; } = new Dictionary<string, string>();

    /// <summary>The tensors in the order of the header.</summary>
    public IReadOnlyList<ModelTensor> Tensors { get; init; } = [];
}
