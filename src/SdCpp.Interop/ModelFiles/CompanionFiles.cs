using SdCpp.Interop.Native;

namespace SdCpp.Interop;

/// <summary>
/// Files that stand beside a model and work with some families alone. The engine looks at their own tensors, and not at the model: a ControlNet
/// of SD 1.x ends the process when Z-Image or FLUX generates with it, the others change nothing and nobody is told.
/// </summary>
internal static class CompanionFiles
{
    // Width of PuLID's cross attention, and the types that the engine reads; more tokens than the published 32 it takes up to some thousands.
    private const int IdentityWidth = 2048;
    private const int MaxIdentityTokens = 1024;
    private static readonly string[] IdentityTypes = ["f32", "f16", "bf16"];

    private static readonly Dictionary<string, (string What, ModelFamily[] Families)> Places = new(StringComparer.Ordinal)
    {
        ["control_net_path"] = ("a ControlNet", ModelFileChecks.Unets),
        ["ip_adapter_path"] = ("an IP-Adapter", ModelFileChecks.Unets),
        ["motion_module_path"] = ("a motion module", ModelFileChecks.Unets),
        ["photo_maker_path"] = ("PhotoMaker", [ModelFamily.Sdxl]),
        ["pulid_weights_path"] = ("PuLID", [ModelFamily.Flux]),
        ["high_noise_diffusion_model_path"] = ("the high-noise half of a pair", [ModelFamily.Wan]),
    };

    // The engine takes from a file what it knows by name, and where another file has that already it does not mind what this one is.
    private static readonly Dictionary<string, ModelRole[]> Roles = new(StringComparer.Ordinal)
    {
        ["model_path"] = [ModelRole.Checkpoint, ModelRole.DiffusionModel],
        ["diffusion_model_path"] = [ModelRole.DiffusionModel, ModelRole.Checkpoint],
        ["high_noise_diffusion_model_path"] = [ModelRole.DiffusionModel, ModelRole.Checkpoint],
        ["uncond_diffusion_model_path"] = [ModelRole.DiffusionModel, ModelRole.Checkpoint],
        ["vae_path"] = [ModelRole.Vae, ModelRole.Checkpoint],
        ["taesd_path"] = [ModelRole.Taesd],
        ["control_net_path"] = [ModelRole.ControlNet],
        ["clip_l_path"] = [ModelRole.TextEncoder, ModelRole.Checkpoint],
        ["clip_g_path"] = [ModelRole.TextEncoder, ModelRole.Checkpoint],
        ["t5xxl_path"] = [ModelRole.TextEncoder, ModelRole.Checkpoint],
        ["llm_path"] = [ModelRole.TextEncoder, ModelRole.Checkpoint],
    };

    /// <summary>Files that are certainly something else than they are given as, in words for people.</summary>
    public static IEnumerable<(string Path, string Option, string Words)> FindMisplaced((string Place, ModelFileInfo File)[] files) =>
        from f in files
        where f.File.Role != ModelRole.Unknown && Roles.TryGetValue(f.Place, out ModelRole[]? allowed) && !allowed.Contains(f.File.Role)
        let option = OptionNames.PropertyOf(f.Place)
        select (f.File.Path, option, $"{f.File.Path} is {ModelFiles.NameOf(f.File.Role)}; {option} needs {ModelFiles.NameOf(Roles[f.Place][0])}.");

    /// <summary>What cannot work with the model among these files, in words for people.</summary>
    public static IEnumerable<string> FindMismatches((string Place, ModelFileInfo File)[] files)
    {
        ModelFileInfo? model = Array.Find(files, f => f.Place == "diffusion_model_path").File ?? Array.Find(files, f => f.Place == "model_path").File;
        // The names in a PyTorch file are not read.
        if (model is null || model.Format == ModelFormat.PyTorch)
            yield break;
        foreach ((string place, ModelFileInfo file) in files)
        {
            if (!Places.TryGetValue(place, out (string What, ModelFamily[] Families) known))
                continue;
            if (!known.Families.Contains(model.Family))
                yield return $"{file.Path} is given as {known.What}, which the engine has for {string.Join(", ", known.Families)}, but {model.Path} is {NameOf(model.Family)}.";
            else if (file.Family != ModelFamily.Unknown && file.Family != model.Family)
                yield return $"{file.Path} was made for {file.Family}, but {model.Path} is {model.Family}.";
        }
    }

    /// <summary>
    /// Throws for a file that is no person's embedding for PuLID: of one with another width the engine dies, for the rest it generates somebody else
    /// and says so in its log alone.
    /// </summary>
    public static void CheckIdentity(ImageRequest request)
    {
        if (RequestOptions.FileOf(request, "pulid_params.id_embedding_path", request.Pulid?.EmbeddingPath) is not { } path)
            return;
        if (request.SkipLayers is not null)
            throw new SdException(SdError.InvalidArgument, "Pulid: the engine leaves the person out when layers are skipped; leave out SkipLayers or Pulid.");
        ModelFileInfo file = ModelFile.Inspect(path);
        ModelTensor? person = file.Format == ModelFormat.Gguf ? file.Tensors.FirstOrDefault(t => t.Name == "pulid_id") : null;
        if (person is null)
            throw ModelFileErrors.Invalid(path, "is no embedding of a person for PuLID: that is a GGUF file with a tensor 'pulid_id'.");
        if (!IdentityTypes.Contains(person.Type) || person.Shape is not ([IdentityWidth] or [>= 1 and <= MaxIdentityTokens, IdentityWidth]))
        {
            throw ModelFileErrors.Invalid(path,
                $"has a person's embedding of {string.Join(" × ", person.Shape)} numbers of type {person.Type}; PuLID takes 1 to {MaxIdentityTokens} × {IdentityWidth} of {string.Join(", ", IdentityTypes)}.");
        }
    }

    private static string NameOf(ModelFamily family) => family == ModelFamily.Unknown ? "of a family that is not known" : $"{family}";
}
