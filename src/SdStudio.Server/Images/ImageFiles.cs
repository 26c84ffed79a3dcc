using System.Globalization;
using NetVips;
using SdCpp.Interop;
using SdStudio.Server.Images.Videos;

namespace SdStudio.Server.Images;

/// <summary>What images are as files: PNG with infotext, inputs, thumbnails, other formats.</summary>
internal sealed class ImageFiles
{
    private const int MaxInputs = 32;
    private readonly IBlobStore _blobs;

    public ImageFiles(IBlobStore blobs)
    {
        _blobs = blobs;
        // Images are encoded beside the engine: libvips' own threads and cache would only get in its way.
        NetVips.NetVips.Concurrency = 1;
        Cache.Max = 0;
    }

    /// <summary>
    /// What an image's file is called, without its extension. Where other machines write too, each claim of the job has a file of its own, and the
    /// image's row names the one that counts: a machine that has lost the job overwrites nothing.
    /// </summary>
    public string FileIdOf(string imageId, long claim) => _blobs.IsShared ? string.Create(CultureInfo.InvariantCulture, $"{imageId}.{claim}") : imageId;

    /// <summary>The id of the image whose file has a name.</summary>
    public static string IdOf(string relative) => Path.GetFileName(relative) is var name && name.IndexOf('.', StringComparison.Ordinal) is >= 0 and var end ? name[..end] : name;

    /// <summary>Writes an image as PNG, with its texts where other programs look for them.</summary>
    /// <returns>The path relative to the data directory.</returns>
    public async ValueTask<string> SaveAsync(string fileId, ImageBuffer pixels, ImageTexts texts, CancellationToken cancellation)
    {
        string relative = PathOf(fileId, ImageFormats.Png);
        await _blobs.PutAsync(
            relative,
            file =>
            {
                using var text = new PngTextStream(file, [.. texts.Chunks()]);
                WritePng(text, pixels);
            },
            cancellation).ConfigureAwait(false);
        return relative;
    }

    /// <summary>Keeps an image that was made elsewhere as it is.</summary>
    /// <returns>The path relative to the data directory.</returns>
    public async ValueTask<string> SaveAsItIsAsync(string imageId, string format, byte[] bytes, CancellationToken cancellation)
    {
        string relative = PathOf(imageId, format);
        // The id says what is inside.
        if (await _blobs.FindAsync(relative, cancellation).ConfigureAwait(false) is null)
            await _blobs.PutAsync(relative, file => file.Write(bytes), cancellation).ConfigureAwait(false);
        return relative;
    }

    /// <summary>Keeps an input image of a job.</summary>
    /// <param name="name">The job's id, and what it is for.</param>
    /// <param name="pixels">As read.</param>
    /// <param name="cancellation">Ends the call.</param>
    /// <returns>The path relative to the data directory.</returns>
    public async ValueTask<string> SaveInputAsync(string name, ImageBuffer pixels, CancellationToken cancellation)
    {
        string relative = InputPath(name);
        await _blobs.PutAsync(relative, file => WritePng(file, pixels), cancellation).ConfigureAwait(false);
        return relative;
    }

    /// <summary>Keeps the frames that a video follows, in one file.</summary>
    /// <returns>The path relative to the data directory.</returns>
    public async ValueTask<string> SaveFramesAsync(string name, IReadOnlyList<ImageBuffer> frames, CancellationToken cancellation)
    {
        string relative = InputPath(name);
        await _blobs.PutAsync(relative, file => AnimatedPng.Write(file, new VideoClip(frames, Fps: 1), new ImageTexts(Infotext: null, SourceType: null), cancellation), cancellation).ConfigureAwait(false);
        return relative;
    }

    /// <summary>Keeps a copy of a file as an input image of a job.</summary>
    /// <param name="name">The job's id, and what it is for.</param>
    /// <param name="source">The file.</param>
    /// <param name="cancellation">Ends the call.</param>
    /// <returns>The path relative to the data directory.</returns>
    public async ValueTask<string> CopyInputAsync(string name, FileInfo source, CancellationToken cancellation)
    {
        string relative = InputPath(name);
        await _blobs.PutAsync(
            relative,
            file =>
            {
                using FileStream from = source.OpenRead();
                from.CopyTo(file);
            },
            cancellation).ConfigureAwait(false);
        return relative;
    }

    /// <summary>Where a file lies on this machine; null when it is gone.</summary>
    public ValueTask<string?> FindAsync(string relative, CancellationToken cancellation) => _blobs.FindAsync(relative, cancellation);

