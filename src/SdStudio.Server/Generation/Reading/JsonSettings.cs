using System.Text.Json;

namespace SdStudio.Server.Generation.Reading;

/// <summary>Reads the settings of programs that write them as a JSON object.</summary>
internal static class JsonSettings
{
    // By program: its name of a value, and the one of infotexts.
    private static readonly (string Name, string Label)[] InvokeFields =
    [
        ("positive_prompt", "Prompt"), ("negative_prompt", "Negative prompt"), ("steps", "Steps"), ("cfg_scale", "CFG scale"), ("seed", "Seed"), ("clip_skip", "Clip skip"),
        ("strength", "Denoising strength"), ("guidance", "Distilled CFG Scale"), ("app_version", "Version"),
    ];

    private static readonly (string Name, string Label)[] SwarmFields =
    [
        ("prompt", "Prompt"), ("negativeprompt", "Negative prompt"), ("steps", "Steps"), ("cfgscale", "CFG scale"), ("seed", "Seed"), ("sampler", "Sampler"), ("scheduler", "Schedule type"),
        ("model", "Model"), ("initimagecreativity", "Denoising strength"), ("fluxguidancescale", "Distilled CFG Scale"), ("sigmashift", "Shift"), ("swarm_version", "Version"),
    ];

    private static readonly (string Name, string Label)[] FooocusFields =
    [
        ("prompt", "Prompt"), ("negative_prompt", "Negative prompt"), ("steps", "Steps"), ("guidance_scale", "CFG scale"), ("seed", "Seed"), ("sampler", "Sampler"), ("scheduler", "Schedule type"),
        ("base_model", "Model"), ("base_model_hash", "Model hash"), ("clip_skip", "Clip skip"), ("version", "Version"),
    ];

    private static readonly (string Name, string Label)[] NovelFields =
        [("prompt", "Prompt"), ("uc", "Negative prompt"), ("steps", "Steps"), ("scale", "CFG scale"), ("seed", "Seed"), ("sampler", "Sampler"), ("noise_schedule", "Schedule type"), ("strength", "Denoising strength")];

    private static readonly (string Name, string Label)[] CivitaiFields =
    [
        ("prompt", "Prompt"), ("negativePrompt", "Negative prompt"), ("steps", "Steps"), ("cfgScale", "CFG scale"), ("seed", "Seed"), ("sampler", "Sampler"), ("clipSkip", "Clip skip"),
        ("denoise", "Denoising strength"),
    ];

    private static readonly string[] ReadElsewhere =
        ["width", "height", "model", "loras", "scheduler", "loraweights", "resolution", "v4_prompt", "v4_negative_prompt", "resources", "generation_mode", "metadata_version", "loras_combined_promptonly"];

    /// <summary>The settings of an object; null when no known program has written it.</summary>
    public static FoundSettings? Read(JsonElement root, string text)
    {
        if (root.Get("sui_image_params") is { ValueKind: JsonValueKind.Object } swarm)
            return Swarm(swarm, text);
        if (root.Text("extraMetadata") is { } extra && JsonValues.Parse(extra) is { } civitai)
            return Civitai(civitai, text);
        if (root.Get("positive_prompt") is not null)
            return Invoke(root, text);
        if (root.Get("base_model") is not null && root.Get("guidance_scale") is not null)
            return Fooocus(root, text);
        if (root.Get("uc") is not null || root.Get("v4_prompt") is not null)
            return Novel(root, text);
        // ComfyUI's own file has the graph inside; an image of it that people save alone has not.
        return ComfyGraph.Read(root.Get("prompt") is { ValueKind: JsonValueKind.Object } inner ? inner : root, text);
    }

    private static FoundSettings Invoke(JsonElement root, string text)
    {
        FoundSettings found = Fields(FoundSettings.InvokeAi, text, root, InvokeFields);
        PutSize(found, root);
        PutSampler(found, root.Text("scheduler"));
        if (root.Get("model") is { } model)
            found.Put("Model", model.Text() ?? model.Text("name") ?? model.Text("model_name"));
        foreach (JsonElement lora in root.Items("loras"))
            found.AddLora((lora.Get("model") ?? lora.Get("lora"))?.Text("name") ?? (lora.Get("lora") ?? lora.Get("model"))?.Text("model_name"), lora.Text("weight"));
        return found;
    }

