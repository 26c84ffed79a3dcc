namespace SdCpp.Interop;

/// <summary>Collects the tensors of a header and checks them against each other and the file.</summary>
internal sealed class TensorTable(string path, bool allowTruncated = false)
{
    // A whole SDXL checkpoint has 2,515 tensors, and the names of LoRAs reach some 150 bytes. With these limits no file can make this
    // keep more than 64 MB.
    public const int MostTensors = 1 << 15;
    public const int LongestName = 256;
    public const int MostDimensions = 8;

    private readonly List<ModelTensor> _tensors = [];
    private readonly List<(long Begin, long End)> _places = [];
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);

    /// <summary>Adds a tensor that begins <paramref name="offset"/> bytes into the data.</summary>
    public void Add(string name, long[] shape, TensorType type, long offset, long bytes)
    {
        if (_tensors.Count == MostTensors)
            throw ModelFileErrors.Invalid(path, $"names more than {ModelFileErrors.Number(MostTensors)} tensors, which no model has.");
        if (!_names.Add(name))
            throw ModelFileErrors.Invalid(path, $"contradicts itself: tensor {ModelFileErrors.Quoted(name)} is in it twice.");
        if (offset < 0 || offset > long.MaxValue - bytes)
            throw ModelFileErrors.Invalid(path, $"contradicts itself: tensor {ModelFileErrors.Quoted(name)} lies outside every file.");
        _tensors.Add(new ModelTensor(name, Array.AsReadOnly(shape), type.Name, bytes));
        _places.Add((offset, offset + bytes));
    }

    /// <summary>Bytes of a tensor of this shape; throws if its rows do not fill whole blocks or the product is beyond every file.</summary>
    public long BytesOf(string name, ReadOnlySpan<long> shape, TensorType type)
    {
        long count = 1;
        foreach (long size in shape)
        {
            if (size < 0 || (size > 0 && count > ModelFileErrors.LargestFile / size))
                throw ModelFileErrors.Invalid(path, $"contradicts itself: tensor {ModelFileErrors.Quoted(name)} is larger than every file.");
            count *= size;
        }
        if (count % type.BlockLength != 0)
            throw ModelFileErrors.Invalid(path, $"contradicts itself: tensor {ModelFileErrors.Quoted(name)} does not fill whole {type.Name} blocks.");
        // At most 2^44 numbers of 8 bytes: no overflow.
        return count / type.BlockLength * type.BlockBytes;
    }

    /// <summary>Checks the places of all tensors and returns the findings about the file.</summary>
    public ModelFileInfo Finish(ModelFormat format, IReadOnlyDictionary<string, string> metadata, long dataStart, long fileBytes)
    {
        long end = 0;
        foreach ((long begin, long stop) in _places.Order())
        {
            if (begin < end && stop > begin)
                throw ModelFileErrors.Invalid(path, "contradicts itself: two of its tensors share the same bytes.");
            end = Math.Max(end, stop);
        }
        bool isShort = end > 0 && end > fileBytes - dataStart;
        if (isShort && (!allowTruncated || end > ModelFileErrors.LargestFile))
            throw ModelFileErrors.Short(path, fileBytes, unchecked(dataStart + end));
        return Summarize(path, format, metadata, _tensors, fileBytes, isShort ? dataStart + end - fileBytes : 0);
    }

    public static ModelFileInfo Summarize(
        string path, ModelFormat format, IReadOnlyDictionary<string, string> metadata, IReadOnlyList<ModelTensor> tensors, long fileBytes,
        long missingBytes)
    {
        var names = new TensorNames(tensors);
        ModelFamily family = ModelRecognition.FamilyOf(names);
        return new ModelFileInfo
        {
            Path = path,
            Format = format,
            Family = family,
            Role = ModelRecognition.RoleOf(names, family),
            Parameters = tensors.Sum(t => t.Shape.Aggregate(1L, (count, size) => count * size)),
            WeightTypes = tensors.GroupBy(t => t.Type, StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.Sum(t => t.Bytes), StringComparer.Ordinal),
            FileBytes = fileBytes,
            MissingBytes = missingBytes,
            TensorBytes = tensors.Sum(t => t.Bytes),
            MemoryEstimate = tensors.Sum(TensorTypes.LoadedBytes),
            Metadata = metadata,
            Tensors = tensors,
        };
    }
}
