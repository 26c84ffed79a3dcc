using System.Text.Json.Nodes;
using SdStudio.Server.Generation;
using SdStudio.Server.Models.Catalogue;

namespace SdStudio.Server.Workers;

/// <summary>The fields that another server is asked with.</summary>
internal static class RemoteFields
{
    /// <summary>What every server of OpenAI's images API knows.</summary>
    public static JsonObject Known(RemoteModel remote, GenerationSettings settings) => new()
    {
        // LoRAs as everybody writes them: a server that has them by these names finds them in the words.
        ["model"] = remote.Model, ["prompt"] = Infotext.PromptOf(settings with { People = null }), ["n"] = settings.Count,
        // Of the first pass, where there are two.
        ["size"] = new ImageSize(settings.Hires?.Width ?? settings.Width, settings.Hires?.Height ?? settings.Height).ToString(),
    };

    /// <summary>What another studio knows as well: every parameter that the table forwards.</summary>
    public static JsonObject More(GenerationSettings settings)
    {
        var fields = new JsonObject();
        foreach (Parameter parameter in Parameters.All.Where(parameter => parameter.Forwarded))
        {
            if (parameter.Get!(settings) is { } value)
                fields[parameter.Name] = InfotextReader.ToJson(value);
        }

        fields["on_disconnect"] = "cancel";
        fields["response_format"] = "b64_json";
        return fields;
    }

    /// <summary>Whom or what the images of the other server look like.</summary>
    public static JsonObject Identity(IdentitySetting identity, IEnumerable<byte[]> images)
    {
        var field = new JsonObject { ["model"] = identity.Model, ["strength"] = identity.Strength };
        if (identity.Embedding is { } embedding)
            field["embedding"] = embedding;
        if (images.Select(image => (JsonNode)Convert.ToBase64String(image)).ToArray() is { Length: > 0 } sent)
            field["images"] = new JsonArray(sent);
        return field;
    }

    /// <summary>What a ControlNet of the other server follows.</summary>
    public static JsonArray Control(ControlSetting control, byte[] image) => new(new JsonObject
    {
        ["model"] = control.Net, ["weight"] = control.Weight, ["preprocessor"] = control.Preprocessor, ["low_threshold"] = control.LowThreshold,
        ["high_threshold"] = control.HighThreshold, ["image"] = Convert.ToBase64String(image),
    });
}