    private static FoundSettings Swarm(JsonElement root, string text)
    {
        FoundSettings found = Fields(FoundSettings.SwarmUi, text, root, SwarmFields);
        PutSize(found, root);
        List<JsonElement> weights = [.. root.Items("loraweights")];
        foreach ((int index, JsonElement lora) in root.Items("loras").Index())
            found.AddLora(lora.Text(), index < weights.Count ? weights[index].Text() : null);
        if (found.Values.GetValueOrDefault("Model") is { } model)
            found.Put("Model", WithoutFolder(model));
        return found;
    }

    private static FoundSettings Fooocus(JsonElement root, string text)
    {
        FoundSettings found = Fields(FoundSettings.Fooocus, text, root, FooocusFields);
        // "(1152, 896)".
        if (root.Text("resolution")?.Trim('(', ')', ' ').Split(',', StringSplitOptions.TrimEntries) is [{ } width, { } height])
            found.Put("Size", $"{width}x{height}");
        PutSampler(found, found.Values.GetValueOrDefault("Sampler"), found.Values.GetValueOrDefault("Schedule type"));
        if (found.Values.GetValueOrDefault("Model") is { } model)
            found.Put("Model", WithoutFolder(model));
        foreach (JsonElement lora in root.Items("loras").Where(lora => lora.ValueKind == JsonValueKind.Array && lora.GetArrayLength() >= 2))
            found.AddLora(lora[0].Text(), lora[1].Text());
        return found;
    }

    private static FoundSettings Novel(JsonElement root, string text)
    {
        FoundSettings found = Fields(FoundSettings.NovelAi, text, root, NovelFields);
        found.Put("Prompt", found.Values.GetValueOrDefault("Prompt") ?? root.Get("v4_prompt")?.Get("caption")?.Text("base_caption"));
        found.Put("Negative prompt", found.Values.GetValueOrDefault("Negative prompt") ?? root.Get("v4_negative_prompt")?.Get("caption")?.Text("base_caption"));
        PutSize(found, root);
        return found;
    }

    private static FoundSettings Civitai(JsonElement root, string text)
    {
        FoundSettings found = Fields(FoundSettings.Civitai, text, root, CivitaiFields);
        PutSize(found, root);
        return found;
    }

    private static FoundSettings Fields(string program, string text, JsonElement root, (string Name, string Label)[] fields)
    {
        var found = new FoundSettings(program, text);
        foreach ((string name, string label) in fields)
            found.Put(label, root.Text(name));
        foreach (JsonProperty property in root.EnumerateObject().Where(property => property.Value.ValueKind is not (JsonValueKind.Null or JsonValueKind.Object)).Take(200))
        {
            if (!Array.Exists(fields, field => property.NameEquals(field.Name)) && !Array.Exists(ReadElsewhere, name => property.NameEquals(name)) && NameOf(property) is { } unknown)
                found.Unknown.Add(unknown);
        }

        return found;
    }

    private static void PutSize(FoundSettings found, JsonElement root)
    {
        if (root.Text("width") is { } width && root.Text("height") is { } height)
            found.Put("Size", $"{width}x{height}");
    }

    // "dpmpp_2m_k" is a sampler and Karras in one; "_gpu" says where.
    private static void PutSampler(FoundSettings found, string? sampler, string? scheduler = null)
    {
        string? plain = sampler?.EndsWith("_gpu", StringComparison.Ordinal) == true ? sampler[..^4] : sampler;
        bool isKarras = plain?.EndsWith("_k", StringComparison.Ordinal) == true;
        found.Put("Sampler", isKarras ? plain![..^2] : plain);
        found.Put("Schedule type", scheduler ?? (isKarras ? "karras" : null));
    }

    // A point in a name is not always an extension.
    private static string WithoutFolder(string model)
    {
        string file = model.Replace('\\', '/').Split('/')[^1];
        return Path.GetExtension(file) is ".safetensors" or ".ckpt" or ".gguf" or ".sft" ? Path.GetFileNameWithoutExtension(file) : file;
    }

    private static string? NameOf(JsonProperty property)
    {
        try
        {
            return property.Name;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }
}
