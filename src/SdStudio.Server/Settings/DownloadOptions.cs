namespace SdStudio.Server.Settings;

/// <summary>The section <c>SdStudio:Downloads</c>.</summary>
public sealed class DownloadOptions
{
    /// <summary>The hub's address, or that of a mirror which speaks its protocol.</summary>
    public string HubAddress { get; set; } = Environment.GetEnvironmentVariable("HF_ENDPOINT") is { Length: > 0 } address ? address : "https://huggingface.co";

    /// <summary>For gated and private repositories; empty for none.</summary>
    public string Token { get; set; } = Environment.GetEnvironmentVariable("HF_TOKEN") ?? "";

    /// <summary>Parts of one file that are fetched at the same time.</summary>
    public int Connections { get; set; } = 4;

    /// <summary>The size of a part, MiB: as much as a break can cost.</summary>
    public int PartMiB { get; set; } = 32;

    /// <summary>The first wait before a try is repeated; each further one is twice as long.</summary>
    public int RetryMilliseconds { get; set; } = 500;

    /// <summary>A connection on which nothing comes for so long is given up.</summary>
    public int StallSeconds { get; set; } = 60;

    /// <summary>What is wrong with the values, for people.</summary>
    internal IEnumerable<string> Problems()
    {
        if (!Uri.TryCreate(HubAddress, UriKind.Absolute, out Uri? address) || address.Scheme is not ("http" or "https"))
            yield return $"SdStudio:Downloads:HubAddress is '{HubAddress}'; allowed is an http or https address";
        foreach ((string name, int value, int max) in new[]
            { ("Connections", Connections, 16), ("PartMiB", PartMiB, 1024), ("RetryMilliseconds", RetryMilliseconds, 60_000), ("StallSeconds", StallSeconds, 3600) })
        {
            if (value < 1 || value > max)
                yield return $"SdStudio:Downloads:{name} is {value}; allowed is 1 to {max}";
        }
    }
}
