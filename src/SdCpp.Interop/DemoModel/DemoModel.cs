namespace SdCpp.Interop;

/// <summary>
/// A small model that is made on the spot instead of downloaded. It has the layers of Z-Image, so the engine loads and runs it like any
/// other model, but its weights are computed by formula. It generates <c>[a] [size] &lt;colour&gt; &lt;shape&gt; [on a &lt;colour&gt;
/// background] [on the left]</c>, for example <c>a small red circle on a blue background</c>, and ignores other words.
/// </summary>
/// <remarks>About 35 MB on disk. Run it with a guidance of 1 and 4 to 20 Euler steps, at sides from 64 to 1024 pixels that are multiples of
/// 16.</remarks>
public static class DemoModel
{
    /// <summary>The metadata key that holds <see cref="Revision"/>.</summary>
    internal const string RevisionKey = "general.version";

    /// <summary>Names the formulas: to be changed with every change to the bytes of any file, so that older files are replaced.</summary>
    internal const string Revision = "sdstudio-demo-2";

    private static readonly DemoFile[] Files =
    [
        // The architecture names are those the engine's own loader knows such files by.
        new("demo-diffusion.gguf", "lumina2", DemoDenoiser.Build),
        new("demo-text-encoder.gguf", "qwen3", DemoTextEncoder.Build),
        new("demo-taesd.gguf", "tae", DemoTaesd.Build),
        new("demo-upscaler-x4.gguf", "esrgan", () => DemoUpscaler.Build(4)),
        new("demo-upscaler-x2.gguf", "esrgan", () => DemoUpscaler.Build(2)),
    ];

    /// <summary>Makes the files that are missing, damaged or of another revision. Every machine makes the same bytes.</summary>
    /// <param name="directory">Where to; made if it does not exist. Several processes may do this in one folder at the same time.</param>
    /// <param name="ct">Ends the work early; a file is complete or absent even then.</param>
    /// <returns>The paths of the files.</returns>
    /// <exception cref="IOException">A file could not be written, for example because the disk is full.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be written to.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="ct"/> was signalled.</exception>
    public static DemoModelFiles Write(string directory, CancellationToken ct = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        var folder = Path.GetFullPath(directory);
        Directory.CreateDirectory(folder);
        foreach (var file in Files)
        {
            ct.ThrowIfCancellationRequested();
            var path = Path.Combine(folder, file.Name);
            if (!IsCurrent(path)) Write(file, path, ct);
        }
        var paths = Array.ConvertAll(Files, file => Path.Combine(folder, file.Name));
        return new DemoModelFiles(paths[0], paths[1], paths[2], paths[3], paths[4]);
    }

    /// <summary>Tells whether all files are there, of this revision and of full length. Reads only their headers.</summary>
    /// <param name="directory">The folder; it need not exist.</param>
    public static bool IsComplete(string directory)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        return Array.TrueForAll(Files, file => IsCurrent(Path.Combine(directory, file.Name)));
    }

    private static bool IsCurrent(string path)
    {
        try
        {
            return ModelFile.Inspect(path).Metadata.GetValueOrDefault(RevisionKey) == Revision;
        }
        catch (SdException)
        {
            return false;
        }
    }

    private static void Write(DemoFile file, string path, CancellationToken ct)
    {
        // The name is new each time, so that two processes never write into one file; the rename is the moment the file appears.
        var temporary = $"{path}.{Guid.NewGuid():N}.tmp";
        try
        {
            WriteContent(file, temporary, ct);
            Publish(temporary, path);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    private static void WriteContent(DemoFile file, string path, CancellationToken ct)
    {
        using var stream = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None);
        KeyValuePair<string, string>[] metadata = [new("general.architecture", file.Architecture), new(RevisionKey, Revision)];
        GgufWriter.Write(stream, metadata, file.Build().Tensors, ct);
        stream.Flush(flushToDisk: true);
    }

    private static void Publish(string temporary, string path)
    {
        try
        {
            File.Move(temporary, path, overwrite: true);
        }
        catch (Exception e) when ((e is IOException or UnauthorizedAccessException) && IsCurrent(path))
        {
            // Windows refuses to replace a file that is in use: another process was faster and has already loaded the same bytes.
        }
    }

    private sealed record DemoFile(string Name, string Architecture, Func<TensorSet> Build);
}
