using SdStudio.Tests;

namespace SdStudio.EndToEnd.Tests;

/// <summary>A tiny model that makes videos beside those that a first start brings.</summary>
internal static class MovingModel
{
    public static void AddTo(string data, string id)
    {
        Directory.CreateDirectory(data);
        File.Copy(Path.Combine(ServerProcess.Repository, "src", "SdStudio.Server", "Models", "Catalogue", "models.yml"), Path.Combine(data, "models.yml"));
        TinyVideoEntry.AddTo(data, id);
    }
}
