using System.ComponentModel.DataAnnotations;
using System.Net;

namespace SdStudio.Server.Settings;

/// <summary>The section <c>SdStudio:Security</c>.</summary>
public sealed class SecurityOptions : IValidatableObject
{
    private const int MinKeyCharacters = 8;

    /// <summary>The key that clients must show; empty for none.</summary>
    public string ApiKey { get; set; } = "";

    /// <summary>More keys, by the names of those who have them: each gets its turn in the queue.</summary>
    public Dictionary<string, string> ApiKeys { get; set; } = [];

    /// <summary>Lets a server without a key listen beyond this machine.</summary>
    public bool AllowOpenAccess { get; set; }

    /// <summary>Web pages of other origins that may use the API, e.g. <c>https://example.org</c>; <c>*</c> for any.</summary>
    public List<string> CorsOrigins { get; set; } = [];

    /// <summary>The proxies whose X-Forwarded-For, -Proto, -Host and -Prefix are believed: addresses, or networks like <c>10.0.0.0/8</c>.</summary>
    public List<string> Proxies { get; set; } = [];

    internal bool HasKeys => ApiKey.Length > 0 || ApiKeys.Count > 0;

    IEnumerable<ValidationResult> IValidatableObject.Validate(ValidationContext validationContext)
    {
        if (ApiKey.Length is > 0 and < MinKeyCharacters)
            yield return new($"SdStudio:Security:ApiKey has {ApiKey.Length} characters; a key needs at least {MinKeyCharacters}");
        foreach (string proxy in Proxies.Where(proxy => !IPAddress.TryParse(proxy, out _) && !IPNetwork.TryParse(proxy, out _)))
            yield return new($"SdStudio:Security:Proxies has {proxy}; allowed are addresses, e.g. 127.0.0.1, and networks, e.g. 10.0.0.0/8");
        foreach ((string name, string key) in ApiKeys)
        {
            if (name is "" or OwnerScope.Administrator)
                yield return new($"SdStudio:Security:ApiKeys:{name} cannot be used: the name {OwnerScope.Administrator} belongs to the administrator, whose key is SdStudio:Security:ApiKey");
            if (key.Length < MinKeyCharacters)
                yield return new($"SdStudio:Security:ApiKeys:{name} has {key.Length} characters; a key needs at least {MinKeyCharacters}");
        }
    }
}
