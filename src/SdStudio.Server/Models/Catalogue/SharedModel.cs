using System.Globalization;
using SdCpp.Interop;
using SdStudio.Server.Generation;

namespace SdStudio.Server.Models.Catalogue;

/// <summary>A model as the other machines of the studio are told of it: what requests for it are read with. Its files stay where they are.</summary>
internal sealed record SharedModel(string Id, string Name)
{
    // Nothing lies there: a machine that has such a file all the same has not got the model's entry.
    private const string Nowhere = ".on-another-machine";

    public string? Description { get; init; }

    public IReadOnlyList<string> Capabilities { get; init; } = [];

    public int Width { get; init; }

    public int Height { get; init; }

    /// <summary>What requests generate with that say nothing, by the parameter's name.</summary>
    public IReadOnlyDictionary<string, string> Defaults { get; init; } = new Dictionary<string, string>();

    public IReadOnlyDictionary<string, StepCacheSetting> StepCaches { get; init; } = new Dictionary<string, StepCacheSetting>();

    public IReadOnlyDictionary<string, string> SpeedOfQuality { get; init; } = new Dictionary<string, string>();

    /// <summary>The name of the file that makes it this model; empty for one of another server.</summary>
    public string File { get; init; } = "";

    public bool SupportsNegativePrompt { get; init; }

    public string? License { get; init; }

    /// <summary>What others are told of a model.</summary>
    public static SharedModel Of(ModelDefinition model) => new(model.Id, model.Name)
    {
        Description = model.Description, Capabilities = model.Capabilities, Width = model.DefaultSize.Width, Height = model.DefaultSize.Height,
        Defaults = model.Defaults.Values.ToDictionary(value => value.Key, value => string.Create(CultureInfo.InvariantCulture, $"{value.Value}"), StringComparer.Ordinal),
        StepCaches = model.StepCaches, SpeedOfQuality = model.SpeedOfQuality, File = model.Remote is null && model.Files.Count > 0 ? Path.GetFileName(model.MainFile) : "",
        SupportsNegativePrompt = model.SupportsNegativePrompt, License = model.License,
    };

    /// <summary>The entry that this machine reads requests with.</summary>
    public ModelDefinition ToDefinition()
    {
        var defaults = new GenerationDefaults();
        foreach ((string name, string text) in Defaults)
        {
            // A newer version may have more of them.
            if (Parameters.All.FirstOrDefault(parameter => parameter.Name == name) is { } known && GenerationDefaults.TryRead(known, name, text, out object? value, out _))
                defaults.Set(known, value);
        }

        string path = Path.Combine(Path.GetTempPath(), Nowhere, File.Length > 0 ? File : Id);
        return new ModelDefinition
        {
            Id = Id, Name = Name, Description = Description, Capabilities = Capabilities, DefaultSize = new ImageSize(Width, Height), Defaults = defaults,
            StepCaches = StepCaches, SpeedOfQuality = SpeedOfQuality, SupportsNegativePrompt = SupportsNegativePrompt, License = License,
            Options = new DiffusionModelOptions { ModelPath = path }, Files = [new ModelFileEntry(File, path)],
        };
    }
}
