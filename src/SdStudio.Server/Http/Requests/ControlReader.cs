using System.Text.Json;
using SdStudio.Server.Generation;
using SdStudio.Server.Models.Catalogue;

namespace SdStudio.Server.Http.Requests;

/// <summary>Reads what a ControlNet follows. The engine follows one net at a time: the first unit counts, the others are noted.</summary>
internal sealed class ControlReader(RequestFields fields, Lookups lookups)
{
    private const string Field = "control";
    private const double MaxWeight = 2;

    // What the extension for Automatic1111 has and the engine has not, and what asks for nothing.
    private static readonly (string Name, double Usual)[] Guidance = [("guidance_start", 0), ("guidance_end", 1)];

    /// <summary>The image that the request brings for the first unit; null for none.</summary>
    /// <exception cref="BadRequestException">It is none.</exception>
    public static byte[]? ImageOf(RequestBody body, RequestFields fields)
    {
        if (body.File("control_image") is { } file)
            return file;
        return fields.List(Field) is [{ ValueKind: JsonValueKind.Object } unit, ..] && unit.TryGetProperty("image", out JsonElement image) && EncodedImage.TextOf(image) is { } text
            ? EncodedImage.Decode(text, Field)
            : null;
    }

    /// <param name="hasImage">Whether there is an image that can be followed.</param>
    /// <param name="model">That generates; null when it is unknown.</param>
    /// <param name="notes">Gets what is left out.</param>
    /// <returns>What is followed; null for nothing.</returns>
    public ControlSetting? Read(bool hasImage, ModelDefinition? model, List<string> notes)
    {
        IReadOnlyList<JsonElement> units = fields.List(Field);
        if (units.Count == 0)
            return null;
        if (units[0].ValueKind != JsonValueKind.Object)
        {
            fields.Refuse(Field, "control: each is {\"model\": \"…\", \"image\": base64, \"weight\": 1, \"preprocessor\": \"canny\"}");
            return null;
        }

        for (int i = 1; i < units.Count; i++)
            notes.Add($"control unit {i}: the engine follows one ControlNet at a time; it is left out");
        var unit = new RequestFields(units[0].EnumerateObject().ToDictionary(property => property.Name, property => property.Value, StringComparer.Ordinal));
        ControlSetting? control = ReadUnit(unit, hasImage, model, notes);
        foreach (string problem in unit.Problems)
            fields.Refuse(Field, $"control: {problem}");
        return control;
    }

    private ControlSetting? ReadUnit(RequestFields unit, bool hasImage, ModelDefinition? model, List<string> notes)
    {
        double weight = unit.Number(0, MaxWeight, "weight") ?? 1;
        string preprocessor = unit.OneOf(ControlSetting.Preprocessors, "preprocessor") ?? ControlSetting.None;
        double? low = unit.Number(0, 1, "low_threshold"), high = unit.Number(0, 1, "high_threshold");
        if (low > high)
            unit.Refuse("low_threshold", $"low_threshold is {low} and high_threshold {high}; the low one must not be above the high one");
        foreach ((string name, double usual) in Guidance)
        {
            if (unit.Number(0, 1, name) is { } asked && asked != usual)
                notes.Add($"control unit 0: {name} is not the engine's; the net is followed from the first step to the last");
        }

        if (!hasImage)
            unit.Refuse("image", "image is missing; send base64 or a data URL in it, a file in control_image, or an input image");
        if (unit.Text("model") is not { } net)
        {
            unit.Refuse("model", "model is missing; GET /api/models tells for each model which ControlNets go with it");
            return null;
        }

        // Another server has nets of its own.
        if (model is { Remote: null } && lookups.ControlNets.Problem(model, net) is { } problem)
            unit.Refuse("model", problem);
        return new ControlSetting(net, weight, preprocessor) { LowThreshold = low, HighThreshold = high };
    }
}
