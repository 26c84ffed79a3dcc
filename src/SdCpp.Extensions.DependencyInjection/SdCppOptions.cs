namespace SdCpp.Interop;

/// <summary>Which engine and which model <see cref="SdCppModel"/> loads.</summary>
public sealed class SdCppOptions
{
    /// <summary>Which engine the process uses: one for all models. Null for what fits the machine.</summary>
    public SdEngineOptions? Engine { get; set; }

    /// <summary>The model's files and how to load them.</summary>
    public DiffusionModelOptions? Model { get; set; }

    /// <summary>Whether the engine's log lines, outside and inside of loads, go to the logger <c>SdCpp.Interop.SdCppModel</c>.</summary>
    public bool LogEngine { get; set; } = true;
}
