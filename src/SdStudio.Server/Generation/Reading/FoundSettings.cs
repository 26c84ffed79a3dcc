namespace SdStudio.Server.Generation.Reading;

/// <summary>Settings as some program has written them, in the words of infotexts: one vocabulary for all of them.</summary>
/// <param name="Program">Which program's form it is.</param>
/// <param name="Text">The original text.</param>
internal sealed record FoundSettings(string Program, string Text)
{
    public const string Automatic1111 = "automatic1111";
    public const string ComfyUi = "comfyui";
    public const string InvokeAi = "invokeai";
    public const string SwarmUi = "swarmui";
    public const string Fooocus = "fooocus";
    public const string NovelAi = "novelai";
    public const string Civitai = "civitai";

    /// <summary>By the names of infotexts; the prompts are <c>Prompt</c> and <c>Negative prompt</c>.</summary>
    public Dictionary<string, string> Values { get; init; } = new(StringComparer.Ordinal);

    /// <summary>What the program has that this server has no word for.</summary>
    public List<string> Unknown { get; } = [];

    /// <summary>Puts a value under a name; null and nothing are left out.</summary>
    public void Put(string name, string? value)
    {
        if (!string.IsNullOrWhiteSpace(value))
            Values[name] = value;
    }

    /// <summary>Adds a LoRA as prompts have them.</summary>
    public void AddLora(string? name, string? weight)
    {
        if (name is not { Length: > 0 and <= 200 } || name == "None" || name.AsSpan().ContainsAny(":<>"))
            return;
        string file = name.Replace('\\', '/');
        string plain = file.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase) ? file[..^".safetensors".Length] : file;
        Values["Prompt"] = $"{Values.GetValueOrDefault("Prompt", "")} <lora:{plain}:{(TextValues.TryNumber(weight ?? "", out _) ? weight : "1")}>".Trim();
    }
}
