using System.ComponentModel.DataAnnotations;

namespace SdStudio.Server.Settings;

/// <summary>The section <c>SdStudio:Images</c>.</summary>
public sealed class ImageOptions : IValidatableObject
{
    /// <summary>How long or how many images are kept, e.g. <c>30d</c>, <c>10GB</c> or both, <c>30d, 10GB</c>; empty for all. Images with a star stay.</summary>
    public string Keep { get; set; } = "";

    /// <summary>
    /// The folder of images, input images and thumbnails; empty for the data directory. Machines that share a database have them in it then, or in
    /// this folder, which each of them mounts.
    /// </summary>
    public string Directory { get; set; } = "";

    /// <summary>Whether images carry their settings as text, where a request says nothing.</summary>
    public bool Infotext { get; set; } = true;

    /// <summary>Whether images carry the mark that says that they were made by AI.</summary>
    public bool Mark { get; set; } = true;

    /// <summary>The program ffmpeg, for videos as MP4 and WebM; empty for the one on the path, <c>none</c> for no MP4 and WebM.</summary>
    public string Ffmpeg { get; set; } = "";

    internal KeepRule? KeepRule => Settings.KeepRule.Parse(Keep);

    IEnumerable<ValidationResult> IValidatableObject.Validate(ValidationContext validationContext)
    {
        if (Keep.Trim().Length > 0 && KeepRule is null)
            yield return new($"SdStudio:Images:Keep is '{Keep}'; allowed is a time like 12h or 30d, a size like 500MB or 10GB, or both with a comma between");
    }
}
