using System.Text.Json;
using SdCpp.Interop;
using SdStudio.Server.Generation;
using SdStudio.Server.Models.Catalogue;
using SdStudio.Server.Models.Files;

namespace SdStudio.Server.Http.Requests;

/// <summary>Reads whom or what the images shall look like.</summary>
internal sealed class IdentityReader(RequestFields fields, Lookups lookups)
{
    public const string Field = "identity";
    private const double MaxStrength = 2;
    private const string Shape = "{\"model\": \"…\", \"images\": [base64], \"strength\": 1}, or \"person\": \"alice\" in place of the images";

    /// <summary>The images that the request brings for it.</summary>
    /// <exception cref="BadRequestException">One of them is none.</exception>
    public static IReadOnlyList<byte[]> ImagesOf(RequestFields fields) =>
        UnitOf(fields) is { } unit && unit.TryGetProperty("images", out JsonElement images)
            ? [.. (images.ValueKind == JsonValueKind.Array ? [.. images.EnumerateArray().Take(ImageRequest.MaxImages + 1)] : new[] { images })
                .Select(image => EncodedImage.Decode(EncodedImage.TextOf(image) ?? throw NoImage(), Field))]
            : [];

    /// <param name="sent">How many images came for it.</param>
    /// <param name="named">Whom the prompt names: that is who is meant where the field says nothing.</param>
    /// <param name="model">That generates; null when it is unknown.</param>
    /// <param name="notes">Gets what is left out.</param>
    /// <returns>Who it is; null for nobody.</returns>
    public IdentitySetting? Read(int sent, IReadOnlyList<string> named, ModelDefinition? model, List<string> notes)
    {
        if (!fields.IsGiven(Field))
            return null;
        if (UnitOf(fields) is not { } json)
        {
            fields.Refuse(Field, $"{Field}: allowed is {Shape}");
            return null;
        }

        var unit = new RequestFields(json.EnumerateObject().ToDictionary(property => property.Name, property => property.Value, StringComparer.Ordinal));
        IdentitySetting? identity = ReadUnit(unit, sent, named, model, notes);
        foreach (string problem in unit.Problems)
            fields.Refuse(Field, $"{Field}: {problem}");
        return identity;
    }

    private IdentitySetting? ReadUnit(RequestFields unit, int sent, IReadOnlyList<string> named, ModelDefinition? model, List<string> notes)
    {
        double strength = unit.Number(0, MaxStrength, "strength") ?? 1;
        if (unit.Text("model") is not { } name)
        {
            unit.Refuse("model", "model is missing; GET /api/models tells for each model which identities go with it");
            return null;
        }

        // Another server has files of its own.
        if (model is { Remote: null } && lookups.Identities.Problem(model, name) is { } problem)
        {
            unit.Refuse("model", problem);
            return null;
        }

        var identity = new IdentitySetting(name, strength) { Person = sent > 0 ? null : unit.Text("person") ?? (named.Count > 0 ? named[0] : null) };
        if (model is { Remote: null } && lookups.Identities.KindOf(name) == IdentityKind.Pulid)
            return Embedded(unit, identity, sent);
        if (model is { Remote: not null } && unit.Text("embedding") is { } far)
            return identity with { Embedding = far, Person = null };
        int images = sent + (identity.Person is { } person ? Images(unit, person) : 0);
        if (identity.Person is null && sent == 0)
            unit.Refuse("images", "images is missing; send base64 or data URLs in it, or the name of somebody of the folder people in person");
        if (sent > ImageRequest.MaxImages)
            unit.Refuse("images", $"images has more than {ImageRequest.MaxImages} images");
        if (images > 1 && lookups.Identities.KindOf(name) == IdentityKind.IpAdapter)
            notes.Add($"identity: an IP-Adapter looks at one image; the first of {images} is used");
        return identity;
    }

    // PuLID knows a person by numbers that were made from photographs elsewhere.
    private IdentitySetting Embedded(RequestFields unit, IdentitySetting identity, int sent)
    {
        string embedding = unit.Text("embedding") ?? identity.Person ?? "";
        if (embedding.Length == 0)
            unit.Refuse("embedding", $"{identity.Model} is PuLID, {(sent > 0 ? "which cannot use images; name" : "which needs")} a person's embedding in the folder identities, a GGUF file with a tensor pulid_id, in embedding or person");
        else if (lookups.Identities.EmbeddingProblem(embedding) is { } problem)
            unit.Refuse("embedding", problem);
        return identity with { Embedding = embedding };
    }

    private int Images(RequestFields unit, string person)
    {
        if (lookups.People.Find(person) is { } images)
            return images.Count;
        unit.Refuse("person", $"there is no person called '{RequestFields.Shown(person)}'; {(lookups.People.Names is { Count: > 0 } names ? $"allowed is one of: {string.Join(", ", names)}" : "the folder of people is empty; POST /api/people/NAME fills it")}");
        return 0;
    }

    private static JsonElement? UnitOf(RequestFields fields)
    {
        if (fields.Json(Field) is not { } text)
            return null;
        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            JsonElement root = document.RootElement;
            if (root.ValueKind == JsonValueKind.Array && root.GetArrayLength() == 1)
                root = root[0];
            return root.ValueKind == JsonValueKind.Object ? root.Clone() : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static BadRequestException NoImage() => new([new FieldProblem(Field, $"{Field}: images contains something that is not an image; send base64 or data URLs")], detail: null);
}
