using System.ComponentModel.DataAnnotations;

namespace SdStudio.Server.Settings;

/// <summary>The section <c>SdStudio:Assistant</c>: a language model that helps with words.</summary>
public sealed class AssistantOptions : IValidatableObject
{
    /// <summary>The address of an OpenAI-compatible API, e.g. <c>http://localhost:11434/v1</c>; empty for none.</summary>
    public string Endpoint { get; set; } = "";

    /// <summary>What the model is called there; empty where the server has one.</summary>
    public string Model { get; set; } = "";

    /// <summary>Its key; empty for none.</summary>
    public string ApiKey { get; set; } = "";

    /// <summary>How long an answer may take, seconds.</summary>
    [Allowed(1, 3600)]
    public int TimeoutSeconds { get; set; } = 120;

    /// <summary>Most tokens of an answer.</summary>
    [Allowed(16, 16_384)]
    public int MaxTokens { get; set; } = 1000;

    IEnumerable<ValidationResult> IValidatableObject.Validate(ValidationContext validationContext)
    {
        if (Endpoint.Length > 0 && (!Uri.TryCreate(Endpoint, UriKind.Absolute, out Uri? address) || address.Scheme is not ("http" or "https")))
            yield return new($"SdStudio:Assistant:Endpoint is '{Endpoint}'; allowed is an http or https address, or nothing");
    }
}
