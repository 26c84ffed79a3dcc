namespace SdCpp.Interop;

/// <summary>What the engine measured and planned before a model is loaded: <see cref="DiffusionModel.FitAsync"/>.</summary>
public sealed class ModelFit
{
    internal ModelFit()
    {
    }

    /// <summary>Whether the model and one image of that size have room, with the settings below.</summary>
    public bool Fits { get; internal init; }

    /// <summary>Whether the settings below are needed; if not, the model fits as it is.</summary>
    public bool NeedsChanges { get; internal init; }

    /// <summary>For <see cref="DiffusionModelOptions.Backend"/>; null for the default.</summary>
    public string? Backend { get; internal init; }

    /// <summary>For <see cref="DiffusionModelOptions.ParamsBackend"/>; null for the default.</summary>
    public string? ParamsBackend { get; internal init; }

    /// <summary>For <see cref="DiffusionModelOptions.StreamLayers"/>.</summary>
    public bool StreamLayers { get; internal init; }

    /// <summary>Whether images need <see cref="ImageRequest.VaeTiling"/>.</summary>
    public bool VaeTiling { get; internal init; }

    /// <summary>What was measured, for people: the devices, and what each part of the model needs.</summary>
    public string Report { get; internal init; } = "";

    /// <summary>The options with what the plan needs.</summary>
    /// <param name="options">Those that were asked about.</param>
    public DiffusionModelOptions Apply(DiffusionModelOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return !NeedsChanges ? options : options with { Backend = Backend, ParamsBackend = ParamsBackend, StreamLayers = options.StreamLayers || StreamLayers };
    }
}
