using System.ComponentModel.DataAnnotations;

namespace SdStudio.Server.Settings;

/// <summary>The section <c>SdStudio:Downloads</c>.</summary>
public sealed class DownloadOptions : IValidatableObject
{
    /// <summary>The hub's address, or that of a mirror which speaks its protocol.</summary>
    public string HubAddress { get; set; } = Environment.GetEnvironmentVariable("HF_ENDPOINT") is { Length: > 0 } address ? address : "https://huggingface.co";

    /// <summary>For gated and private repositories; empty for none.</summary>
    public string Token { get; set; } = Environment.GetEnvironmentVariable("HF_TOKEN") ?? "";

    /// <summary>The hosts whose addresses <c>POST /api/models/add</c> takes, as <c>example.com</c> or <c>*.example.com</c>; the hub needs no entry.</summary>
    public List<string> AllowedHosts { get; set; } = [];

    /// <summary>Parts of one file that are fetched at the same time.</summary>
    [Allowed(1, 16)]
    public int Connections { get; set; } = 4;

    /// <summary>The size of a part, MiB: as much as a break can cost.</summary>
    [Allowed(1, 1024)]
    public int PartMiB { get; set; } = 32;

    /// <summary>The first wait before a try is repeated; each further one is twice as long.</summary>
    [Allowed(1, 60_000)]
    public int RetryMilliseconds { get; set; } = 500;

    /// <summary>A connection on which nothing comes for so long is given up.</summary>
    [Allowed(1, 3600)]
    public int StallSeconds { get; set; } = 60;

    IEnumerable<ValidationResult> IValidatableObject.Validate(ValidationContext validationContext)
    {
        if (!Uri.TryCreate(HubAddress, UriKind.Absolute, out Uri? address) || address.Scheme is not ("http" or "https"))
            yield return new($"SdStudio:Downloads:HubAddress is '{HubAddress}'; allowed is an http or https address");
    }
}
