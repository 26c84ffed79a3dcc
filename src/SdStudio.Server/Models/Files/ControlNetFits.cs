using SdCpp.Interop;
using SdStudio.Server.Models.Catalogue;

namespace SdStudio.Server.Models.Files;

/// <summary>Which ControlNets go with which model, by the headers of their files.</summary>
internal sealed class ControlNetFits(ControlNetFolder nets, ModelFileCache files)
{
    private static readonly ModelFamily[] WithNets = [ModelFamily.Sd1, ModelFamily.Sd2, ModelFamily.Sdxl];

    /// <summary>The names of those that go with a model.</summary>
    public IReadOnlyList<string> Of(ModelDefinition model) => model.Remote is not null || !model.IsThere || !WithNets.Contains(FamilyOf(model))
        ? []
        : [.. nets.Names.Where(name => Problem(model, name) is null)];

    /// <summary>Why a ControlNet does not go with a model, in a sentence; null when it does.</summary>
    public string? Problem(ModelDefinition model, string name)
    {
        if (nets.Find(name) is not { } path)
            return $"there is no ControlNet '{name}'; {Allowed(model)}";
        ModelFamily family = FamilyOf(model);
        if (!WithNets.Contains(family))
            return $"the engine has ControlNets for {string.Join(", ", WithNets)}, and the model {model.Id} is {NameOf(family)}";
        return files.Of(ModelFileCache.At(path)) switch
        {
            { Role: ModelRole.ControlNet } net when net.Family == family || net.Family == ModelFamily.Unknown => null,
            { Role: ModelRole.ControlNet } net => $"{nets.NameOf(path)} was made for {net.Family}, and the model {model.Id} is {NameOf(family)}; {Allowed(model)}",
            _ => $"{nets.NameOf(path)} is not a ControlNet; {Allowed(model)}",
        };
    }

    /// <summary>The family of a model, as far as its file tells.</summary>
    public ModelFamily FamilyOf(ModelDefinition model) => model.Files.Count == 0 ? ModelFamily.Unknown : files.Of(ModelFileCache.At(model.MainFile))?.Family ?? ModelFamily.Unknown;

    private string Allowed(ModelDefinition model)
    {
        List<string> fitting = [.. nets.Names.Where(name => nets.Find(name) is { } path && files.Of(ModelFileCache.At(path)) is { Role: ModelRole.ControlNet } net && net.Family == FamilyOf(model))];
        return fitting.Count > 0 ? $"allowed is one of: {string.Join(", ", fitting)}" : $"the folder controlnets has none for the model {model.Id}";
    }

    private static string NameOf(ModelFamily family) => family == ModelFamily.Unknown ? "of a family that is not known" : $"{family}";
}
