namespace SdStudio.Server.Generation;

/// <summary>What a ControlNet follows.</summary>
/// <param name="Net">By its name in the folder of ControlNets.</param>
/// <param name="Weight">How closely, 0 to 2.</param>
/// <param name="Preprocessor">One of <see cref="Preprocessors"/>.</param>
internal sealed record ControlSetting(string Net, double Weight, string Preprocessor)
{
    public const string None = "none";
    public const string Canny = "canny";
    public const string Invert = "invert";

    /// <summary>What can be done to an image before a net sees it.</summary>
    public static IReadOnlyList<string> Preprocessors { get; } = [None, Canny, Invert];

    /// <summary>The image, relative to the data directory.</summary>
    public string Image { get; init; } = "";

    /// <summary>Of the edges that canny finds, 0 to 1; null for the engine's own.</summary>
    public double? LowThreshold { get; init; }

    /// <summary>Of the edges that canny finds, 0 to 1; null for the engine's own.</summary>
    public double? HighThreshold { get; init; }

    /// <summary>As the extension for Automatic1111 writes it into infotexts.</summary>
    public override string ToString() => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"Module: {Preprocessor}, Model: {Net}, Weight: {Weight}");
}
