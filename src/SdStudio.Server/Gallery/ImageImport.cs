using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Options;
using SdStudio.Server.Generation;
using SdStudio.Server.Generation.Reading;
using SdStudio.Server.Images;
using SdStudio.Server.Queue;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Gallery;

/// <summary>Takes images that were made elsewhere into the gallery, with the settings that are inside them. The same file is taken once.</summary>
internal sealed class ImageImport(ImageFiles files, DecodeGate gate, IGallery gallery, IOptions<StudioOptions> options, JobEvents events)
{
    // As many are in memory at a time as one transaction has.
    private const int AtOnce = 16;
    private const int MaxProblems = 100;
    private const string NoModel = "unknown";

    // Pixels are made fewer as they are read: they are looked at and not kept.
    private const int Shown = 64;

    /// <param name="sources">What to take, in the order in which it is to be listed.</param>
    /// <param name="how">Whose it becomes, and how settings are understood.</param>
    /// <param name="cancellation">Ends it between two groups; what was taken stays.</param>
    public async Task<ImportResult> TakeAsync(IEnumerable<ImportSource> sources, ImportOptions how, CancellationToken cancellation)
    {
        var result = new ImportResult();
        foreach (ImportSource[] group in sources.Chunk(AtOnce))
        {
            cancellation.ThrowIfCancellationRequested();
            List<ImportedImage> images = [];
            foreach (ImportSource source in group)
            {
                if (await TakeAsync(source, how, result, cancellation).ConfigureAwait(false) is { } image && images.TrueForAll(other => other.Image.Id != image.Image.Id))
                    images.Add(image);
            }

            IReadOnlySet<string> added = await gallery.AddAsync(images, cancellation).ConfigureAwait(false);
            result.Ids.AddRange(images.Select(image => image.Image.Id).Where(added.Contains));
            result.Known += images.Count - added.Count;
        }

        if (result.Ids.Count > 0)
            events.Imported(how.Owner, result.Ids.Count);
        return result;
    }

    private async Task<ImportedImage?> TakeAsync(ImportSource source, ImportOptions how, ImportResult result, CancellationToken cancellation)
    {
        try
        {
            byte[] bytes = source.Read();
            (int width, int height, string format) = ImageDecoder.Inspect(bytes, source.Name, options.Value.Limits.MaxInputPixels);
            // A header promises; what is listed can be shown.
            using (await gate.EnterAsync([bytes], cancellation).ConfigureAwait(false))
                ImageDecoder.Read(bytes, source.Name, options.Value.Limits.MaxInputPixels, Shown).Dispose();
            string jobId = ImageId.Of($"import/{how.Owner}/{Convert.ToHexStringLower(SHA256.HashData(bytes))}", 0);
            string id = ImageId.Of(jobId, 0);
            GenerationSettings settings = SettingsOf(XmpText.Merged(ImageDecoder.Texts(bytes, source.Name)), how) with { Width = width, Height = height };
            string path = await files.SaveAsItIsAsync(id, format, bytes, cancellation).ConfigureAwait(false);
            return new ImportedImage(new JobImage(id, jobId, 0, path, $"image/{format}", width, height, settings.Seed), settings, how.Owner, source.CreatedAt);
        }
        catch (Exception exception) when (exception is ImageFormatException or IOException or UnauthorizedAccessException)
        {
            result.Failed++;
            if (result.Problems.Count < MaxProblems)
                result.Problems.Add((source.Name, exception is ImageFormatException ? exception.Message : $"{source.Name} cannot be read"));
            return null;
        }
    }

    private static GenerationSettings SettingsOf(IReadOnlyDictionary<string, string> texts, ImportOptions how)
    {
        var settings = new GenerationSettings { Type = JobType.Import, Model = NoModel, Width = 0, Height = 0, Board = how.Board };
        if (SettingsReader.Read(texts) is not { } found)
            return settings;
        JsonObject request = SettingsReader.ToRequest(found, how.Limits).Request;
        foreach (Parameter parameter in Parameters.All.Where(parameter => parameter.Set is not null))
        {
            if (request[parameter.Name] is { } node && parameter.TryRead(node.ToString(), how.Limits, out object? value))
                settings = parameter.Set!(settings, value!);
        }

        (string prompt, List<LoraSetting> loras) = LoraTags.Take((string?)request["prompt"] ?? "");
        return settings with
        {
            Prompt = prompt, Loras = loras.Count == 0 ? null : loras, ModelHash = found.Values.GetValueOrDefault("Model hash"),
            Model = how.ModelOf(found) ?? found.Values.GetValueOrDefault("Model") ?? NoModel,
        };
    }
}

/// <param name="Name">For messages.</param>
/// <param name="Read">The file's bytes.</param>
/// <param name="CreatedAt">Unix milliseconds.</param>
internal sealed record ImportSource(string Name, Func<byte[]> Read, long CreatedAt);

/// <param name="Owner">Whose the images become.</param>
/// <param name="Board">The id of the board they go to; null for none.</param>
/// <param name="Limits">What settings are read with.</param>
/// <param name="ModelOf">This server's model that made them; null for none.</param>
internal sealed record ImportOptions(string Owner, string? Board, ParameterLimits Limits, Func<FoundSettings, string?> ModelOf);

/// <summary>How an import went.</summary>
internal sealed class ImportResult
{
    /// <summary>The images that were not there before.</summary>
    public List<string> Ids { get; } = [];

    /// <summary>Number of images that already existed.</summary>
    public int Known { get; set; }

    public int Failed { get; set; }

    /// <summary>The problems of the first failed files.</summary>
    public List<(string Name, string Problem)> Problems { get; } = [];
}
