using System.Collections.Immutable;
using System.Globalization;
using SdCpp.Interop;

namespace SdStudio.Server.Generation;

/// <summary>What values a parameter has, and as which type <see cref="Parameter.Set"/> takes them.</summary>
internal enum ParameterKind
{
    /// <summary>A <see cref="string"/>.</summary>
    Text,

    /// <summary>A <see cref="string"/> out of <see cref="Parameter.Choices"/>.</summary>
    Choice,

    /// <summary>A <see cref="long"/>.</summary>
    Integer,

    /// <summary>A <see cref="double"/>.</summary>
    Number,

    /// <summary>A <see cref="bool"/>.</summary>
    Flag,

    /// <summary>An <see cref="IReadOnlyList{T}"/> of <see cref="int"/>.</summary>
    Integers,

    /// <summary>A list of names; read together with what they name.</summary>
    Texts,

    /// <summary><c>WIDTHxHEIGHT</c>; read together with the model.</summary>
    Size,

    /// <summary>LoRAs with weights; read together with the folder of LoRAs.</summary>
    Loras,

    /// <summary>A <see cref="Generation.Sides"/>: <c>{"left": 64}</c>, or left, top, right and bottom as four numbers.</summary>
    Sides,

    /// <summary>What ControlNets follow; read together with the folder of ControlNets.</summary>
    Controls,

    /// <summary>Whom images shall look like; read together with the folder of identities.</summary>
    Identity,

    /// <summary>A file, base64 or a data URL.</summary>
    Image,

    /// <summary>Several of them.</summary>
    Images,
}

/// <summary>The types of jobs that a parameter belongs to.</summary>
[Flags]
internal enum JobTypes
{
    None = 0,
    Generate = 1,
    Edit = 2,
    Variation = 4,
    Upscale = 8,
    Video = 16,
    FromImage = Edit | Variation,
    Still = Generate | FromImage,
    WithModel = Still | Video,
    All = WithModel | Upscale,
}

/// <summary>
/// One row of <see cref="Parameters"/>: all that the server knows of a field. Requests, the API's description, infotexts, other servers,
/// the engine's arguments and models.yml are read and written by it.
/// </summary>
/// <param name="Name">In the REST API.</param>
/// <param name="Kind">Of its values.</param>
/// <param name="Jobs">Which types of jobs take it.</param>
/// <param name="Help">Help text.</param>
internal sealed record Parameter(string Name, ParameterKind Kind, JobTypes Jobs, string Help)
{
    /// <summary>The most numbers of a list.</summary>
    public const int MaxIntegers = 100;

    private const int MaxShownCharacters = 60;

    /// <summary>Other names that requests may use.</summary>
    public IReadOnlyList<string> Aliases { get; init; } = [];

    /// <summary>Its name for Automatic1111's clients; null when they have no word for it and it is not taken from them.</summary>
    public string? A1111 { get; init; } = Name;

    /// <summary>Flags of the engine's command line programs that set it as a model's default.</summary>
    public IReadOnlyList<string> Flags { get; init; } = [];

    /// <summary>The least and the greatest value; for texts, of their bytes.</summary>
    public Func<ParameterLimits, (double Min, double Max)>? Range { get; init; }

    /// <summary>The setting that the range comes from; null when it is fixed by the engine or by the document.</summary>
    public string? LimitedBy { get; init; }

    /// <summary>All values that it may have.</summary>
    public Func<ParameterLimits, IReadOnlyList<string>>? Choices { get; init; }

    /// <summary>Whether the choices depend on the engine, so that the API's description cannot list them.</summary>
    public bool ChoicesAreTheEngines { get; init; }

    /// <summary>The choice that a name stands for, where choices have many; null for none.</summary>
    public Func<ParameterLimits, string, string?>? Resolve { get; init; }

    /// <summary>The value of requests that say nothing.</summary>
    public object? Default { get; init; }

    /// <summary>Whether a model may have a default of its own, in models.yml or in its arguments.</summary>
    public bool OfModel { get; init; }

    /// <summary>The families of models that take it; none for every one.</summary>
    public IReadOnlyList<ModelFamily> Families { get; init; } = [];

