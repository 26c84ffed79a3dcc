using SdStudio.Server.Images;
using SdStudio.Server.Models.Cache;
using SdStudio.Server.Models.Catalogue;
using SdStudio.Server.Models.Files;
using SdStudio.Server.Queue;

namespace SdStudio.Server.Http.Requests;

/// <summary>Where the names in requests are looked up.</summary>
internal sealed record Lookups(
    ModelCatalogue Catalogue, ModelFileCache Files, LoraFolder Loras, PeopleFolder People, ControlNetFits ControlNets, IdentityFits Identities, VaeFiles Vaes, PromptReader Prompts,
    FileHashes Hashes, OtherNodes Others, VideoModels Videos);
