using System.Text.Json;
using SdStudio.Server.Http.Requests;

namespace SdStudio.Server.Http.A1111;

/// <summary>The fields of Automatic1111 that this server does not use, for the notes of an answer.</summary>
internal static class A1111Ignored
{
    private static readonly string[] NotSupported =
    [
        "subseed_strength", "seed_resize_from_w", "seed_resize_from_h", "restore_faces", "script_name", "alwayson_scripts",
        "s_churn", "s_tmin", "s_tmax", "s_noise", "s_min_uncond", "initial_noise_multiplier", "latent_mask", "firstpass_image",
    ];

    // They mean nothing at 1, their default.
    private static readonly string[] OneIsNone = ["s_noise", "initial_noise_multiplier"];

    public static void Note(RequestBody body, List<string> notes)
    {
        if (RefinerNote.Of(body.Fields) is { } refiner)
            notes.Add(refiner);
        if (NotSupported.Where(name => IsSet(body.Fields, name)).ToList() is { Count: > 0 } ignored)
            notes.Add($"Not supported by this server and left out: {string.Join(", ", ignored)}");
    }

    private static bool IsSet(IReadOnlyDictionary<string, JsonElement> values, string name) => values.TryGetValue(name, out JsonElement value) && value.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.Number => value.GetDouble() is not (0 or -1) && (value.GetDouble() != 1 || !OneIsNone.Contains(name)),
        JsonValueKind.String => !A1111GenerationReader.IsDefaultName(RequestFields.TextOf(value)),
        JsonValueKind.Array => value.GetArrayLength() > 0,
        JsonValueKind.Object => value.EnumerateObject().Any(script => !A1111ControlNet.IsThis(script.Name) && !A1111DynamicPrompts.IsThis(script.Name)),
        _ => false,
    };
}
