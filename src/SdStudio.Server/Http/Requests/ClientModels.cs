using SdStudio.Server.Models.Cache;
using SdStudio.Server.Models.Catalogue;
using SdStudio.Server.Models.Files;

namespace SdStudio.Server.Http.Requests;

/// <summary>The models of the catalogue under the names that Automatic1111's and OpenAI's clients have for them.</summary>
internal sealed class ClientModels(ModelCatalogue catalogue, FileHashes hashes)
{
    // What clients send that know OpenAI's models only.
    private static readonly string[] OpenAiNames = ["dall-e-2", "dall-e-3", "chatgpt-image-latest"];
    private const string OpenAiPrefix = "gpt-image-";

    /// <summary>The models that can generate now: these clients cannot show that others are missing.</summary>
    public IEnumerable<ModelDefinition> All => catalogue.ModelsAnywhere.Where(model => model.Unsupported is null && catalogue.IsUsable(model));

    /// <summary>The name that lists show: the model's own, with its id where two have one name.</summary>
    public string TitleOf(ModelDefinition model) =>
        catalogue.ModelsAnywhere.Any(other => other.Id != model.Id && other.Name.Equals(model.Name, StringComparison.OrdinalIgnoreCase)) ? $"{model.Name} ({model.Id})" : model.Name;

    /// <summary>The first ten digits of the SHA-256 of its main file, once it is known.</summary>
    public string? HashOf(ModelDefinition model) => Sha256Of(model) is { } hash ? FileHashes.Short(hash) : null;

    public string? Sha256Of(ModelDefinition model) => hashes.Known(model.MainFile);

    /// <summary>A model by its title, id, name, file or hash, in any case; never by a part of one.</summary>
    public ModelDefinition? Find(string text)
    {
        string wanted = text.Trim();
        // As people write it in models.yml: models/file.
        if (wanted.StartsWith("models/", StringComparison.OrdinalIgnoreCase) || wanted.StartsWith("./models/", StringComparison.OrdinalIgnoreCase))
            wanted = Path.GetFileName(wanted);
        ModelDefinition? model = catalogue.FindAnywhere(wanted) ?? catalogue.ModelsAnywhere.FirstOrDefault(model => NamesOf(model).Contains(wanted, StringComparer.OrdinalIgnoreCase));
        // "name.safetensors [0a1b2c3d4e]" as Automatic1111 writes it.
        int bracket = wanted.LastIndexOf(" [", StringComparison.Ordinal);
        return model ?? (bracket > 0 && wanted.EndsWith(']') ? Find(wanted[..bracket]) : null);
    }

    /// <summary>The default model for text-to-image, or the first that has its files; null for none.</summary>
    public ModelDefinition? DefaultTextToImage => FirstUsable(catalogue.DefaultTextToImage ?? catalogue.Default);

    /// <summary>The error of requests for a model whose files are missing.</summary>
    public static BadRequestException WithoutFiles(ModelDefinition model) => new(
        $"Model '{model.Id}' has no file {model.Files.First(file => !File.Exists(file.FullPath)).Written} on this server",
        $"Fetch it with POST /api/models/download {{\"modelId\": \"{model.Id}\"}}, or choose another model", StatusCodes.Status409Conflict);

    /// <summary>The error of requests that name no model when none can be used.</summary>
    public BadRequestException NoneCanBeUsed() => catalogue.Default is { IsThere: false, Unsupported: null } model
        ? WithoutFiles(model)
        : new BadRequestException("No model can be used: models.yml names none that has its files", statusCode: StatusCodes.Status409Conflict);

    /// <summary>The error of requests for a video that name no model when none can make one.</summary>
    public static BadRequestException NoneMakesVideos(VideoModels makers) =>
        new($"No model of this server can make a video now: {makers.Those()}", statusCode: StatusCodes.Status409Conflict);

    /// <summary>As <see cref="Find"/>; OpenAI's own models are the default one.</summary>
    public ModelDefinition? FindForOpenAi(string? text, bool fromImage)
    {
        ModelDefinition? usual = fromImage ? FirstUsable(catalogue.DefaultImageToImage) : DefaultTextToImage;
        if (string.IsNullOrWhiteSpace(text))
            return usual;
        return Find(text) ?? (IsOpenAiName(text) ? usual : null);
    }

    public static bool IsOpenAiName(string text) =>
        OpenAiNames.Contains(text, StringComparer.OrdinalIgnoreCase) || text.StartsWith(OpenAiPrefix, StringComparison.OrdinalIgnoreCase);

    /// <exception cref="BadRequestException">Nobody has its files.</exception>
    public ModelDefinition Usable(ModelDefinition model) => catalogue.IsUsable(model) ? model : throw WithoutFiles(model);

    private ModelDefinition? FirstUsable(ModelDefinition? model) =>
        model is { Unsupported: null } && catalogue.IsUsable(model) ? model : All.OrderBy(other => other.IsThere ? 0 : 1).FirstOrDefault();

    private IEnumerable<string> NamesOf(ModelDefinition model)
    {
        yield return TitleOf(model);
        yield return model.Id;
        yield return model.Name;
        yield return Path.GetFileName(model.MainFile);
        yield return Path.GetFileNameWithoutExtension(model.MainFile);
        if (Sha256Of(model) is { } sha256)
        {
            yield return sha256;
            yield return FileHashes.Short(sha256);
        }
    }
}
