using System.Globalization;

namespace SdCpp.Interop;

/// <summary>Reads the header of a GGUF file, version 2 or 3.</summary>
internal sealed class GgufReader
{
    public static ReadOnlySpan<byte> Magic => "GGUF"u8;

    private const int MostDimensions = 4;
    private const int MostKeyValues = 1 << 12;
    private const int MostNotes = 512;
    private const int LongestValue = 4096;

    // Six times the header of a language model with 262,144 tokens. A sparse file costs nobody anything, but reading zeros takes time.
    private const long LongestHeader = 128L * 1024 * 1024;

    // Name (length + 1 byte), number of dimensions, type, offset; a scalar has no dimensions.
    private const int LeastTensorBytes = 8 + 1 + 4 + 4 + 8;

    // Key (length + 1 byte), type, value of one byte.
    private const int LeastKeyValueBytes = 8 + 1 + 4 + 1;

    private readonly HeaderReader _reader;
    private readonly TensorTable _table;
    private readonly Dictionary<string, string> _metadata = new(StringComparer.Ordinal);
    private readonly HashSet<string> _keys = new(StringComparer.Ordinal);
    private long _alignment = 32;

    private GgufReader(HeaderReader reader, bool allowTruncated)
    {
        _reader = reader;
        _table = new TensorTable(reader.Path, allowTruncated);
    }

    public static ModelFileInfo Read(HeaderReader reader, bool allowTruncated) => new GgufReader(reader, allowTruncated).Read();

    private ModelFileInfo Read()
    {
        _reader.Skip(Magic.Length);
        CheckVersion(_reader.ReadUInt32());
        long tensors = ReadCount(TensorTable.MostTensors, "tensors");
        long keyValues = ReadCount(MostKeyValues, "notes");
        // Before anything is kept: the file must be able to hold what it counts.
        _reader.Demand(tensors * LeastTensorBytes + keyValues * LeastKeyValueBytes);
        for (long i = 0; i < keyValues; i++)
            ReadKeyValue();
        for (long i = 0; i < tensors; i++)
            ReadTensor();
        long dataStart = (_reader.Position + _alignment - 1) / _alignment * _alignment;
        return _table.Finish(ModelFormat.Gguf, _metadata, dataStart, _reader.Length);
    }

    private void CheckVersion(uint version)
    {
        if (version is 2 or 3)
            return;
        string what = version switch
        {
            1 => "is GGUF of version 1, which is too old; download a newer version of the file.",
            0x02000000 or 0x03000000 => "is GGUF for big-endian machines, which the engine cannot read.",
            _ => string.Create(CultureInfo.InvariantCulture, $"is GGUF of version {version}; only 2 and 3 are known."),
        };
        throw ModelFileErrors.Invalid(_reader.Path, what);
    }

    private long ReadCount(int most, string what)
    {
        ulong count = _reader.ReadUInt64();
        return count <= (ulong)most
            ? (long)count
            : throw ModelFileErrors.Invalid(_reader.Path, $"contradicts itself: its header speaks of {count} {what}.");
    }

    private void ReadKeyValue()
    {
        string key = ReadName("note");
        if (!_keys.Add(key))
            throw ModelFileErrors.Invalid(_reader.Path, $"contradicts itself: note {ModelFileErrors.Quoted(key)} is in it twice.");
        uint type = _reader.ReadUInt32();
        if (type == (uint)GgufValue.Array)
        {
            SkipArray(key);
            return;
        }
        string value = ReadValue(key, type);
        CheckHeaderLength();
        if (key == "general.alignment")
            SetAlignment(type, value);
        if (_metadata.Count < MostNotes)
            _metadata[key] = value;
    }

