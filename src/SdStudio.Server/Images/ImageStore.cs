using NetVips;
using SdCpp.Interop;

namespace SdStudio.Server.Images;

/// <summary>Pictures on disk: a file is whole or not there.</summary>
internal sealed class ImageStore
{
    private const string TemporaryExtension = ".tmp";
    private readonly DataFolders _folders;

    public ImageStore(DataFolders folders)
    {
        _folders = folders;
        // The worker draws one picture at a time beside the engine: libvips' own threads and cache would only get in its way.
        NetVips.NetVips.Concurrency = 1;
        Cache.Max = 0;
        foreach (string leftover in Directory.EnumerateFiles(folders.Images, "*" + TemporaryExtension))
            File.Delete(leftover);
    }

    /// <summary>Writes a picture as PNG, with its infotext where other programs look for it.</summary>
    /// <returns>The path relative to the data directory.</returns>
    public string Save(string imageId, ImageBuffer pixels, string infotext)
    {
        string relative = $"images/{imageId}.png";
        string path = FullPath(relative);
        string temporary = path + TemporaryExtension;
        try
        {
            Write(temporary, pixels, infotext);
            File.Move(temporary, path, overwrite: true);
        }
        catch when (File.Exists(temporary))
        {
            // On a full disk the half file must not be what keeps it full.
            File.Delete(temporary);
            throw;
        }

        return relative;
    }

    public string FullPath(string relative) => Path.Combine(_folders.Root, relative);

    private static void Write(string path, ImageBuffer pixels, string infotext)
    {
        using var file = new FileStream(path, FileMode.Create, FileAccess.Write);
        using var text = new PngTextStream(file, "parameters", infotext);
        // Straight from the engine's result: libvips reads the native memory in place.
        using Image image = Image.NewFromMemory(
            pixels.Address, (ulong)pixels.Length, pixels.Width, pixels.Height, pixels.Channels, Enums.BandFormat.Uchar);
        // libvips' default, 6 without a filter, is slower and nearly twice as large on pictures.
        image.PngsaveStream(text, compression: 3, filter: Enums.ForeignPngFilter.Sub, keep: Enums.ForeignKeep.None);
        file.Flush(flushToDisk: true);
        GC.KeepAlive(pixels);
    }
}
