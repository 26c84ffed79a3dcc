using System.Text.Json;

namespace SdStudio.Server.Generation.Reading;

/// <summary>
/// Reads a ComfyUI graph as its API takes it: nodes by id, each with a class and inputs, which are values or links <c>[node, output]</c>. What an
/// image was made with is found from its sampler backwards.
/// </summary>
internal sealed class ComfyGraph
{
    // Graphs of people have some hundred; the walk is bounded by this in all.
    private const int MaxVisits = 5000;
    private const int MaxNodes = 5000;
    private const int MaxUnknown = 50;

    private static readonly string[] TextNames = ["text", "prompt", "string", "value", "positive_prompt", "text_positive", "text_g", "t5xxl", "clip_l", "text_l", "populated_text"];
    private static readonly string[] ConditioningNames = ["conditioning", "conditioning_1", "conditioning_to", "cond", "guider"];
    private static readonly string[] ModelNames = ["ckpt_name", "unet_name", "gguf_name", "model_name"];

    // What the walk understands, by parts of the class.
    private static readonly string[] Understood =
        ["KSampler", "SamplerCustom", "CLIPTextEncode", "CheckpointLoader", "UNETLoader", "UnetLoader", "LoraLoader", "Latent", "VAEDecode", "VAEEncode", "VAELoader", "CLIPLoader", "SaveImage",
         "PreviewImage", "LoadImage", "RandomNoise", "Scheduler", "Guider", "FluxGuidance", "CLIPSetLastLayer", "ConditioningZeroOut", "ModelSampling", "Primitive", "Note", "Reroute"];

    private readonly Dictionary<string, JsonElement> _nodes = new(StringComparer.Ordinal);
    private readonly FoundSettings _found;
    private int _visits;

    private ComfyGraph(JsonElement graph, FoundSettings found)
    {
        _found = found;
        foreach (JsonProperty node in graph.EnumerateObject().Take(MaxNodes))
        {
            if (node.Value.Text("class_type") is not null && node.Value.Get("inputs") is { ValueKind: JsonValueKind.Object })
                _nodes[NameOf(node)] = node.Value;
        }
    }

    /// <summary>The settings of a graph; null when it is none that samples.</summary>
    public static FoundSettings? Read(JsonElement graph, string text)
    {
        var found = new FoundSettings(FoundSettings.ComfyUi, text);
        var reader = new ComfyGraph(graph, found);
        if (reader.Sampler() is not { } sampler)
            return null;
        reader.ReadSampler(sampler);
        foreach (string name in reader._nodes.Values.Select(node => node.Text("class_type")!).Where(name => !Understood.Any(part => name.Contains(part, StringComparison.Ordinal))).Distinct().Take(MaxUnknown))
            found.Unknown.Add(name);
        return found;
    }

    // Of several samplers the one that begins with noise: others refine its image.
    private JsonElement? Sampler()
    {
        List<JsonElement> samplers = [.. _nodes.Values.Where(node => ClassOf(node) is { } name && (name.Contains("KSampler", StringComparison.Ordinal) || name.StartsWith("SamplerCustom", StringComparison.Ordinal)) && !name.Contains("Select", StringComparison.Ordinal))];
        foreach (JsonElement sampler in samplers)
        {
            if (Linked(sampler, "latent_image") is { } latent && ClassOf(latent)?.Contains("Empty", StringComparison.Ordinal) == true)
                return sampler;
        }

        return samplers.Count > 0 ? samplers[0] : null;
    }

