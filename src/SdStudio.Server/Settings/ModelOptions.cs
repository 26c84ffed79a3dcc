namespace SdStudio.Server.Settings;

/// <summary>The section <c>SdStudio:Models</c>.</summary>
public sealed class ModelOptions
{
    /// <summary>The folder of the catalogue's YAML files; empty for the data directory.</summary>
    public string CatalogueDirectory { get; set; } = "";

    /// <summary>What relative paths in the catalogue are relative to; empty for the data directory.</summary>
    public string Root { get; set; } = "";

    /// <summary>Whether checkpoints of the folder of models are models without an entry.</summary>
    public bool Scan { get; set; } = true;

    /// <summary>Memory that loaded models may take together, MiB; 0 for three quarters of what the machine has.</summary>
    public int MemoryMiB { get; set; }

    /// <summary>How long another server may take for the images of one request, seconds.</summary>
    public int RemoteTimeoutSeconds { get; set; } = 600;

    /// <summary>What is wrong with the values, for people.</summary>
    internal IEnumerable<string> Problems()
    {
        if (MemoryMiB is < 0 or > 16 * 1024 * 1024)
            yield return $"SdStudio:Models:MemoryMiB is {MemoryMiB}; allowed is 0 to {16 * 1024 * 1024}";
        if (RemoteTimeoutSeconds is < 1 or > 86400)
            yield return $"SdStudio:Models:RemoteTimeoutSeconds is {RemoteTimeoutSeconds}; allowed is 1 to 86400";
        if (CatalogueDirectory.Length > 0 && !Directory.Exists(CatalogueDirectory))
            yield return $"SdStudio:Models:CatalogueDirectory is '{CatalogueDirectory}'; there is no such folder";
    }
}
