using NetVips;
using SdCpp.Interop;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Images;

/// <summary>Pictures on disk: a file is whole or not there.</summary>
internal sealed class ImageFiles
{
    private const string TemporaryExtension = ".tmp";
    private readonly DataFolders _folders;

    public ImageFiles(DataFolders folders)
    {
        _folders = folders;
        // The worker draws one picture at a time beside the engine: libvips' own threads and cache would only get in its way.
        NetVips.NetVips.Concurrency = 1;
        Cache.Max = 0;
        foreach (string folder in new[] { folders.Images, folders.Inputs, folders.Thumbnails })
        {
            foreach (string leftover in Directory.EnumerateFiles(folder, "*" + TemporaryExtension))
                File.Delete(leftover);
        }
    }

    /// <summary>Writes a picture as PNG, with its infotext where other programs look for it.</summary>
    /// <returns>The path relative to the data directory.</returns>
    public string Save(string imageId, ImageBuffer pixels, string infotext)
    {
        string relative = PathOf(imageId);
        WriteAtomically(FullPath(relative), file =>
        {
            using var text = new PngTextStream(file, "parameters", infotext);
            WritePng(text, pixels);
        });
        return relative;
    }

    /// <summary>Keeps a picture that a job begins from.</summary>
    /// <param name="name">The job's id, and what it is for.</param>
    /// <param name="pixels">As read.</param>
    /// <returns>The path relative to the data directory.</returns>
    public string SaveInput(string name, ImageBuffer pixels)
    {
        string relative = $"inputs/{name}.png";
        WriteAtomically(FullPath(relative), file => WritePng(file, pixels));
        return relative;
    }

    public byte[] Bytes(string relative) => File.ReadAllBytes(FullPath(relative));

    /// <summary>A small WebP of a picture, made when it is first asked for.</summary>
    /// <param name="imageId">The picture's id.</param>
    /// <param name="relative">Its file.</param>
    /// <param name="side">The longer side, pixels.</param>
    /// <returns>The path of the file.</returns>
    public string Thumbnail(string imageId, string relative, int side)
    {
        string path = Path.Combine(_folders.Thumbnails, $"{imageId}-{side}.webp");
        if (!File.Exists(path))
        {
            using Image small = Image.Thumbnail(FullPath(relative), side, height: side, size: Enums.Size.Down);
            byte[] bytes = small.WebpsaveBuffer(q: 80, keep: Enums.ForeignKeep.None);
            WriteAtomically(path, file => file.Write(bytes));
        }

        return path;
    }

    /// <summary>A WebP of pixels that are shown once.</summary>
    public static byte[] ToWebp(ImageBuffer pixels)
    {
        using Image image = ImageDecoder.View(pixels);
        byte[] bytes = image.WebpsaveBuffer(q: 75, effort: 0, keep: Enums.ForeignKeep.None);
        GC.KeepAlive(pixels);
        return bytes;
    }

    /// <summary>A stored picture as its PNG, or packed anew as JPEG or WebP.</summary>
    /// <param name="relative">Its file.</param>
    /// <param name="format">png, jpeg or webp.</param>
    /// <param name="quality">1 to 100, of JPEG and WebP.</param>
    public byte[] Encoded(string relative, string format, int quality)
    {
        if (format == ImageFormat.Png)
            return Bytes(relative);
        using Image image = Image.NewFromFile(FullPath(relative), access: Enums.Access.Sequential);
        return Encoded(image, format, quality);
    }

    /// <summary>Pixels that are shown once.</summary>
    public static byte[] Encoded(ImageBuffer pixels, string format, int quality)
    {
        if (format == ImageFormat.Png)
            return ToPng(pixels);
        using Image image = ImageDecoder.View(pixels);
        byte[] bytes = Encoded(image, format, quality);
        GC.KeepAlive(pixels);
        return bytes;
    }

    private static byte[] Encoded(Image image, string format, int quality) => format == ImageFormat.Jpeg
        ? image.JpegsaveBuffer(q: Math.Max(1, quality), keep: Enums.ForeignKeep.None)
        : image.WebpsaveBuffer(q: Math.Max(1, quality), keep: Enums.ForeignKeep.None);

    /// <summary>A PNG of pixels that are shown once.</summary>
    private static byte[] ToPng(ImageBuffer pixels)
    {
        using var png = new MemoryStream();
        WritePng(png, pixels);
        return png.ToArray();
    }

    /// <summary>Removes a picture and what was made of it. What is gone already is not missed.</summary>
    public void Delete(string relative)
    {
        File.Delete(FullPath(relative));
        foreach (string small in Directory.EnumerateFiles(_folders.Thumbnails, Path.GetFileNameWithoutExtension(relative) + "-*.webp"))
            File.Delete(small);
    }

    /// <summary>Removes what a job that ended badly may have written before its end.</summary>
    public void DeleteImagesOf(string jobId, int count)
    {
        for (int index = 0; index < count; index++)
            File.Delete(FullPath(PathOf(ImageId.Of(jobId, index))));
    }

    /// <summary>Removes what a job began from.</summary>
    public void DeleteInputs(string jobId)
    {
        foreach (string input in Directory.EnumerateFiles(_folders.Inputs, jobId + "*.png"))
            File.Delete(input);
    }

    public string FullPath(string relative) => Path.Combine(_folders.Root, relative);

    private static string PathOf(string imageId) => $"images/{imageId}.png";

    private static void WriteAtomically(string path, Action<FileStream> write)
    {
        // Two who make the same file at once must not write into each other's.
        string temporary = $"{path}.{Guid.NewGuid():N}{TemporaryExtension}";
        try
        {
            using (var file = new FileStream(temporary, FileMode.Create, FileAccess.Write))
            {
                write(file);
                file.Flush(flushToDisk: true);
            }

            File.Move(temporary, path, overwrite: true);
        }
        catch when (File.Exists(temporary))
        {
            // On a full disk the half file must not be what keeps it full.
            File.Delete(temporary);
            throw;
        }
    }

    private static void WritePng(Stream to, ImageBuffer pixels)
    {
        // Straight from the engine's result: libvips reads the native memory in place.
        using Image image = ImageDecoder.View(pixels);
        // libvips' default, 6 without a filter, is slower and nearly twice as large on pictures.
        image.PngsaveStream(to, compression: 3, filter: Enums.ForeignPngFilter.Sub, keep: Enums.ForeignKeep.None);
        GC.KeepAlive(pixels);
    }
}