    private void ReadSampler(JsonElement sampler)
    {
        JsonElement guider = Linked(sampler, "guider") ?? sampler;
        _found.Put("Prompt", Words(guider, "positive") ?? Words(guider, "conditioning"));
        _found.Put("Negative prompt", Words(guider, "negative"));
        JsonElement? noise = Linked(sampler, "noise"), sigmas = Linked(sampler, "sigmas"), chosen = Linked(sampler, "sampler");
        _found.Put("Steps", Value(sampler, "steps") ?? Value(sigmas, "steps"));
        _found.Put("Sampler", Plain(Value(sampler, "sampler_name") ?? Value(chosen, "sampler_name")));
        _found.Put("Schedule type", Value(sampler, "scheduler") ?? Value(sigmas, "scheduler"));
        _found.Put("CFG scale", Value(guider, "cfg") ?? Value(sampler, "cfg"));
        _found.Put("Seed", Value(sampler, "seed") ?? Value(sampler, "noise_seed") ?? Value(noise, "noise_seed"));
        string? denoise = Value(sampler, "denoise") ?? Value(sigmas, "denoise");
        if (denoise is not null && TextValues.TryNumber(denoise, out double strength) && strength < 1)
            _found.Put("Denoising strength", denoise);
        _found.Put("Distilled CFG Scale", _nodes.Values.Where(node => ClassOf(node) == "FluxGuidance").Select(node => Value(node, "guidance")).FirstOrDefault());
        string? layer = _nodes.Values.Where(node => ClassOf(node) == "CLIPSetLastLayer").Select(node => Value(node, "stop_at_clip_layer")).FirstOrDefault();
        _found.Put("Clip skip", layer?.TrimStart('-'));
        if (Linked(sampler, "latent_image") is { } latent && Value(latent, "width") is { } width && Value(latent, "height") is { } height)
            _found.Put("Size", $"{width}x{height}");
        ReadModel(Linked(guider, "model") ?? Linked(sampler, "model"));
    }

    private void ReadModel(JsonElement? node)
    {
        while (node is { } now && MayVisit())
        {
            if (Value(now, "lora_name") is { } lora)
                _found.AddLora(lora, Value(now, "strength_model"));
            ReadLoraList(now);
            string? file = ModelNames.Select(name => Value(now, name)).FirstOrDefault(name => name is not null);
            if (file is not null)
            {
                string name = file.Replace('\\', '/').Split('/')[^1];
                _found.Put("Model", Path.GetFileNameWithoutExtension(name));
                return;
            }

            node = Linked(now, "model");
        }
    }

    // Loaders that take several, each as an object.
    private void ReadLoraList(JsonElement node)
    {
        foreach (JsonProperty input in node.GetProperty("inputs").EnumerateObject().Where(input => input.Value.ValueKind == JsonValueKind.Object).Take(MaxUnknown))
        {
            if (input.Value.Text("lora") is { } lora && input.Value.Text("on") != "false")
                _found.AddLora(lora, input.Value.Text("strength"));
        }
    }

    // The words behind an input of conditioning.
    private string? Words(JsonElement node, string input)
    {
        bool negative = input == "negative";
        JsonElement? now = Linked(node, input);
        while (now is { } at && MayVisit())
        {
            if (ClassOf(at) == "ConditioningZeroOut")
                return null;
            foreach (string name in TextNames)
            {
                if (TextOf(at, name) is { } text)
                    return text;
            }

            now = Linked(at, negative ? "negative" : "positive") ?? ConditioningNames.Select(name => Linked(at, name)).FirstOrDefault(linked => linked is not null);
        }

        return null;
    }

    // A text, or the text of the node that an input is linked to.
    private string? TextOf(JsonElement node, string name)
    {
        JsonElement? now = node;
        string input = name;
        while (now is { } at && MayVisit())
        {
            if (Value(at, input) is { } text)
                return text;
            now = Linked(at, input);
            input = now is { } next ? TextNames.FirstOrDefault(candidate => next.GetProperty("inputs").Get(candidate) is not null) ?? input : input;
        }

        return null;
    }

    private static string? Value(JsonElement? node, string input) => node?.GetProperty("inputs").Text(input);

    private JsonElement? Linked(JsonElement node, string input) =>
        node.GetProperty("inputs").Get(input) is { ValueKind: JsonValueKind.Array } link && link.GetArrayLength() == 2 && link[0].Text() is { } id && _nodes.TryGetValue(id, out JsonElement other) ? other : null;

    private static string? ClassOf(JsonElement node) => node.Text("class_type");

    // "_gpu" says where, not how.
    private static string? Plain(string? sampler) => sampler?.EndsWith("_gpu", StringComparison.Ordinal) == true ? sampler[..^4] : sampler;

    private bool MayVisit() => _visits++ < MaxVisits;

    private static string NameOf(JsonProperty property)
    {
        try
        {
            return property.Name;
        }
        catch (InvalidOperationException)
        {
            return "";
        }
    }
}
