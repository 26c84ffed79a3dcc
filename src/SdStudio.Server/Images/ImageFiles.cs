using System.Globalization;
using NetVips;
using SdCpp.Interop;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Images;

/// <summary>Images on disk: a file is complete or does not exist.</summary>
internal sealed class ImageFiles
{
    private const string TemporaryExtension = ".tmp";
    private const int MaxInputs = 32;
    private readonly DataFolders _folders;

    public ImageFiles(DataFolders folders)
    {
        _folders = folders;
        // Images are encoded beside the engine: libvips' own threads and cache would only get in its way.
        NetVips.NetVips.Concurrency = 1;
        Cache.Max = 0;
        foreach (string folder in new[] { folders.Images, folders.Inputs, folders.Thumbnails })
        {
            Directory.CreateDirectory(folder);
            foreach (string leftover in Directory.EnumerateFiles(folder, "*" + TemporaryExtension, SearchOption.AllDirectories))
                File.Delete(leftover);
        }

        // Earlier versions kept all thumbnails in one folder; they are made again when they are asked for.
        foreach (string old in Directory.EnumerateFiles(folders.Thumbnails, "*.webp"))
            File.Delete(old);
    }

    /// <summary>Writes an image as PNG, with its infotext where other programs look for it.</summary>
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

    /// <summary>Keeps an input image of a job.</summary>
    /// <param name="name">The job's id, and what it is for.</param>
    /// <param name="pixels">As read.</param>
    /// <returns>The path relative to the data directory.</returns>
    public string SaveInput(string name, ImageBuffer pixels)
    {
        string relative = InputPath(name);
        WriteAtomically(FullPath(relative), file => WritePng(file, pixels));
        return relative;
    }

    /// <summary>Keeps a copy of a file as an input image of a job.</summary>
    /// <param name="name">The job's id, and what it is for.</param>
    /// <param name="source">The file.</param>
    /// <returns>The path relative to the data directory.</returns>
    public string CopyInput(string name, FileInfo source)
    {
        string relative = InputPath(name);
        using FileStream from = source.OpenRead();
        WriteAtomically(FullPath(relative), from.CopyTo);
        return relative;
    }

    /// <summary>Writes a PNG that is complete or does not exist.</summary>
    public static void WritePng(string path, ImageBuffer pixels) => WriteAtomically(path, file => WritePng(file, pixels));

    public byte[] Bytes(string relative) => File.ReadAllBytes(FullPath(relative));

    /// <summary>A small WebP of an image, made when it is first asked for.</summary>
    /// <param name="imageId">The image's id.</param>
    /// <param name="relative">Its file.</param>
    /// <param name="side">The longer side, pixels.</param>
    /// <returns>The path of the file.</returns>
    /// <exception cref="FileNotFoundException">The image is gone.</exception>
    public string Thumbnail(string imageId, string relative, int side)
    {
        string path = Path.Combine(ThumbnailsOf(imageId), string.Create(CultureInfo.InvariantCulture, $"{side}.webp"));
        if (File.Exists(path))
            return path;
        string source = FullPath(relative);
        if (!File.Exists(source))
            throw new FileNotFoundException("The image's file is gone", Path.GetFileName(source));
        using Image small = Image.Thumbnail(source, side, height: side, size: Enums.Size.Down);
        byte[] bytes = small.WebpsaveBuffer(q: 80, keep: Enums.ForeignKeep.None);
        try
        {
            WriteAtomically(path, file => file.Write(bytes));
            // Who deletes an image removes its file before its thumbnails: one that was made in between is found here.
            if (File.Exists(source))
                return path;
        }
        catch (DirectoryNotFoundException) when (!File.Exists(source))
        {
            // The folder was deleted just now, and the image with it.
        }

        DeleteThumbnails(imageId);
        throw new FileNotFoundException("The image's file is gone", Path.GetFileName(source));
    }

    /// <summary>A WebP of pixels that are shown once.</summary>
    public static byte[] ToWebp(ImageBuffer pixels)
    {
        using Image image = ImageDecoder.View(pixels);
        byte[] bytes = image.WebpsaveBuffer(q: 75, effort: 0, keep: Enums.ForeignKeep.None);
        GC.KeepAlive(pixels);
        return bytes;
    }

