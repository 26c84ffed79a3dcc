using System.Text;
using System.Text.Json;

namespace SdCpp.Interop;

/// <summary>Reads the header of a safetensors file: its length in eight bytes, then JSON.</summary>
internal sealed class SafetensorsReader
{
    public const int LengthBytes = sizeof(ulong);

    // The format allows 100 MB. All the tensors that are allowed here, with long names, take 12 MB.
    public const int LongestHeader = 32 * 1024 * 1024;

    // A header is an object of objects with lists in them; only notes may be deeper.
    private const int DeepestJson = 64;
    private const int MostNotes = 512;
    private const int LongestValue = 4096;

    private static readonly JsonReaderOptions Options = new() { MaxDepth = DeepestJson };

    private readonly string _path;
    private readonly TensorTable _table;
    private readonly Dictionary<string, string> _metadata = new(StringComparer.Ordinal);
    private bool _hasMetadata;

    private SafetensorsReader(string path, bool allowTruncated)
    {
        _path = path;
        _table = new TensorTable(path, allowTruncated);
    }

    public static ModelFileInfo Read(HeaderReader reader, bool allowTruncated)
    {
        ulong length = reader.ReadUInt64();
        if (length > LongestHeader)
            throw ModelFileErrors.Invalid(reader.Path, $"contradicts itself: its header claims to be {length} bytes long.");
        reader.Demand((long)length);
        byte[] json = GC.AllocateUninitializedArray<byte>((int)length);
        reader.ReadExactly(json);
        try
        {
            return new SafetensorsReader(reader.Path, allowTruncated).Parse(json, reader.Length);
        }
        // The second is what GetString throws for text that is not UTF-8.
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw ModelFileErrors.Invalid(reader.Path, "is damaged: its safetensors header is not what such a header looks like.", error);
        }
    }

    private ModelFileInfo Parse(ReadOnlySpan<byte> json, long fileBytes)
    {
        var reader = new Utf8JsonReader(json, Options);
        Expect(ref reader, JsonTokenType.StartObject);
        while (NextProperty(ref reader, TensorTable.LongestName) is { } name)
        {
            if (name == "__metadata__")
                ReadMetadata(ref reader);
            else
                ReadTensor(ref reader, name);
        }
        // Writers pad with spaces; anything else after the object is refused by the reader.
        if (reader.Read())
            throw new JsonException();
        return _table.Finish(ModelFormat.Safetensors, _metadata, LengthBytes + json.Length, fileBytes);
    }

    private void ReadMetadata(ref Utf8JsonReader reader)
    {
        if (_hasMetadata)
            throw ModelFileErrors.Invalid(_path, "contradicts itself: its notes are in it twice.");
        _hasMetadata = true;
        // No weights depend on notes: whatever else stands in their place is read past.
        if (!reader.Read())
            throw new JsonException();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return;
        }
        while (NextProperty(ref reader, LongestHeader) is { } key)
        {
            if (!reader.Read())
                throw new JsonException();
            if (reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray)
                reader.Skip();
            else if (_metadata.Count < MostNotes && key.Length <= LongestValue)
                _metadata[key] = Cut(ref reader);
        }
    }

    // Training notes run to megabytes; only their beginning is made into a string.
    private static string Cut(ref Utf8JsonReader reader) => reader.ValueSpan.Length <= LongestValue && reader.TokenType == JsonTokenType.String
        ? reader.GetString()!
        : Encoding.UTF8.GetString(reader.ValueSpan[..Math.Min(LongestValue, reader.ValueSpan.Length)]);

    private void ReadTensor(ref Utf8JsonReader reader, string name)
    {
        string? type = null;
        long[]? shape = null;
        long[]? offsets = null;
        Expect(ref reader, JsonTokenType.StartObject);
        while (NextProperty(ref reader, TensorTable.LongestName) is { } field)
        {
            switch (field)
            {
                case "dtype" when type is null:
                    Expect(ref reader, JsonTokenType.String);
                    type = Cut(ref reader);
                    break;
                case "shape" when shape is null:
                    shape = ReadNumbers(ref reader, TensorTable.MostDimensions);
                    break;
                case "data_offsets" when offsets is null:
                    offsets = ReadNumbers(ref reader, 2);
                    break;
                default:
                    throw ModelFileErrors.Invalid(_path,
                        $"contradicts itself: tensor {ModelFileErrors.Quoted(name)} has {ModelFileErrors.Quoted(field)} twice or for no known reason.");
            }
        }
        Add(name, type, shape, offsets);
    }

    private void Add(string name, string? dtype, long[]? shape, long[]? offsets)
    {
        if (dtype is null || shape is null || offsets is not [long begin, long end])
            throw ModelFileErrors.Invalid(_path, $"is damaged: tensor {ModelFileErrors.Quoted(name)} lacks its type, its shape or its place.");
        TensorType type = TensorTypes.OfSafetensors(dtype)
            ?? throw ModelFileErrors.Invalid(_path, $"has a tensor {ModelFileErrors.Quoted(name)} of a type ({ModelFileErrors.Quoted(dtype)}) that is not known.");
        long bytes = _table.BytesOf(name, shape, type);
        if (begin < 0 || end < begin || end - begin != bytes)
            throw ModelFileErrors.Invalid(_path, $"contradicts itself: tensor {ModelFileErrors.Quoted(name)} takes {ModelFileErrors.Number(bytes)} bytes by its shape, not those from {begin} to {end}.");
        _table.Add(name, shape, type, begin, bytes);
    }

    private long[] ReadNumbers(ref Utf8JsonReader reader, int most)
    {
        Expect(ref reader, JsonTokenType.StartArray);
        Span<long> numbers = stackalloc long[TensorTable.MostDimensions];
        int count = 0;
        while (reader.Read() && reader.TokenType == JsonTokenType.Number)
        {
            if (count == most || !reader.TryGetInt64(out long value) || value < 0)
                throw ModelFileErrors.Invalid(_path, "is damaged: a tensor has too many dimensions or a size below zero.");
            numbers[count++] = value;
        }
        return reader.TokenType == JsonTokenType.EndArray ? numbers[..count].ToArray() : throw new JsonException();
    }

    // The name of the next property, or null at the end of the object.
    private string? NextProperty(ref Utf8JsonReader reader, int longest)
    {
        if (!reader.Read())
            throw new JsonException();
        if (reader.TokenType == JsonTokenType.EndObject)
            return null;
        if (reader.TokenType != JsonTokenType.PropertyName)
            throw new JsonException();
        return reader.ValueSpan.Length <= longest
            ? reader.GetString()
            : throw ModelFileErrors.Invalid(_path, $"contradicts itself: a name in it is {reader.ValueSpan.Length} bytes long.");
    }

    private static void Expect(ref Utf8JsonReader reader, JsonTokenType type)
    {
        if (!reader.Read() || reader.TokenType != type)
            throw new JsonException();
    }
}
