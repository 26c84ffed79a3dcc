using System.Text.Json;
using System.Text.Json.Serialization;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Images;

/// <summary>
/// The folder <c>kept</c>: images whose generations were deleted without them. Nothing lists them any more but the file
/// <c>kept.jsonl</c> beside them.
/// </summary>
internal sealed class KeptImages(DataFolders folders, ImageFiles files, TimeProvider time)
{
    private const string Folder = "kept";
    private readonly Lock _lock = new();

    /// <summary>Moves images there.</summary>
    /// <param name="images">Their paths, relative to the data directory, with the jobs and owners they had; empty where that is not known.</param>
    /// <param name="cancellation">Ends it between two images.</param>
    public async Task KeepAsync(IEnumerable<(string Path, string JobId, string Owner)> images, CancellationToken cancellation)
    {
        List<string> lines = [];
        try
        {
            foreach ((string path, string job, string owner) in images)
            {
                string name = Path.GetFileName(path);
                if (await files.MoveAsync(path, $"{Folder}/{name}", cancellation).ConfigureAwait(false))
                    lines.Add(JsonSerializer.Serialize(new KeptImage(name, job, owner, time.GetUtcNow()), KeptJson.Default.KeptImage));
            }
        }
        finally
        {
            lock (_lock)
            {
                if (lines.Count > 0)
                    File.AppendAllLines(Path.Combine(folders.Files, Folder, "kept.jsonl"), lines);
            }
        }
    }
}

/// <summary>A line of the list.</summary>
internal sealed record KeptImage(string File, string JobId, string Owner, DateTimeOffset KeptAt);

/// <summary>The JSON of the list.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(KeptImage))]
internal sealed partial class KeptJson : JsonSerializerContext;
