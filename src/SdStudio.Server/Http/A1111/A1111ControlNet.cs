using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using SdStudio.Server.Generation;
using SdStudio.Server.Http.Requests;
using SdStudio.Server.Models.Catalogue;
using SdStudio.Server.Models.Files;

namespace SdStudio.Server.Http.A1111;

/// <summary>The units of the ControlNet extension, under its new names and its old ones, in the words of the REST API.</summary>
internal sealed class A1111ControlNet(ControlNetFits nets, List<string> notes)
{
    private const string Script = "controlnet";
    private const double Thresholds = 255;
    private static readonly string[] ImageNames = ["image", "input_image"];

    /// <summary>The units of a request; none when it has none.</summary>
    public static IReadOnlyList<JsonElement> UnitsOf(IReadOnlyDictionary<string, JsonElement> fields) =>
        fields.TryGetValue("alwayson_scripts", out JsonElement scripts) && scripts.ValueKind == JsonValueKind.Object
        && scripts.EnumerateObject().FirstOrDefault(script => IsThis(script.Name)).Value is { ValueKind: JsonValueKind.Object } script
        && script.TryGetProperty("args", out JsonElement args) && args.ValueKind == JsonValueKind.Array
            ? [.. args.EnumerateArray().Where(unit => unit.ValueKind == JsonValueKind.Object)]
            : [];

    public static bool IsThis(string script) => script.Equals(Script, StringComparison.OrdinalIgnoreCase);

    /// <summary>The unit that is followed, as <c>control</c>, and its image; null for none.</summary>
    /// <param name="fields">Of the request.</param>
    /// <param name="fromImage">Whether there is an input image, which a unit without one follows.</param>
    /// <param name="model">That generates.</param>
    public A1111Followed? Read(IReadOnlyDictionary<string, JsonElement> fields, bool fromImage, ModelDefinition? model)
    {
        A1111Followed? followed = null;
        foreach ((int index, JsonElement json) in UnitsOf(fields).Index())
        {
            var unit = new RequestFields(json.EnumerateObject().ToDictionary(property => property.Name, property => property.Value, StringComparer.Ordinal));
            byte[]? image = ImageOf(json);
            // Its newest code takes a unit that says nothing for disabled, and older clients mean the opposite: an image tells.
            if (!(unit.Flag("enabled") ?? image is not null))
                continue;
            string? problem = followed is not null ? "the engine follows one ControlNet at a time" : Problem(unit, image, fromImage, model);
            unit.ThrowIfRefused();
            if (problem is not null)
                notes.Add($"ControlNet unit {index}: {problem}; it is left out");
            else
                followed = new A1111Followed(Translated(unit, index), image, unit.Flag("save_detected_map") ?? true);
        }

        return followed;
    }

    /// <summary>A name of a model as its lists show it, without what some clients put behind it.</summary>
    public static string NameOf(string text) => text.LastIndexOf(" [", StringComparison.Ordinal) is > 0 and int bracket && text.EndsWith(']') ? text[..bracket] : text;

    /// <summary>The preprocessor of that name; null for one that is not here.</summary>
    public static string? Preprocessor(string? module) => module?.ToUpperInvariant() switch
    {
        null or "" or "NONE" => ControlSetting.None,
        "CANNY" => ControlSetting.Canny,
        { } name when name.StartsWith("INVERT", StringComparison.Ordinal) => ControlSetting.Invert,
        _ => null,
    };

    /// <summary>A threshold of 0 to 255, or of 0 to 1, as the engine has it; null for none.</summary>
    public static double? Threshold(double? given) => given is { } value and >= 0 ? Math.Clamp(value > 1 ? value / Thresholds : value, 0, 1) : null;

    private string? Problem(RequestFields unit, byte[]? image, bool fromImage, ModelDefinition? model)
    {
        if (image is null && !fromImage)
            return "it has no image";
        if (Preprocessor(unit.Text("module")) is null)
            return $"there is no module '{RequestFields.Shown(unit.Text("module")!)}' here, only {string.Join(", ", ControlSetting.Preprocessors)}; send its result with module none";
        if (unit.Text("model") is not { } net || A1111GenerationReader.IsDefaultName(net))
            return "it names no model";
        return model is { Remote: null } ? nets.Problem(model, NameOf(net)) : null;
    }

    private JsonElement Translated(RequestFields unit, int index)
    {
        double weight = unit.Number(double.MinValue, double.MaxValue, "weight") ?? 1;
        Left(unit, index);
        double? low = Threshold(unit.Number(double.MinValue, double.MaxValue, "threshold_a")), high = Threshold(unit.Number(double.MinValue, double.MaxValue, "threshold_b"));
        var control = new JsonObject
        {
            ["model"] = NameOf(unit.Text("model")!), ["weight"] = Math.Clamp(weight, 0, 2), ["preprocessor"] = Preprocessor(unit.Text("module")),
        };
        if (low is not null && high is not null && low <= high)
            (control["low_threshold"], control["high_threshold"]) = (low, high);
        unit.ThrowIfRefused();
        using JsonDocument list = JsonDocument.Parse(new JsonArray(control).ToJsonString());
        return list.RootElement.Clone();
    }

    // What a unit asks for and the engine has not.
    private void Left(RequestFields unit, int index)
    {
        List<string> left = [];
        double start = unit.Number(double.MinValue, double.MaxValue, "guidance_start") ?? 0, end = unit.Number(double.MinValue, double.MaxValue, "guidance_end") ?? 1;
        if (start > 0 || end < 1)
            left.Add(string.Create(CultureInfo.InvariantCulture, $"guidance from {start} to {end} (it is followed from the first step to the last)"));
        if (unit.Text("control_mode") is { } mode && mode is not ("0" or "Balanced"))
            left.Add($"control_mode {RequestFields.Shown(mode)} (it is balanced)");
        if (unit.Text("resize_mode") is { } resize && resize is not ("1" or "Crop and Resize" or "Inner Fit (Scale to Fit)"))
            left.Add($"resize_mode {RequestFields.Shown(resize)} (the image is cropped to the result's shape)");
        if (left.Count > 0)
            notes.Add($"ControlNet unit {index}: not the engine's, and done otherwise: {string.Join(", ", left)}");
    }

    private static byte[]? ImageOf(JsonElement unit)
    {
        foreach (string name in ImageNames)
        {
            if (unit.TryGetProperty(name, out JsonElement image) && EncodedImage.TextOf(image) is { } text)
                return EncodedImage.Decode(text, $"alwayson_scripts.controlnet {name}");
        }

        return null;
    }
}

/// <summary>What of the units is followed.</summary>
/// <param name="Control">In the words of the REST API.</param>
/// <param name="Image">Its image; null for the input image.</param>
/// <param name="IsMapWanted">Whether what the net sees is sent behind the images, as the extension does without being asked.</param>
internal sealed record A1111Followed(JsonElement Control, byte[]? Image, bool IsMapWanted);
