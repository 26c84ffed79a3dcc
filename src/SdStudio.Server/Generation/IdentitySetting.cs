using System.Globalization;

namespace SdStudio.Server.Generation;

/// <summary>Whom or what the images shall look like.</summary>
/// <param name="Model">The IP-Adapter, PhotoMaker or PuLID, by its name in the folder of identities.</param>
/// <param name="Strength">How closely, 0 to 2.</param>
internal sealed record IdentitySetting(string Model, double Strength)
{
    /// <summary>The images, relative to the data directory; null where an embedding tells.</summary>
    public IReadOnlyList<string>? Images { get; init; }

    /// <summary>The somebody of the folder of people whose images they are; null for images of the request.</summary>
    public string? Person { get; init; }

    /// <summary>The embedding of a person, for PuLID, by its name in the folder of identities; null for images.</summary>
    public string? Embedding { get; init; }

    /// <summary>For infotexts.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"Model: {Model}, Strength: {Strength}{(Person is null ? "" : $", Person: {Person}")}{(Embedding is null ? "" : $", Embedding: {Embedding}")}");
}
