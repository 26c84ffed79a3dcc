using System.Text.Json.Nodes;

namespace SdStudio.Server.Tests.Reading;

/// <summary>Writes one set of settings as each program prescribes it.</summary>
internal static class ForeignSettings
{
    public const string Prompt = "a red circle, café";
    public const string Negative = "fog";

    /// <summary>What each of them means, as a request to this server.</summary>
    public static JsonObject Request(bool withNegative = true, double cfg = 7.5) => new()
    {
        ["prompt"] = Prompt, ["negative_prompt"] = withNegative ? Negative : null, ["steps"] = 20, ["sampler"] = "euler_a", ["scheduler"] = "karras", ["cfg_scale"] = cfg, ["seed"] = 42, ["size"] = "512x768",
    };

    public static string Automatic1111(string more = "") =>
        $"{Prompt}\nNegative prompt: {Negative}\nSteps: 20, Sampler: Euler a, Schedule type: Karras, CFG scale: 7.5, Seed: 42, Size: 512x768, Model hash: 0123456789, Model: some model{more}, Version: v1.10.1";

    /// <summary>Older versions have sampler and scheduler in one name.</summary>
    public static string OldAutomatic1111() => $"{Prompt}\nNegative prompt: {Negative}\nSteps: 20, Sampler: Euler a Karras, CFG scale: 7.5, Seed: 42, Size: 512x768, Model: some model, ENSD: 31337";

    public static string Comfy() => new JsonObject
    {
        ["3"] = Node("KSampler", ("seed", 42), ("steps", 20), ("cfg", 7.5), ("sampler_name", "euler_ancestral"), ("scheduler", "karras"), ("denoise", 1.0),
            ("model", Link("10")), ("positive", Link("6")), ("negative", Link("7")), ("latent_image", Link("5"))),
        ["4"] = Node("CheckpointLoaderSimple", ("ckpt_name", "folder\\some model.safetensors")),
        ["5"] = Node("EmptyLatentImage", ("width", 512), ("height", 768), ("batch_size", 1)),
        ["6"] = Node("CLIPTextEncode", ("text", Link("12")), ("clip", Link("10", 1))),
        ["7"] = Node("CLIPTextEncode", ("text", Negative), ("clip", Link("10", 1))),
        ["8"] = Node("VAEDecode", ("samples", Link("3")), ("vae", Link("4", 2))),
        ["10"] = Node("LoraLoader", ("lora_name", "soft.safetensors"), ("strength_model", 0.5), ("model", Link("4")), ("clip", Link("4", 1))),
        ["12"] = Node("PrimitiveString", ("value", Prompt)),
        ["13"] = Node("FaceDetailer", ("image", Link("8"))),
    }.ToJsonString();

    /// <summary>The nodes that models of flows are sampled with.</summary>
    public static string ComfyCustom() => new JsonObject
    {
        ["1"] = Node("SamplerCustomAdvanced", ("noise", Link("2")), ("guider", Link("3")), ("sampler", Link("4")), ("sigmas", Link("5")), ("latent_image", Link("6"))),
        ["2"] = Node("RandomNoise", ("noise_seed", 42)),
        ["3"] = Node("BasicGuider", ("model", Link("7")), ("conditioning", Link("8"))),
        ["4"] = Node("KSamplerSelect", ("sampler_name", "euler_ancestral")),
        ["5"] = Node("BasicScheduler", ("scheduler", "karras"), ("steps", 20), ("denoise", 1.0), ("model", Link("7"))),
        ["6"] = Node("EmptySD3LatentImage", ("width", 512), ("height", 768)),
        ["7"] = Node("UnetLoaderGGUF", ("unet_name", "some model.gguf")),
        ["8"] = Node("FluxGuidance", ("guidance", 3.5), ("conditioning", Link("9"))),
        ["9"] = Node("CLIPTextEncode", ("text", Prompt), ("clip", Link("11"))),
    }.ToJsonString();

    public static string Invoke() => new JsonObject
    {
        ["generation_mode"] = "sdxl_txt2img", ["positive_prompt"] = Prompt, ["negative_prompt"] = Negative, ["width"] = 512, ["height"] = 768, ["seed"] = 42, ["cfg_scale"] = 7.5, ["steps"] = 20,
        ["scheduler"] = "euler_a_k", ["cfg_rescale_multiplier"] = 0, ["model"] = new JsonObject { ["key"] = "k", ["hash"] = "blake3:0", ["name"] = "some model", ["base"] = "sdxl", ["type"] = "main" },
        ["loras"] = new JsonArray(new JsonObject { ["model"] = new JsonObject { ["name"] = "soft" }, ["weight"] = 0.5 }), ["app_version"] = "5.6.0",
    }.ToJsonString();

    public static string Swarm() => new JsonObject
    {
        ["sui_image_params"] = new JsonObject
        {
            ["prompt"] = Prompt, ["negativeprompt"] = Negative, ["model"] = "folder/some model.safetensors", ["images"] = 1, ["seed"] = 42, ["steps"] = 20, ["cfgscale"] = 7.5, ["width"] = 512,
            ["height"] = 768, ["sampler"] = "euler_ancestral", ["scheduler"] = "karras", ["loras"] = new JsonArray("soft"), ["loraweights"] = new JsonArray("0.5"), ["aspectratio"] = "2:3", ["swarm_version"] = "0.9.5",
        },
        ["sui_extra_data"] = new JsonObject { ["date"] = "2025-01-01" },
    }.ToJsonString();

    public static string Fooocus() => new JsonObject
    {
        ["adm_guidance"] = "(1.5, 0.8, 0.3)", ["base_model"] = "some model", ["base_model_hash"] = "0123456789", ["guidance_scale"] = 7.5, ["loras"] = new JsonArray(new JsonArray("soft.safetensors", 0.5, "aa")),
        ["negative_prompt"] = Negative, ["performance"] = "Speed", ["prompt"] = Prompt, ["resolution"] = "(512, 768)", ["sampler"] = "euler_ancestral", ["scheduler"] = "karras", ["seed"] = "42", ["sharpness"] = 2.0,
        ["steps"] = 20, ["styles"] = "['Fooocus V2']", ["vae"] = "Default (model)", ["version"] = "Fooocus v2.5.5",
    }.ToJsonString();

    public static string Novel() => new JsonObject
    {
        ["steps"] = 20, ["height"] = 768, ["width"] = 512, ["scale"] = 7.5, ["uncond_scale"] = 1.0, ["seed"] = 42, ["n_samples"] = 1, ["noise_schedule"] = "karras", ["sampler"] = "k_euler_ancestral", ["uc"] = Negative,
    }.ToJsonString();

    public static string CivitaiComfy()
    {
        JsonObject graph = JsonNode.Parse(Comfy())!.AsObject();
        graph["extraMetadata"] = new JsonObject
        {
            ["prompt"] = Prompt, ["negativePrompt"] = Negative, ["steps"] = 20, ["cfgScale"] = 7.5, ["sampler"] = "Euler a Karras", ["seed"] = 42, ["width"] = 512, ["height"] = 768, ["workflowId"] = "txt2img",
        }.ToJsonString();
        return graph.ToJsonString();
    }

    private static JsonArray Link(string node, int output = 0) => new(node, output);

    private static JsonObject Node(string type, params (string Name, JsonNode Value)[] inputs) =>
        new() { ["class_type"] = type, ["inputs"] = new JsonObject(inputs.Select(input => KeyValuePair.Create(input.Name, (JsonNode?)input.Value))) };
}
