namespace SdStudio.Server.Settings;

/// <summary>The section <c>SdStudio:Templates</c>.</summary>
public sealed class TemplateOptions
{
    /// <summary>Whether every prompt is a template where neither its request nor the model says otherwise.</summary>
    public bool Always { get; set; }

    /// <summary>The names of the API keys whose prompts are templates where neither their requests nor the model say otherwise.</summary>
    public List<string> Keys { get; set; } = [];
}
