namespace SdCpp.Interop;

/// <summary>Decodes and encodes in tiles: less memory, more time.</summary>
public sealed record VaeTiling
{
    /// <summary>Width of a tile in latents (8 pixels each), 0 to 4096; 0 for the engine's own.</summary>
    public int TileWidth { get; init; }

    /// <summary>Height of a tile, as <see cref="TileWidth"/>.</summary>
    public int TileHeight { get; init; }

    /// <summary>How much of a tile its neighbours generate too, 0 to 0.9.</summary>
    public float Overlap { get; init; } = 0.5f;

    /// <summary>Width of a tile in place of <see cref="TileWidth"/>: below 1 a part of the image, from 1 on the number of tiles in a row; 0 for neither.</summary>
    public float RelativeWidth { get; init; }

    /// <summary>Height of a tile, as <see cref="RelativeWidth"/>.</summary>
    public float RelativeHeight { get; init; }

    /// <summary>More of the engine's arguments for it, in its own words; null for none.</summary>
    public string? Arguments { get; init; }
}