    /// <exception cref="FileNotFoundException">It is gone.</exception>
    public async Task<byte[]> BytesAsync(string relative, CancellationToken cancellation) =>
        await File.ReadAllBytesAsync(await RequireAsync(relative, cancellation).ConfigureAwait(false), cancellation).ConfigureAwait(false);

    /// <summary>A small WebP of an image, made when it is first asked for.</summary>
    /// <param name="imageId">The image's id.</param>
    /// <param name="relative">Its file.</param>
    /// <param name="side">The longer side, pixels.</param>
    /// <param name="cancellation">Ends the call.</param>
    /// <returns>The path of the file.</returns>
    /// <exception cref="FileNotFoundException">The image is gone.</exception>
    public async ValueTask<string> ThumbnailAsync(string imageId, string relative, int side, CancellationToken cancellation)
    {
        return await KeptAsync(imageId, relative, side.ToString(CultureInfo.InvariantCulture), source =>
        {
            using Image small = Image.Thumbnail(source, side, height: side, size: Enums.Size.Down);
            return Task.FromResult(small.WebpsaveBuffer(q: 80, keep: Enums.ForeignKeep.None));
        }, cancellation).ConfigureAwait(false);
    }

    /// <summary>A WebP that is made of an image or a video when it is first asked for, and kept as long as that.</summary>
    /// <param name="imageId">The image's id.</param>
    /// <param name="relative">Its file.</param>
    /// <param name="kind">What it is.</param>
    /// <param name="make">Makes it of the file.</param>
    /// <param name="cancellation">Ends the call.</param>
    /// <returns>The path of the file.</returns>
    /// <exception cref="FileNotFoundException">The image is gone.</exception>
    public async ValueTask<string> KeptAsync(string imageId, string relative, string kind, Func<string, Task<byte[]>> make, CancellationToken cancellation)
    {
        string name = $"{ThumbnailsOf(imageId)}/{kind}.webp";
        if (await _blobs.FindAsync(name, cancellation).ConfigureAwait(false) is { } known)
            return known;
        string source = await RequireAsync(relative, cancellation).ConfigureAwait(false);
        byte[] bytes = await make(source).ConfigureAwait(false);
        await _blobs.PutAsync(name, file => file.Write(bytes), cancellation).ConfigureAwait(false);
        // Who deletes an image removes its file before its thumbnails: one that was made in between is found here.
        if (File.Exists(source))
            return await RequireAsync(name, cancellation).ConfigureAwait(false);
        await DeleteThumbnailsAsync(imageId, cancellation).ConfigureAwait(false);
        throw Gone(relative);
    }

    /// <summary>A WebP of pixels that are shown once.</summary>
    public static byte[] ToWebp(ImageBuffer pixels)
    {
        using Image image = ImageDecoder.View(pixels);
        byte[] bytes = image.WebpsaveBuffer(q: 75, effort: 0, keep: Enums.ForeignKeep.None);
        GC.KeepAlive(pixels);
        return bytes;
    }

