using System.Text.Json;
using SdStudio.Server.Generation;

namespace SdStudio.Server.Http.Requests;

/// <summary>What is said of a refiner on every surface: the second model of an image, which Automatic1111 exchanges for the first in the middle of it.</summary>
internal static class RefinerNote
{
    /// <summary>Its fields.</summary>
    public static readonly string[] Fields = ["refiner_checkpoint", "refiner_switch_at"];

    /// <summary>The sentence; null for a request that names none.</summary>
    public static string? Of(IReadOnlyDictionary<string, JsonElement> fields) =>
        fields.TryGetValue(Fields[0], out JsonElement value) && RequestFields.TextOf(value) is { } name && !TextValues.IsNoName(name)
            ? $"refiner_checkpoint '{RequestFields.Shown(name)}': the engine exchanges no models in the middle of an image; the first model makes all steps. " +
              "A second pass with another model is an edit (img2img) with that one, at a strength (denoising_strength) of about 0.3"
            : null;
}
