namespace SdCpp.Interop;

/// <summary>Answers questions about the names of a file's tensors.</summary>
internal sealed class TensorNames
{
    private readonly Dictionary<string, ModelTensor> _byName;

    public TensorNames(IReadOnlyList<ModelTensor> tensors)
    {
        Tensors = tensors;
        _byName = new(tensors.Count, StringComparer.Ordinal);
        foreach (ModelTensor tensor in tensors)
            _byName.TryAdd(tensor.Name, tensor);
    }

    public IReadOnlyList<ModelTensor> Tensors { get; }

    /// <summary>Whether a tensor has this name, with or without a prefix of whole words before it.</summary>
    public bool Has(string name) => Find(name) is not null;

    /// <summary>The tensor of exactly this name.</summary>
    public ModelTensor? Exact(string name) => _byName.GetValueOrDefault(name);

    /// <summary>The tensor of this name; with a prefix of whole words before it if there is none without.</summary>
    public ModelTensor? Find(string name) =>
        _byName.GetValueOrDefault(name)
        ?? Tensors.FirstOrDefault(t => t.Name.Length > name.Length
            && t.Name.EndsWith(name, StringComparison.Ordinal)
            && t.Name[^(name.Length + 1)] == '.');

    /// <summary>Whether a name contains this.</summary>
    public bool Contains(string part) => Tensors.Any(t => t.Name.Contains(part, StringComparison.Ordinal));

    /// <summary>Whether a name begins with this.</summary>
    public bool StartsWith(string prefix) => Tensors.Any(t => t.Name.StartsWith(prefix, StringComparison.Ordinal));

    /// <summary>Whether all names begin with one of these.</summary>
    public bool AllStartWith(params ReadOnlySpan<string> prefixes)
    {
        foreach (ModelTensor tensor in Tensors)
        {
            bool any = false;
            foreach (string prefix in prefixes)
                any |= tensor.Name.StartsWith(prefix, StringComparison.Ordinal);
            if (!any)
                return false;
        }
        return Tensors.Count > 0;
    }
}
