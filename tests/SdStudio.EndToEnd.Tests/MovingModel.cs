using SdCpp.Interop.Tests;

namespace SdStudio.EndToEnd.Tests;

/// <summary>A tiny model that makes videos, in a data directory.</summary>
internal static class MovingModel
{
    /// <summary>Writes its files, and an entry that is read after those of the server.</summary>
    public static void AddTo(string data, string id)
    {
        string folder = Path.Combine(data, "models", "moving");
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(data, "video.yml"), $"models:\n{TinyVideo.Entry(id, TinyVideo.Write(folder))}");
    }
}
