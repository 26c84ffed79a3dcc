using System.ComponentModel.DataAnnotations;

namespace SdStudio.Server.Settings;

/// <summary>The section <c>SdStudio:Models</c>.</summary>
public sealed class ModelOptions : IValidatableObject
{
    /// <summary>The folder of the catalogue's YAML files; empty for the data directory.</summary>
    public string CatalogueDirectory { get; set; } = "";

    /// <summary>What relative paths in the catalogue are relative to; empty for the data directory.</summary>
    public string Root { get; set; } = "";

    /// <summary>Whether checkpoints of the folder of models are models without an entry.</summary>
    public bool Scan { get; set; } = true;

    /// <summary>Memory that loaded models may take together, MiB; 0 for three quarters of what the machine has.</summary>
    [Allowed(0, 16 * 1024 * 1024)]
    public int MemoryMiB { get; set; }

    /// <summary>How long another server may take for the images of one request, seconds.</summary>
    [Allowed(1, 86400)]
    public int RemoteTimeoutSeconds { get; set; } = 600;

    IEnumerable<ValidationResult> IValidatableObject.Validate(ValidationContext validationContext)
    {
        if (CatalogueDirectory.Length > 0 && !Directory.Exists(CatalogueDirectory))
            yield return new($"SdStudio:Models:CatalogueDirectory is '{CatalogueDirectory}'; there is no such folder");
    }
}
