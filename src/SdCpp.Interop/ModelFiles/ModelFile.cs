using System.Security;

namespace SdCpp.Interop;

/// <summary>Looks at model files without loading them.</summary>
public static class ModelFile
{
    /// <summary>
    /// Reads the header of a GGUF or safetensors file: what it holds and what it is for. The weights themselves are not read,
    /// so this takes milliseconds, and a file from strangers can be inspected safely. A PyTorch file is only recognised.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <returns>What the header says.</returns>
    /// <exception cref="SdException">
    /// The file is missing (<see cref="SdError.ModelFileNotFound"/>), shorter than its header says
    /// (<see cref="SdError.ModelFileTruncated"/>), or no model file, unreadable or damaged (<see cref="SdError.ModelFileInvalid"/>).
    /// </exception>
    public static ModelFileInfo Inspect(string path) => Inspect(path, allowTruncated: false);

    /// <summary>As <see cref="Inspect(string)"/>, but also looks at a file that is not whole yet, e.g. one that is being downloaded.</summary>
    /// <param name="path">The file.</param>
    /// <param name="allowTruncated">
    /// Whether a file that ends before its last tensor is described like a whole one, with <see cref="ModelFileInfo.MissingBytes"/> set. One
    /// that ends inside its header still throws: nothing is known of it.
    /// </param>
    /// <returns>What the header says.</returns>
    /// <exception cref="SdException">As for <see cref="Inspect(string)"/>.</exception>
    public static ModelFileInfo Inspect(string path, bool allowTruncated)
    {
        ArgumentNullException.ThrowIfNull(path);
        return Inspect(path, mayBeIndex: true, allowTruncated);
    }

    /// <summary>Whether a LoRA changes anything in a model, as far as the headers of the files tell.</summary>
    /// <param name="lora">The LoRA.</param>
    /// <param name="model">The model's files.</param>
    /// <returns>False when not one of its tensors has a place there; null when the names do not tell.</returns>
    public static bool? LoraFits(ModelFileInfo lora, IReadOnlyCollection<ModelFileInfo> model)
    {
        ArgumentNullException.ThrowIfNull(lora);
        ArgumentNullException.ThrowIfNull(model);
        return lora.Role != ModelRole.Lora ? false : ModelFileChecks.FitOf(lora, model) switch
        {
            LoraFit.Fits => true,
            LoraFit.FitsNothing => false,
            _ => null,
        };
    }

    private static ModelFileInfo Inspect(string path, bool mayBeIndex, bool allowTruncated)
    {
        try
        {
            CheckThatItIsAFile(path);
            using var reader = new HeaderReader(path);
            return Read(reader, mayBeIndex, allowTruncated);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw ModelFileErrors.NotFound(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or SecurityException or ArgumentException or NotSupportedException)
        {
            throw ModelFileErrors.Invalid(path, $"cannot be read: {error.Message}", error);
        }
    }

    private static ModelFileInfo Read(HeaderReader reader, bool mayBeIndex, bool allowTruncated)
    {
        switch (FileSniffer.Look(reader.Peek(FileSniffer.BytesNeeded)))
        {
            case FileLook.Gguf:
                return GgufReader.Read(reader, allowTruncated);
            case FileLook.Safetensors:
                return SafetensorsReader.Read(reader, allowTruncated);
            case FileLook.Json when mayBeIndex:
                return SafetensorsIndexReader.Read(reader, part => Inspect(part, mayBeIndex: false, allowTruncated));
            case FileLook.PyTorch:
                return new ModelFileInfo
                {
                    Path = reader.Path,
                    Format = ModelFormat.PyTorch,
                    FileBytes = reader.Length,
                    MemoryEstimate = reader.Length,
                };
            case FileLook.BeginningOfModel:
                throw ModelFileErrors.ShortHeader(reader.Path, reader.Length, SafetensorsReader.LengthBytes + 2);
            case var look:
                throw ModelFileErrors.Invalid(reader.Path, $"is not a model file; it looks like {FileSniffer.Words(look)}.");
        }
    }

    // A pipe or a device has no length either, and opening one could wait for ever: so this comes before opening.
    private static void CheckThatItIsAFile(string path)
    {
        if (Directory.Exists(path))
            throw ModelFileErrors.Invalid(path, "is a directory, not a model file.");
        if (!File.Exists(path))
            throw ModelFileErrors.NotFound(path);
        if (new FileInfo(path).ResolveLinkTarget(returnFinalTarget: true) is { } target ? ((FileInfo)target).Length == 0 : new FileInfo(path).Length == 0)
            throw ModelFileErrors.Invalid(path, "is empty; download it again.");
    }
}
