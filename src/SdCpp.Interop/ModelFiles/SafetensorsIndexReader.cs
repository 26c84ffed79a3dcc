using System.Text.Json;

namespace SdCpp.Interop;

/// <summary>Reads a list of the safetensors files that make up one model, and then those files.</summary>
internal static class SafetensorsIndexReader
{
    private const int MostFiles = 128;
    private const int LongestList = 16 * 1024 * 1024;

    public static ModelFileInfo Read(HeaderReader reader, Func<string, ModelFileInfo> inspect)
    {
        Dictionary<string, string> places = Places(reader);
        string folder = Path.GetDirectoryName(Path.GetFullPath(reader.Path))!;
        List<ModelTensor> tensors = [];
        long bytes = 0;
        long missing = 0;
        foreach (string file in places.Values.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal))
        {
            ModelFileInfo part = inspect(Path.Combine(folder, file));
            bytes += part.FileBytes;
            missing += part.MissingBytes;
            tensors.AddRange(part.Tensors.Where(t => places.GetValueOrDefault(t.Name) == file));
        }
        if (tensors.Count != places.Count)
            throw ModelFileErrors.Invalid(reader.Path, "contradicts itself: it lists tensors that its files do not hold.");
        return TensorTable.Summarize(reader.Path, ModelFormat.SafetensorsIndex, new Dictionary<string, string>(), tensors, bytes, missing);
    }

    private static Dictionary<string, string> Places(HeaderReader reader)
    {
        if (reader.Length > LongestList)
            throw ModelFileErrors.Invalid(reader.Path, "is not a model file; it looks like JSON, and is too long for a list of model files.");
        var json = new byte[(int)reader.Length];
        reader.ReadExactly(json);
        try
        {
            return Parse(reader.Path, json);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw ModelFileErrors.Invalid(reader.Path, "is not a model file; it looks like JSON, but is no list of model files either.", error);
        }
    }

    private static Dictionary<string, string> Parse(string path, byte[] json)
    {
        using JsonDocument document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 8 });
        if (document.RootElement.ValueKind != JsonValueKind.Object
            || !document.RootElement.TryGetProperty("weight_map", out JsonElement map))
            throw ModelFileErrors.Invalid(path, "is not a model file; it looks like JSON.");
        Dictionary<string, string> places = new(StringComparer.Ordinal);
        HashSet<string> files = new(StringComparer.Ordinal);
        foreach (JsonProperty property in map.EnumerateObject())
        {
            string file = property.Value.GetString() ?? throw new JsonException();
            CheckName(path, file);
            files.Add(file);
            if (!places.TryAdd(property.Name, file) || places.Count > TensorTable.MostTensors || files.Count > MostFiles)
                throw ModelFileErrors.Invalid(path, "contradicts itself: it lists a tensor twice, or more than any model has.");
        }
        return places.Count > 0 ? places : throw ModelFileErrors.Invalid(path, "lists no tensors.");
    }

    // A list that somebody sent must not make this look at files elsewhere, nor at another list.
    private static void CheckName(string path, string file)
    {
        if (file.Length > 255 || file.AsSpan().IndexOfAny("/\\:\0") >= 0 || !file.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase))
            throw ModelFileErrors.Invalid(path, $"lists {ModelFileErrors.Quoted(file)}, which is no safetensors file beside it.");
    }
}
