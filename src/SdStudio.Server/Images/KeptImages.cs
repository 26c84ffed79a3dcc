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
    private const string List = "kept.jsonl";
    private readonly Lock _lock = new();

    /// <summary>Moves images there.</summary>
    /// <param name="images">Their paths, relative to the data directory, with the jobs and owners they had; empty where that is not known.</param>
    public void Keep(IEnumerable<(string Path, string JobId, string Owner)> images)
    {
        lock (_lock)
        {
            StreamWriter? list = null;
            try
            {
                foreach ((string path, string job, string owner) in images)
                {
                    string from = files.FullPath(path);
                    if (!File.Exists(from))
                        continue;
                    string folder = Directory.CreateDirectory(Path.Combine(folders.Root, "kept")).FullName;
                    string name = Path.GetFileName(path);
                    list ??= new StreamWriter(Path.Combine(folder, List), append: true);
                    list.WriteLine(JsonSerializer.Serialize(new KeptImage(name, job, owner, time.GetUtcNow()), KeptJson.Default.KeptImage));
                    File.Move(from, Path.Combine(folder, name), overwrite: true);
                    // Its thumbnails.
                    files.Delete(path);
                }
            }
            finally
            {
                list?.Dispose();
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