    /// <summary>A stored image in another format, or without its settings. Its mark stays, whatever the format.</summary>
    /// <param name="relative">Its file.</param>
    /// <param name="how">What is wanted.</param>
    /// <param name="cancellation">Ends the call.</param>
    /// <exception cref="FileNotFoundException">It is gone.</exception>
    public async Task<byte[]> EncodedAsync(string relative, ImageEncoding how, CancellationToken cancellation)
    {
        string stored = Path.GetExtension(relative)[1..];
        byte[] bytes = await BytesAsync(relative, cancellation).ConfigureAwait(false);
        string format = how.Format ?? stored;
        if (format == stored && how.Infotext)
            return bytes;
        ImageTexts texts = ImageTexts.In(XmpText.Merged(ImageDecoder.Texts(bytes, "the image")));
        if (!how.Infotext)
            texts = texts with { Infotext = null };
        if (format == stored && format == ImageFormats.Png)
            return PngText.With(PngText.Without(bytes), texts.Chunks());
        using Image image = Image.NewFromBuffer(bytes, access: Enums.Access.Sequential);
        return format == ImageFormats.Png ? PngText.With(ToPng(image), texts.Chunks()) : Encoded(image, format, how.Quality, texts);
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

    private static byte[] Encoded(Image image, string format, int quality, ImageTexts? texts = null)
    {
        if (texts?.Packet is null)
            return Encoded(image, format, quality, Enums.ForeignKeep.None);
        using Image said = image.Mutate(into => SetTexts(into, texts));
        return Encoded(said, format, quality, Enums.ForeignKeep.Exif | Enums.ForeignKeep.Xmp);
    }

    /// <summary>Puts texts where JPEG and WebP have them.</summary>
    public static void SetTexts(MutableImage into, ImageTexts texts)
    {
        foreach (string field in into.GetFields().Where(field => field.StartsWith("exif-", StringComparison.Ordinal) || field.StartsWith("png-comment", StringComparison.Ordinal)))
            into.Remove(field);
        if (texts.Packet is { } packet)
            into.Set(GValue.BlobType, "xmp-data", System.Text.Encoding.UTF8.GetBytes(packet));
        if (texts.Infotext is { } infotext)
            into.Set(GValue.BlobType, "exif-data", ExifText.Of(infotext));
    }

    private static byte[] Encoded(Image image, string format, int quality, Enums.ForeignKeep keep) => format == ImageFormats.Jpeg
        ? image.JpegsaveBuffer(q: Math.Max(1, quality), keep: keep)
        : image.WebpsaveBuffer(q: Math.Max(1, quality), keep: keep);

    /// <summary>A PNG of pixels that are shown once.</summary>
    private static byte[] ToPng(ImageBuffer pixels)
    {
        using Image image = ImageDecoder.View(pixels);
        byte[] png = ToPng(image);
        GC.KeepAlive(pixels);
        return png;
    }

    // libvips' default, 6 without a filter, is slower and nearly twice as large on generated images.
    private static byte[] ToPng(Image image) => image.PngsaveBuffer(compression: 3, filter: Enums.ForeignPngFilter.Sub, keep: Enums.ForeignKeep.None);

    /// <summary>Removes an image and its thumbnails. What is gone already is not missed.</summary>
    public async ValueTask DeleteAsync(string relative, CancellationToken cancellation)
    {
        await _blobs.DeleteAsync(relative, cancellation).ConfigureAwait(false);
        await DeleteThumbnailsAsync(IdOf(relative), cancellation).ConfigureAwait(false);
    }

    /// <summary>Removes what a job that did not complete may have written.</summary>
    /// <param name="jobId">The job.</param>
    /// <param name="count">How many images the job was to have.</param>
    /// <param name="kept">The indices of those that stay.</param>
    /// <param name="extension">Of their files, without its point.</param>
    public async ValueTask DeleteImagesOfAsync(string jobId, int count, IEnumerable<int> kept, string extension)
    {
        // Of a machine that has lost the job nobody knows what it has listed before: the next sweep finds what no row names.
        if (_blobs.IsShared)
            return;
        foreach (int index in Enumerable.Range(0, count).Except(kept))
            await DeleteAsync(PathOf(ImageId.Of(jobId, index), extension), CancellationToken.None).ConfigureAwait(false);
    }

    /// <summary>Removes the input images of a job.</summary>
    public async ValueTask DeleteInputsAsync(string jobId)
    {
        // By their names: listing a folder of many thousands for each job is what deleting them all would take its time for.
        foreach (string name in new[] { jobId, jobId + "_mask", jobId + "_control", jobId + "_end", jobId + "_frames" }.Concat(Enumerable.Range(1, MaxInputs - 1).Select(index => string.Create(CultureInfo.InvariantCulture, $"{jobId}_{index}"))))
            await _blobs.DeleteAsync(InputPath(name), CancellationToken.None).ConfigureAwait(false);
    }

    /// <summary>Moves an image, without its thumbnails, to another name. False when it is gone.</summary>
    public async ValueTask<bool> MoveAsync(string relative, string to, CancellationToken cancellation)
    {
        if (!await _blobs.MoveAsync(relative, to, cancellation).ConfigureAwait(false))
            return false;
        await DeleteThumbnailsAsync(IdOf(relative), cancellation).ConfigureAwait(false);
        return true;
    }

    private async ValueTask<string> RequireAsync(string relative, CancellationToken cancellation) =>
        await _blobs.FindAsync(relative, cancellation).ConfigureAwait(false) ?? throw Gone(relative);

    private static FileNotFoundException Gone(string relative) => new("The image's file is gone", Path.GetFileName(relative));

    private static string PathOf(string imageId, string format) => $"images/{imageId}.{format}";

    private static string InputPath(string name) => $"inputs/{name}.png";

    // Ids of images are evenly spread: no folder grows large.
    private static string ThumbnailsOf(string imageId) => $"thumbnails/{imageId[..Math.Min(2, imageId.Length)]}/{imageId}";

    private async ValueTask DeleteThumbnailsAsync(string imageId, CancellationToken cancellation)
    {
        try
        {
            foreach ((string name, _) in await _blobs.ListAsync(ThumbnailsOf(imageId), cancellation).ToListAsync(cancellation).ConfigureAwait(false))
                await _blobs.DeleteAsync(name, cancellation).ConfigureAwait(false);
        }
        catch (DirectoryNotFoundException)
        {
            // Somebody else deletes them.
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
