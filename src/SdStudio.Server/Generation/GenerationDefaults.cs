using System.Diagnostics.CodeAnalysis;
using SdCpp.Interop;

namespace SdStudio.Server.Generation;

/// <summary>What a model generates with where a request says nothing, by the parameters' names.</summary>
internal sealed class GenerationDefaults
{
    // What the engine takes at most; the server's own limits are for requests.
    private static readonly ParameterLimits Anything = new(ImageBuffer.MaxSide, ImageBuffer.MaxPixels, ImageRequest.MaxSteps, ImageRequest.MaxBatchCount, ImageRequest.MaxPromptBytes)
    {
        MaxFrames = VideoRequest.MaxFrames,
        Samplers = SamplerNames.KnownSamplers,
        // Those without a label of their own too.
        Schedulers = [.. SamplerNames.KnownSchedulers, "bong_tangent", "ltx2", "logit_normal", "flux2", "flux", "beta"],
    };

    private readonly Dictionary<string, object> _values = new(StringComparer.Ordinal);

    /// <summary>Defaults that are known without reading.</summary>
    public static GenerationDefaults Of(params ReadOnlySpan<(string Parameter, object Value)> values)
    {
        var defaults = new GenerationDefaults();
        foreach ((string parameter, object value) in values)
            defaults.Set(Parameters.Get(parameter), value);
        return defaults;
    }

    /// <summary>Width and height; null for those of every model.</summary>
    public ImageSize? Size { get; set; }

    /// <summary>The model's own values, by the parameter's name.</summary>
    public IReadOnlyDictionary<string, object> Values => _values;

    /// <summary>The model's own value of a parameter; null for none.</summary>
    public object? this[string parameter] => _values.GetValueOrDefault(parameter);

    /// <summary>The value of a parameter, which is the row's own when the model has none.</summary>
    public T? Value<T>(string parameter) => (this[parameter] ?? Parameters.Get(parameter).Default) is T value ? value : default;

    /// <summary>
    /// Reads a model's default as people write it. The engine need not be loaded: names of samplers and schedulers that are known here are
    /// taken under any of their names, others as they are, and told about.
    /// </summary>
    /// <param name="parameter">Whose.</param>
    /// <param name="name">What it is called there.</param>
    /// <param name="text">As written.</param>
    /// <param name="value">The value; null when it cannot be used.</param>
    /// <param name="problem">What is wrong with it; null for nothing.</param>
    public static bool TryRead(Parameter parameter, string name, string text, [NotNullWhen(true)] out object? value, out string? problem)
    {
        problem = null;
        if (parameter.TryRead(text, Anything, out value))
            return value is not null;
        string hint = parameter.Kind == ParameterKind.Number && text.Contains(',', StringComparison.Ordinal) ? $" (write {text.Replace(',', '.')}, with a point)" : "";
        value = parameter.ChoicesAreTheEngines ? text : null;
        problem = value is null
            ? $"{parameter.Problem(name, text, Anything)}{hint}; it is ignored"
            : $"{name} is '{text}', which is not a {parameter.Name} of the engine; it has {string.Join(", ", parameter.Choices!(Anything))}; requests that name none are refused";
        return value is not null;
    }

    /// <summary>Sets a parameter's value as its row reads it.</summary>
    public void Set(Parameter parameter, object value) => _values[parameter.Name] = value;
}
