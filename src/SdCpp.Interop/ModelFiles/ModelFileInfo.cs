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

    /// <summary>
    /// Bytes that the header speaks of and the file does not have; 0 for a whole file. Only <see cref="ModelFile.Inspect(string, bool)"/>
    /// gives anything else.
    /// </summary>
    public long MissingBytes { get; init; }

    /// <summary>Whether the file ends before its last tensor, as a download in progress does.</summary>
    public bool IsTruncated => MissingBytes > 0;

    /// <summary>Bytes of all tensors together, also of those that a truncated file does not hold yet.</summary>
    public long TensorBytes { get; init; }

    /// <summary>
    /// Bytes the weights take once the engine has read them without converting: it widens types that it cannot compute with,
    /// such as 8-bit floats. Working memory for an image comes on top, and some 60 MB a model for tokenizers and tables.
    /// </summary>
    public long MemoryEstimate { get; init; }

    /// <summary>The file's own notes, e.g. <c>general.architecture</c>. Long values are cut, lists left out.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; init; } = new Dictionary<string, string>();

    /// <summary>The tensors in the order of the header.</summary>
    public IReadOnlyList<ModelTensor> Tensors { get; init; } = [];
}
