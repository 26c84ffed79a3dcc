namespace SdStudio.Server.Settings;

/// <summary>Which previews running jobs make.</summary>
public enum PreviewSetting
{
    /// <summary>Decoded ones by the model's TAESD while somebody watches, where that costs little; rough ones otherwise.</summary>
    Auto = 0,

    /// <summary>Rough ones, which cost next to nothing.</summary>
    Rough = 1,

    /// <summary>Nothing.</summary>
    None = 2,

    /// <summary>Decoded ones by the model's TAESD while somebody watches, whatever they cost.</summary>
    Decoded = 3,
}
