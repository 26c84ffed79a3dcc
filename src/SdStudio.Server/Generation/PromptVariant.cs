namespace SdStudio.Server.Generation;

/// <summary>What one image of a template is generated from: its own words.</summary>
internal sealed record PromptVariant(string Prompt, string? NegativePrompt, IReadOnlyList<LoraSetting>? Loras);