    /// <summary>The types of jobs that require it.</summary>
    public JobTypes Required { get; init; }

    /// <summary>The engine's name of the option that takes the value as it is; null when the engine request has a line for it.</summary>
    public string? Engine { get; init; }

    /// <summary>Its label in infotexts; null for none.</summary>
    public string? Label { get; init; }

    /// <summary>How infotexts write its values.</summary>
    public Func<string, string>? ValueLabel { get; init; }

    /// <summary>Whether another server is asked for it when it generates in place of this one.</summary>
    public bool Forwarded { get; init; }

    /// <summary>The value in a job's settings; null for none, and for one that changes nothing.</summary>
    public Func<GenerationSettings, object?>? Get { get; init; }

    /// <summary>Puts a value of <see cref="Kind"/> into a job's settings. Null for fields that are read together with others.</summary>
    public Func<GenerationSettings, object, GenerationSettings>? Set { get; init; }

    /// <summary>Every name of it in requests, the first one being its own.</summary>
    public ImmutableArray<string> Names => field.IsDefault ? field = [Name, .. Aliases] : field;

    /// <summary>Reads a value from text and checks it.</summary>
    /// <param name="text">As it was written.</param>
    /// <param name="limits">Those in force.</param>
    /// <param name="value">Of the type that <see cref="Kind"/> has.</param>
    public bool TryRead(string text, ParameterLimits limits, out object? value)
    {
        value = Kind switch
        {
            ParameterKind.Integer => TextValues.TryInteger(text, out long whole) && IsInRange(whole, limits) ? whole : null,
            ParameterKind.Number => TextValues.TryNumber(text, out double number) && IsInRange(number, limits) ? number : null,
            ParameterKind.Flag => TextValues.TryFlag(text, out bool flag) ? flag : null,
            ParameterKind.Integers => TextValues.TryIntegers(text, out IReadOnlyList<int> list) && list.Count <= MaxIntegers && list.All(item => IsInRange(item, limits)) ? list : null,
            ParameterKind.Sides => TextValues.TrySides(text, out Sides? sides) && IsInRange(sides.Left, limits) && IsInRange(sides.Top, limits)
                && IsInRange(sides.Right, limits) && IsInRange(sides.Bottom, limits) ? sides : null,
            ParameterKind.Choice => Resolve is not null
                ? Resolve(limits, text)
                : Choices!(limits).FirstOrDefault(choice => choice.Equals(text, StringComparison.OrdinalIgnoreCase)),
            _ => text,
        };
        return value is not null;
    }

    /// <summary>What is wrong with a value, in a sentence.</summary>
    /// <param name="name">The name that was used.</param>
    /// <param name="text">The value that was used.</param>
    /// <param name="limits">Those in force.</param>
    public string Problem(string name, string text, ParameterLimits limits) =>
        $"{name} is '{(text.Length <= MaxShownCharacters ? text : text[..MaxShownCharacters] + "…")}'; allowed is {Allowed(limits)}";

    /// <summary>What is allowed, as the end of a sentence.</summary>
    public string Allowed(ParameterLimits limits)
    {
        string range = Range is null ? "" : string.Create(CultureInfo.InvariantCulture, $" from {Range(limits).Min} to {Range(limits).Max}");
        return Kind switch
        {
            ParameterKind.Integer => "a whole number" + range,
            ParameterKind.Number => "a number" + range,
            ParameterKind.Flag => TextValues.FlagWords,
            ParameterKind.Integers => $"a list of at most {MaxIntegers} whole numbers" + range,
            ParameterKind.Sides => """{"left": …, "top": …, "right": …, "bottom": …}, each a whole number""" + range,
            ParameterKind.Choice => "one of: " + string.Join(", ", Choices!(limits)),
            _ => "text",
        };
    }

    /// <summary>A value as infotexts, forms and the engine have it.</summary>
    public static string Write(object value) => value switch
    {
        bool flag => flag ? "true" : "false",
        IReadOnlyList<int> list => string.Join(',', list),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };

    private bool IsInRange(double value, ParameterLimits limits) => Range is null || (value >= Range(limits).Min && value <= Range(limits).Max);
}
