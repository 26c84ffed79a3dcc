using SdCpp.Interop;

namespace SdStudio.Server.Models.Downloads;

/// <summary>
/// A file that somebody adds: what it is for, where it comes from and what it is called here. As text it is kept in the place of a model's id, so
/// that an interrupted download is resumed like every other.
/// </summary>
/// <param name="Kind">One of <see cref="Kinds"/>.</param>
/// <param name="Name">The file's name here.</param>
/// <param name="Repo">The repository on the hub; empty for an address.</param>
/// <param name="Revision">Of the repository.</param>
/// <param name="Source">The path in the repository, or the address.</param>
/// <param name="Sha256">What its content must be; null when nobody said.</param>
internal sealed record AddedFile(string Kind, string Name, string Repo, string Revision, string Source, string? Sha256)
{
    private const string Mark = "add:";
    private const int MaxName = 200;
    private const string NameCharacters = " ._-+()[]@,=";

    // The folders that the server looks into, and what the files there must be.
    private static readonly Dictionary<string, (string Folder, ModelRole[] Roles)> Places = new(StringComparer.Ordinal)
    {
        ["model"] = ("models", [ModelRole.Checkpoint, ModelRole.DiffusionModel, ModelRole.TextEncoder]),
        ["lora"] = ("loras", [ModelRole.Lora]),
        ["vae"] = ("vae", [ModelRole.Vae, ModelRole.Taesd]),
        ["upscaler"] = ("upscalers", [ModelRole.Upscaler]),
        ["controlnet"] = ("controlnets", [ModelRole.ControlNet]),
        ["embedding"] = ("embeddings", [ModelRole.Embedding]),
    };

    private static readonly string[] Extensions = [".safetensors", ".gguf"];
    private static readonly string[] PyTorch = [".pth", ".pt", ".ckpt", ".bin", ".pkl"];

    /// <summary>What can be added.</summary>
    public static IReadOnlyCollection<string> Kinds => Places.Keys;

    /// <summary>Where it goes, as answers show it.</summary>
    public string Written => $"{Places[Kind].Folder}/{Name}";

    /// <summary>Where it is to be downloaded from, and to.</summary>
    public HubEntry EntryIn(string root) => new(Repo, Revision, Repo.Length > 0 ? Source : Name, Written, Path.Combine(root, Places[Kind].Folder, Name))
    {
        Url = Repo.Length > 0 ? null : new Uri(Source), Sha256 = Sha256, Kind = Kind,
    };

    /// <summary>The text that stands for it.</summary>
    public override string ToString() => Mark + string.Join(' ', new[] { Kind, Name, Repo, Revision, Source, Sha256 ?? "" }.Select(Uri.EscapeDataString));

    /// <summary>What a text stands for; null for a model's id.</summary>
    public static AddedFile? Parse(string text) =>
        text.StartsWith(Mark, StringComparison.Ordinal) && text[Mark.Length..].Split(' ') is [{ } kind, { } name, { } repo, { } revision, { } source, { } sha256] && Places.ContainsKey(kind)
            ? new AddedFile(kind, Uri.UnescapeDataString(name), Uri.UnescapeDataString(repo), Uri.UnescapeDataString(revision), Uri.UnescapeDataString(source), sha256.Length == 0 ? null : sha256)
            : null;

    /// <summary>What is wrong with a file's name; null for nothing.</summary>
    public static string? NameProblem(string name)
    {
        string end = Path.GetExtension(name);
        if (PyTorch.Contains(end, StringComparer.OrdinalIgnoreCase))
            return PyTorchProblem(name);
        if (!Extensions.Contains(end, StringComparer.OrdinalIgnoreCase))
            return $"'{name}' does not have the extension of a model file; allowed are .safetensors and .gguf";
        return name.Length <= MaxName && name[0] != '.' && name.All(character => char.IsLetterOrDigit(character) || NameCharacters.Contains(character, StringComparison.Ordinal))
            ? null
            : $"'{name}' is no name for a file here; allowed are at most {MaxName} letters, digits and {NameCharacters.Trim()}, without folders, and no dot at its beginning";
    }

    /// <summary>Throws for a file that is not what it is added as.</summary>
    /// <param name="kind">The kind of file.</param>
    /// <param name="path">The file.</param>
    /// <param name="name">What messages call it.</param>
    /// <exception cref="SdException">Says what it is instead.</exception>
    public static void Check(string kind, string path, string name)
    {
        ModelFileInfo info;
        try
        {
            info = ModelFile.Inspect(path);
        }
        catch (SdException exception)
        {
            throw new SdException(SdError.ModelFileInvalid, exception.Message.Replace(path, name, StringComparison.Ordinal), exception);
        }

        if (info.Format == ModelFormat.PyTorch)
            throw new SdException(SdError.ModelFileInvalid, PyTorchProblem(name));
        if (!Places[kind].Roles.Contains(info.Role))
            throw new SdException(SdError.ModelFileInvalid, $"{name} is {NameOf(info.Role)}; as {kind} there can be {string.Join(" or ", Places[kind].Roles.Select(NameOf))}");
    }

    private static string PyTorchProblem(string name) =>
        $"{name} is a PyTorch file, which can carry a program; this server takes weights only. Convert it to safetensors where you trust it, in Python: "
        + "safetensors.torch.save_file(torch.load(FILE, weights_only=True, map_location=\"cpu\"), \"x.safetensors\"); of an upscaler, the inner params_ema or params where there is one";

    private static string NameOf(ModelRole role) => role switch
    {
        ModelRole.DiffusionModel => "a diffusion model without its decoder and text encoder",
        ModelRole.Vae => "a VAE",
        ModelRole.Taesd => "a tiny autoencoder",
        ModelRole.TextEncoder => "a text encoder",
        ModelRole.Lora => "a LoRA",
        ModelRole.ControlNet => "a ControlNet",
        ModelRole.Upscaler => "an upscaler",
        ModelRole.Embedding => "a textual inversion",
        ModelRole.Checkpoint => "a checkpoint",
        _ => "a file of unknown kind",
    };
}
