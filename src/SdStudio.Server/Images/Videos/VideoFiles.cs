using NetVips;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Images.Videos;

/// <summary>Videos as files: written in each format, and their frames read again.</summary>
internal sealed class VideoFiles(IBlobStore blobs, Ffmpeg ffmpeg, DataFolders folders)
{
    private const int Quality = 90;
    private const int SheetQuality = 80;

    /// <summary>The formats that can be written here.</summary>
    public IReadOnlyList<string> Formats => ffmpeg.Formats;

    /// <summary>The same when that is known.</summary>
    public Task<IReadOnlyList<string>> ReadyAsync(CancellationToken cancellation) => ffmpeg.ReadyAsync(cancellation);

    /// <summary>Writes a video, with its texts where other programs look for them.</summary>
    /// <returns>The path relative to the data directory.</returns>
    /// <exception cref="VideoException">ffmpeg could not write it.</exception>
    public async Task<string> SaveAsync(string id, VideoClip clip, string format, ImageTexts texts, CancellationToken cancellation)
    {
        string relative = $"images/{id}.{VideoFormats.ExtensionOf(format)}";
        if (!VideoFormats.Own.Contains(format))
        {
            await SaveByFfmpegAsync(relative, clip, format, texts, cancellation).ConfigureAwait(false);
            return relative;
        }

        await blobs.PutAsync(
            relative,
            file =>
            {
                if (format == VideoFormats.Apng)
                    AnimatedPng.Write(file, clip, texts, cancellation);
                else
                    WriteWebp(file, clip, texts, cancellation);
            },
            cancellation).ConfigureAwait(false);
        return relative;
    }

    /// <summary>Frames of a stored video side by side, in rows, as WebP; one frame is a still of it.</summary>
    /// <param name="file">Where it lies.</param>
    /// <param name="format">Of the file.</param>
    /// <param name="sheet">Which frames, and how large.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="VideoException">It cannot be read here.</exception>
    public async Task<byte[]> SheetAsync(string file, string format, VideoSheet sheet, CancellationToken cancellation)
    {
        List<Image> cells = [];
        try
        {
            switch (format)
            {
                case VideoFormats.Webp:
                    ReadWebp(file, sheet, cells);
                    break;
                case VideoFormats.Apng:
                    ReadApng(await File.ReadAllBytesAsync(file, cancellation).ConfigureAwait(false), sheet, cells);
                    break;
                default:
                    await ReadByFfmpegAsync(file, sheet, cells, cancellation).ConfigureAwait(false);
                    break;
            }

            if (cells.Count == 0)
                throw new VideoException("There are no frames in the video's file");
            using Image joined = Image.Arrayjoin([.. cells], across: Math.Min(cells.Count, sheet.Columns));
            // Of a moving image libvips remembers how high its frames are: this one does not move.
            return joined.WebpsaveBuffer(q: SheetQuality, keep: Enums.ForeignKeep.None, pageHeight: joined.Height);
        }
        finally
        {
            cells.ForEach(cell => cell.Dispose());
        }
    }

    /// <summary>A stored video without its settings. Its mark stays where the format is one of this server's own.</summary>
    /// <exception cref="VideoException">ffmpeg, which wrote it, is gone.</exception>
    public async Task<byte[]> WithoutInfotextAsync(string file, string format, CancellationToken cancellation)
    {
        byte[] bytes = await File.ReadAllBytesAsync(file, cancellation).ConfigureAwait(false);
        ImageTexts texts = ImageTexts.In(ImageDecoder.Texts(bytes, "the video")) with { Infotext = null };
        switch (format)
        {
            case VideoFormats.Apng:
                return PngText.With(PngText.Without(bytes), texts.Chunks());
            case VideoFormats.Webp:
                return WebpChunks.With(bytes, texts.Packet);
            case VideoFormats.Mp4 when texts.Packet is { } packet:
                return [.. await ffmpeg.WithoutTextsAsync(file, Temporary(format), format, cancellation).ConfigureAwait(false), .. VideoTexts.XmpBoxOf(packet)];
            default:
                return await ffmpeg.WithoutTextsAsync(file, Temporary(format), format, cancellation).ConfigureAwait(false);
        }
    }

    private string Temporary(string format) => Path.Combine(folders.Scratch, $"{Guid.NewGuid():N}.{format}");

