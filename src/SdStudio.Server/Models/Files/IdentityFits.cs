using SdCpp.Interop;
using SdStudio.Server.Models.Catalogue;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Models.Files;

/// <summary>What keeps the likeness of an image: the files of the folder <c>identities</c>.</summary>
internal sealed class IdentityFolder(DataFolders folders) : NamedFiles(Path.Combine(folders.Root, "identities"));

/// <summary>The ways in which a model keeps a likeness.</summary>
internal enum IdentityKind
{
    /// <summary>A file of another kind.</summary>
    None,
    IpAdapter,
    PhotoMaker,
    Pulid,

    /// <summary>A person's embedding, for PuLID.</summary>
    Embedding,

    /// <summary>What IP-Adapters see images with.</summary>
    ImageEncoder,
}

/// <summary>Which of the identities go with which model, by the names in their files.</summary>
internal sealed class IdentityFits(IdentityFolder folder, ModelFileCache files)
{
    private static readonly Dictionary<IdentityKind, (string Name, ModelFamily[] Families)> Kinds = new()
    {
        [IdentityKind.IpAdapter] = ("an IP-Adapter", [ModelFamily.Sd1, ModelFamily.Sd2, ModelFamily.Sdxl]),
        [IdentityKind.PhotoMaker] = ("PhotoMaker", [ModelFamily.Sdxl]),
        [IdentityKind.Pulid] = ("PuLID", [ModelFamily.Flux]),
    };

    // What only such files have, in this order: PhotoMaker brings its own image encoder.
    private static readonly (string Part, IdentityKind Kind)[] Marks =
    [
        ("pulid_ca.", IdentityKind.Pulid), ("pulid_id", IdentityKind.Embedding), ("fuse_module.", IdentityKind.PhotoMaker), ("visual_projection_2.", IdentityKind.PhotoMaker),
        ("ip_adapter.", IdentityKind.IpAdapter), ("image_proj.", IdentityKind.IpAdapter), ("vision_model.", IdentityKind.ImageEncoder),
    ];

    /// <summary>Every one that requests may name.</summary>
    public IReadOnlyList<string> Names => [.. folder.Names.Where(name => Kinds.ContainsKey(KindOf(name)))];

    /// <summary>The names of those that go with a model.</summary>
    public IReadOnlyList<string> Of(ModelDefinition model) => model.Remote is not null || !model.IsThere ? [] : [.. Names.Where(name => Problem(model, name) is null)];

    /// <summary>What a file of the folder is.</summary>
    public IdentityKind KindOf(string name) => folder.Find(name) is { } path && files.Of(ModelFileCache.At(path)) is { } file
        ? Marks.FirstOrDefault(mark => file.Tensors.Any(tensor => tensor.Name.Contains(mark.Part, StringComparison.Ordinal))).Kind
        : IdentityKind.None;

    /// <summary>Why an identity does not go with a model, in a sentence; null when it does.</summary>
    public string? Problem(ModelDefinition model, string name)
    {
        if (!Kinds.TryGetValue(KindOf(name), out (string Name, ModelFamily[] Families) kind))
            return $"there is no IP-Adapter, PhotoMaker or PuLID '{name}'; {(Names is { Count: > 0 } names ? $"allowed is one of: {string.Join(", ", names)}" : "the folder identities has none")}";
        ModelFamily family = model.Files.Count == 0 ? ModelFamily.Unknown : files.Of(ModelFileCache.At(model.MainFile))?.Family ?? ModelFamily.Unknown;
        if (!kind.Families.Contains(family))
            return $"{name} is {kind.Name}, which the engine has for {string.Join(", ", kind.Families)}, and the model {model.Id} is {(family == ModelFamily.Unknown ? "of a family that is not known" : $"{family}")}";
        return KindOf(name) == IdentityKind.IpAdapter && model.Options.ClipVisionPath is null && ImageEncoder is null
            ? $"{name} is an IP-Adapter, which needs an image encoder: put the file (CLIP vision) into the folder identities, or name it by --clip_vision in the model's entry"
            : null;
    }

    /// <summary>Why an embedding is none of a person, in a sentence; null when it is one.</summary>
    public string? EmbeddingProblem(string name) => KindOf(name) == IdentityKind.Embedding ? null
        : $"there is no embedding of a person '{name}'; PuLID needs one, a GGUF file with a tensor pulid_id in the folder identities: the engine makes none from images";

    /// <summary>The file of an identity or an embedding.</summary>
    /// <exception cref="SdException">It is gone.</exception>
    public string Require(string name) => folder.Find(name) ?? throw new SdException(SdError.InvalidArgument, $"{name} no longer exists in the folder identities.");

    /// <summary>A model's files with an identity among them.</summary>
    public DiffusionModelOptions With(DiffusionModelOptions options, string name)
    {
        string path = Require(name);
        return KindOf(name) switch
        {
            IdentityKind.IpAdapter => options with { IpAdapterPath = path, ClipVisionPath = options.ClipVisionPath ?? ImageEncoder },
            IdentityKind.PhotoMaker => options with { PhotoMakerPath = path },
            IdentityKind.Pulid => options with { PulidPath = path },
            _ => throw new SdException(SdError.InvalidArgument, $"{name} is no longer an IP-Adapter, PhotoMaker or PuLID."),
        };
    }

    private string? ImageEncoder => folder.Names.FirstOrDefault(name => KindOf(name) == IdentityKind.ImageEncoder) is { } name ? folder.Find(name) : null;
}