    private void SetAlignment(uint type, string value)
    {
        // ggml gives up the process over a number of another type.
        if (type != (uint)GgufValue.UInt32)
            throw ModelFileErrors.Invalid(_reader.Path, "contradicts itself: its alignment is no number of 32 bits.");
        if (!long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out long alignment)
            || alignment is < 1 or > 1 << 20 || !long.IsPow2(alignment))
            throw ModelFileErrors.Invalid(_reader.Path, $"contradicts itself: its tensors cannot be aligned to {ModelFileErrors.Quoted(value)} bytes.");
        _alignment = alignment;
    }

    private string ReadName(string what)
    {
        ulong length = _reader.ReadUInt64();
        if (length is 0 or > TensorTable.LongestName)
            throw ModelFileErrors.Invalid(_reader.Path, $"contradicts itself: the name of a {what} is {length} bytes long.");
        return _reader.ReadText((long)length, TensorTable.LongestName);
    }

    private string ReadValue(string key, uint type)
    {
        if (type == (uint)GgufValue.String)
            return _reader.ReadText(AsLength(_reader.ReadUInt64()), _metadata.Count < MostNotes ? LongestValue : 0);
        int size = ScalarSize(type) ?? throw UnknownType(key, type);
        return GgufScalar.Text((GgufValue)type, _reader.Take(size));
    }

    // Vocabularies and merge lists are megabytes that nobody asks for.
    private void SkipArray(string key)
    {
        uint type = _reader.ReadUInt32();
        long count = AsLength(_reader.ReadUInt64());
        if (type == (uint)GgufValue.String)
        {
            long least = Multiply(key, count, sizeof(ulong));
            CheckHeaderLength(least);
            _reader.Demand(least);
            for (long i = 0; i < count; i++)
            {
                CheckHeaderLength();
                _reader.Skip(AsLength(_reader.ReadUInt64()));
            }
            return;
        }
        int size = ScalarSize(type) ?? throw UnknownType(key, type);
        _reader.Skip(Multiply(key, count, size));
        CheckHeaderLength();
    }

    private void CheckHeaderLength(long atLeastMore = 0)
    {
        if (_reader.Position > LongestHeader - atLeastMore)
            throw ModelFileErrors.Invalid(_reader.Path, $"contradicts itself: its header is longer than {ModelFileErrors.Number(LongestHeader)} bytes.");
    }

    private long Multiply(string key, long count, int size) => count <= ModelFileErrors.LargestFile
        ? count * size
        : throw ModelFileErrors.Invalid(_reader.Path, $"contradicts itself: list {ModelFileErrors.Quoted(key)} is larger than every file.");

    private void ReadTensor()
    {
        string name = ReadName("tensor");
        uint dimensions = _reader.ReadUInt32();
        if (dimensions > MostDimensions)
            throw ModelFileErrors.Invalid(_reader.Path, $"contradicts itself: tensor {ModelFileErrors.Quoted(name)} has {dimensions} dimensions.");
        var shape = new long[dimensions];
        // The file says the innermost first.
        for (int i = shape.Length - 1; i >= 0; i--)
            shape[i] = AsLength(_reader.ReadUInt64());
        uint id = _reader.ReadUInt32();
        TensorType type = TensorTypes.OfGguf(id)
            ?? throw ModelFileErrors.Invalid(_reader.Path, $"has a tensor {ModelFileErrors.Quoted(name)} of a type (number {id}) that is not known.");
        long offset = AsLength(_reader.ReadUInt64());
        if (offset % _alignment != 0)
            throw ModelFileErrors.Invalid(_reader.Path, $"contradicts itself: tensor {ModelFileErrors.Quoted(name)} is not aligned to {_alignment} bytes.");
        if (shape is [.., long row] && row % type.BlockLength != 0)
            throw ModelFileErrors.Invalid(_reader.Path, $"contradicts itself: rows of tensor {ModelFileErrors.Quoted(name)} do not fill whole {type.Name} blocks.");
        _table.Add(name, shape, type, offset, _table.BytesOf(name, shape, type));
    }

    // Lengths are signed everywhere else.
    private long AsLength(ulong value) => value <= long.MaxValue
        ? (long)value
        : throw ModelFileErrors.Invalid(_reader.Path, $"contradicts itself: its header speaks of {value} bytes at byte {_reader.Position}.");

    private static int? ScalarSize(uint type) => (GgufValue)type switch
    {
        GgufValue.UInt8 or GgufValue.Int8 or GgufValue.Bool => 1,
        GgufValue.UInt16 or GgufValue.Int16 => 2,
        GgufValue.UInt32 or GgufValue.Int32 or GgufValue.Float32 => 4,
        GgufValue.UInt64 or GgufValue.Int64 or GgufValue.Float64 => 8,
        _ => null,
    };

    private SdException UnknownType(string key, uint type) =>
        ModelFileErrors.Invalid(_reader.Path, $"contradicts itself: note {ModelFileErrors.Quoted(key)} is of no known type ({type}).");
}