    private async Task SaveByFfmpegAsync(string relative, VideoClip clip, string format, ImageTexts texts, CancellationToken cancellation)
    {
        string temporary = Temporary(format);
        try
        {
            await ffmpeg.WriteAsync(clip, format, temporary, VideoTexts.TagsOf(texts, format), cancellation).ConfigureAwait(false);
            await blobs.PutAsync(
                relative,
                file =>
                {
                    using FileStream made = File.OpenRead(temporary);
                    made.CopyTo(file);
                    if (format == VideoFormats.Mp4 && texts.Packet is { } packet)
                        file.Write(VideoTexts.XmpBoxOf(packet));
                },
                cancellation).ConfigureAwait(false);
        }
        catch (VideoException exception) when (exception.IsDiskFull)
        {
            throw new StorageUnavailableException(StorageProblem.Full, $"{Path.GetFileName(relative)} could not be written: {exception.Message}", exception);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    private static void WriteWebp(Stream to, VideoClip clip, ImageTexts texts, CancellationToken cancellation)
    {
        Image[] frames = [.. clip.Frames.Select(ImageDecoder.View)];
        try
        {
            using Image tall = Image.Arrayjoin(frames, across: 1);
            using Image said = tall.Mutate(into =>
            {
                into.Set(GValue.GIntType, "page-height", clip.Height);
                into.Set(GValue.GIntType, "loop", 0);
                into.Set(GValue.ArrayIntType, "delay", Enumerable.Range(0, frames.Length).Select(frame => VideoClip.DurationOf(frame, clip.Fps)).ToArray());
                ImageFiles.SetTexts(into, texts);
            });
            using CancellationTokenRegistration killing = cancellation.Register(() => said.SetKill(true));
            said.WebpsaveStream(to, q: Quality, effort: 3, keep: Enums.ForeignKeep.Exif | Enums.ForeignKeep.Xmp | Enums.ForeignKeep.Other);
        }
        catch (VipsException) when (cancellation.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellation);
        }
        finally
        {
            Array.ForEach(frames, frame => frame.Dispose());
            GC.KeepAlive(clip);
        }
    }

    // The writer makes one longer frame of several that are equal: which one is shown at a time says how long each is.
    private static void ReadWebp(string file, VideoSheet sheet, List<Image> cells)
    {
        using Image all = Image.NewFromFile(file, access: Enums.Access.Sequential, kwargs: new VOption { { "n", -1 } });
        int height = all.PageHeight, pages = all.Height / height;
        int[] delays = all.Contains("delay") && all.Get("delay") is int[] known && known.Length >= pages ? known : new int[pages];
        (int page, int end, int taken) = (0, delays[0], -1);
        foreach (int frame in sheet.Frames)
        {
            while (page < pages - 1 && VideoClip.BeginOf(frame, sheet.Fps) >= end)
                end += delays[++page];
            // From top to bottom: the file is read once.
            cells.Add(page == taken ? cells[^1].Copy() : Scaled(all.Crop(0, page * height, all.Width, height), sheet));
            taken = page;
        }
    }

    private static void ReadApng(byte[] file, VideoSheet sheet, List<Image> cells)
    {
        int index = 0;
        foreach (byte[] frame in AnimatedPng.Read(file))
        {
            if (sheet.Frames.Contains(index++))
                cells.Add(Scaled(Image.NewFromBuffer(frame), sheet));
        }
    }

    private async Task ReadByFfmpegAsync(string file, VideoSheet sheet, List<Image> cells, CancellationToken cancellation)
    {
        int index = 0;
        await ffmpeg.ReadAsync(
            file, sheet.Width, sheet.Height,
            bytes =>
            {
                if (sheet.Frames.Contains(index++))
                    cells.Add(Image.NewFromMemoryCopy(bytes, sheet.Width, sheet.Height, 3, Enums.BandFormat.Uchar).Copy(interpretation: Enums.Interpretation.Srgb));
            },
            cancellation).ConfigureAwait(false);
    }

    private static Image Scaled(Image frame, VideoSheet sheet)
    {
        using (frame)
        {
            using Image small = frame.ThumbnailImage(sheet.Width, height: sheet.Height, size: Enums.Size.Force);
            using Image flat = small.HasAlpha() ? small.Flatten() : small.Copy();
            return flat.CopyMemory();
        }
    }
}