    /// <summary>A stored image as its PNG, or encoded as JPEG or WebP.</summary>
    /// <param name="relative">Its file.</param>
    /// <param name="format">png, jpeg or webp.</param>
    /// <param name="quality">1 to 100, of JPEG and WebP.</param>
    public byte[] Encoded(string relative, string format, int quality)
    {
        if (format == ImageFormats.Png)
            return Bytes(relative);
        using Image image = Image.NewFromFile(FullPath(relative), access: Enums.Access.Sequential);
        return Encoded(image, format, quality);
    }

    /// <summary>Pixels that are shown once.</summary>
    public static byte[] Encoded(ImageBuffer pixels, string format, int quality)
    {
        if (format == ImageFormats.Png)
            return ToPng(pixels);
        using Image image = ImageDecoder.View(pixels);
        byte[] bytes = Encoded(image, format, quality);
        GC.KeepAlive(pixels);
        return bytes;
    }

    private static byte[] Encoded(Image image, string format, int quality) => format == ImageFormats.Jpeg
        ? image.JpegsaveBuffer(q: Math.Max(1, quality), keep: Enums.ForeignKeep.None)
        : image.WebpsaveBuffer(q: Math.Max(1, quality), keep: Enums.ForeignKeep.None);

    /// <summary>A PNG of pixels that are shown once.</summary>
    private static byte[] ToPng(ImageBuffer pixels)
    {
        using var png = new MemoryStream();
        WritePng(png, pixels);
        return png.ToArray();
    }

    /// <summary>Removes an image and its thumbnails. What is gone already is not missed.</summary>
    public void Delete(string relative)
    {
        DeleteFile(FullPath(relative));
        DeleteThumbnails(Path.GetFileNameWithoutExtension(relative));
    }

    /// <summary>Removes what a job that did not complete may have written.</summary>
    /// <param name="jobId">The job.</param>
    /// <param name="count">How many images the job was to have.</param>
    /// <param name="from">The index of the first image that is not wanted.</param>
    public void DeleteImagesOf(string jobId, int count, int from = 0)
    {
        for (int index = from; index < count; index++)
            Delete(PathOf(ImageId.Of(jobId, index)));
    }

    /// <summary>Removes the input images of a job.</summary>
    public void DeleteInputs(string jobId)
    {
        // By their names: listing a folder of many thousands for each job is what deleting them all would take its time for.
        DeleteFile(FullPath(InputPath(jobId)));
        DeleteFile(FullPath(InputPath(jobId + "_mask")));
        DeleteFile(FullPath(InputPath(jobId + "_control")));
        for (int index = 1; index < MaxInputs; index++)
            DeleteFile(FullPath(InputPath(string.Create(CultureInfo.InvariantCulture, $"{jobId}_{index}"))));
    }

    public string FullPath(string relative) => Path.Combine(_folders.Root, relative);

    private static string PathOf(string imageId) => $"images/{imageId}.png";

    private static string InputPath(string name) => $"inputs/{name}.png";

    // Ids of images are evenly spread: no folder grows large.
    private string ThumbnailsOf(string imageId) => Path.Combine(_folders.Thumbnails, imageId[..Math.Min(2, imageId.Length)], imageId);

    private void DeleteThumbnails(string imageId)
    {
        string folder = ThumbnailsOf(imageId);
        while (Directory.Exists(folder))
        {
            try
            {
                Directory.Delete(folder, recursive: true);
            }
            catch (DirectoryNotFoundException)
            {
                // Somebody else has deleted it.
            }
            catch (IOException) when (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any())
            {
                // One was written into it while it was being emptied.
            }
        }
    }

    private static void DeleteFile(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (DirectoryNotFoundException)
        {
            // Its folder is gone, and the file with it.
        }
    }

    private static void WriteAtomically(string path, Action<FileStream> write)
    {
        // Two who make the same file at once must not write into each other's.
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
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
        // libvips' default, 6 without a filter, is slower and nearly twice as large on generated images.
        image.PngsaveStream(to, compression: 3, filter: Enums.ForeignPngFilter.Sub, keep: Enums.ForeignKeep.None);
        GC.KeepAlive(pixels);
    }
}
