namespace SdCpp.Interop;

/// <summary>Inspects files before the engine sees them: it has worse words for a bad file, and some end the process.</summary>
internal static class ModelFiles
{
    private const string ModelPlace = "model_path";
    private const string DiffusionModelPlace = "diffusion_model_path";

    /// <summary>Inspects every file of a model; throws for a bad one and for files that cannot work together.</summary>
    public static ModelFileInfo[] Check(DiffusionModelOptions options)
    {
        if (!options.Files().Any(file => file.Key is ModelPlace or DiffusionModelPlace))
        {
            throw new SdException(
                SdError.InvalidArgument,
                $"No model is named: set {nameof(options.ModelPath)} to a whole checkpoint, or {nameof(options.DiffusionModelPath)} to a diffusion model and its text encoder and VAE beside it.")
            { Option = nameof(options.ModelPath) };
        }

        (string Place, ModelFileInfo File)[] files = [.. options.Files().Select(file => (file.Key, ModelFile.Inspect(file.Value)))];
        foreach (ModelFileInfo file in files.Select(f => f.File))
            EngineLimits.Check(file);
        foreach (string path in options.Embeddings?.Values ?? [])
            EngineLimits.CheckEmbedding(ModelFile.Inspect(path));
        ModelFileInfo[] all = [.. files.Select(f => f.File)];
        ModelFileInfo? encoder = Array.Find(files, f => f.Place == "llm_path").File;
        if (CompanionFiles.FindMisplaced(files).FirstOrDefault() is { Path: { } } misplaced)
            throw new SdException(SdError.ModelFileInvalid, misplaced.Words) { File = misplaced.Path, Option = misplaced.Option };
        string[] mismatches = [.. ModelFileChecks.FindMismatches(all, encoder), .. CompanionFiles.FindMismatches(files), .. VideoModelChecks.FindFaults(files)];
        if (mismatches.Length > 0)
            throw new SdException(SdError.ModelFileInvalid, "These files do not belong together: " + string.Join(' ', mismatches));
        return ModelFileChecks.FindFault(all, encoder) is { } fault ? throw new SdException(SdError.ModelFileInvalid, fault) : all;
    }

    /// <summary>Inspects LoRAs again for each call, for they may have been replaced since; throws for one that is bad or fits nowhere.</summary>
    public static void CheckLoras(IReadOnlyList<LoraReference> loras, IReadOnlyCollection<ModelFileInfo> model)
    {
        if (loras.Count == 0)
            return;
        bool isPrebuilt = SdEngine.Load().Info.Provider == "prebuilt";
        foreach (LoraReference lora in loras)
        {
            ModelFileInfo file = ModelFile.Inspect(lora.Path);
            if (file.Format == ModelFormat.PyTorch)
                throw ModelFileErrors.Invalid(lora.Path, "is a PyTorch file; LoRAs must be safetensors or GGUF.");
            if (file.Role != ModelRole.Lora)
                throw ModelFileErrors.Invalid(lora.Path, $"is not a LoRA{Instead(file)}.");
            if (ModelFileChecks.FitOf(file, model) == LoraFit.FitsNothing)
                throw ModelFileErrors.Invalid(lora.Path, $"fits nothing in this model{MadeFor(file)}: not one of its tensors has a place there.");
            LoraChecks.Check(file, model, isPrebuilt);
        }
    }

    /// <summary>Throws for a file that is bad or no ControlNet of this model.</summary>
    /// <param name="path">The file.</param>
    /// <param name="model">The file with the diffusion model.</param>
    public static void CheckControlNet(string path, ModelFileInfo model)
    {
        (string Place, ModelFileInfo File)[] files = [(ModelPlace, model), ("control_net_path", ModelFile.Inspect(path))];
        EngineLimits.Check(files[1].File);
        if (CompanionFiles.FindMisplaced(files[1..]).FirstOrDefault() is { Path: { } } misplaced)
            throw new SdException(SdError.ModelFileInvalid, misplaced.Words) { File = path };
        if (CompanionFiles.FindMismatches(files).FirstOrDefault() is { } mismatch)
            throw new SdException(SdError.ModelFileInvalid, "These files do not belong together: " + mismatch) { File = path };
    }

    /// <summary>Throws for a file that is bad or certainly no upscaler.</summary>
    public static ModelFileInfo CheckUpscaler(string path)
    {
        ModelFileInfo file = ModelFile.Inspect(path);
        if (file.Role is not (ModelRole.Upscaler or ModelRole.Unknown))
            throw ModelFileErrors.Invalid(path, $"is not an upscaler{Instead(file)}.");
        EngineLimits.Check(file);
        if (ModelFileChecks.FindUpscalerFault(file) is { } fault)
            throw new SdException(SdError.ModelFileInvalid, fault) { File = path };
        return file;
    }

    /// <summary>The file with the diffusion model, among those of <see cref="Check"/>.</summary>
    public static ModelFileInfo MainOf(DiffusionModelOptions options, ModelFileInfo[] files)
    {
        string main = options.Files().First(file => file.Key == MainPlace(options)).Value;
        return Array.Find(files, file => file.Path == main) ?? files[0];
    }

    private static string MainPlace(DiffusionModelOptions options) =>
        options.Files().Any(file => file.Key == DiffusionModelPlace) ? DiffusionModelPlace : ModelPlace;

    private static string MadeFor(ModelFileInfo lora) =>
        lora.Family == ModelFamily.Unknown ? "" : $"; it was made for {lora.Family}";

    internal static string Instead(ModelFileInfo file) => file.Role == ModelRole.Unknown ? "" : $"; it is {NameOf(file.Role)}";

    internal static string NameOf(ModelRole role) => role switch
    {
        ModelRole.DiffusionModel => "a diffusion model",
        ModelRole.Vae => "a VAE",
        ModelRole.Taesd => "a tiny autoencoder",
        ModelRole.TextEncoder => "a text encoder",
        ModelRole.Lora => "a LoRA",
        ModelRole.ControlNet => "a ControlNet",
        ModelRole.Upscaler => "an upscaler",
        ModelRole.Embedding => "a textual inversion",
        ModelRole.Checkpoint => "a whole checkpoint",
        _ => "a file of unknown kind",
    };
}
