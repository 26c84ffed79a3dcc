using SdStudio.Server.Models.Catalogue;
using SdStudio.Server.Models.Files;

namespace SdStudio.Server.Http.Requests;

/// <summary>The files that requests name: models of the catalogue, what their headers say, LoRAs, wildcards and styles.</summary>
internal sealed class KnownFiles(ModelCatalogue catalogue, ModelFileCache models, LoraFolder loras, PromptReader prompts)
{
    public ModelCatalogue Catalogue => catalogue;

    public ModelFileCache Models => models;

    public LoraFolder Loras => loras;

    /// <summary>Wildcards and styles.</summary>
    public PromptReader Prompts => prompts;
}
