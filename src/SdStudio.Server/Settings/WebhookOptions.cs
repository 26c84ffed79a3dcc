using System.ComponentModel.DataAnnotations;

namespace SdStudio.Server.Settings;

/// <summary>An entry of the section <c>SdStudio:Webhooks</c>: somebody who is told of jobs that end.</summary>
public sealed class WebhookOptions
{
    private const string Prefix = "whsec_";
    private const int MinSecretBytes = 24;
    private const int MaxSecretBytes = 64;

    /// <summary>Where messages are sent.</summary>
    public string Url { get; set; } = "";

    /// <summary>What messages are signed with: <c>whsec_</c> and the base64 of 24 to 64 random bytes.</summary>
    public string Secret { get; set; } = "";

    /// <summary>The name of the API key whose jobs it is told of; empty for everybody's.</summary>
    public string Key { get; set; } = "";

    /// <summary>Whether the address may be in this machine's or a private network.</summary>
    public bool AllowPrivateAddresses { get; set; }

    /// <summary>The bytes of <see cref="Secret"/>; null when it is none.</summary>
    internal byte[]? SecretBytes()
    {
        var bytes = new byte[MaxSecretBytes];
        return Secret.StartsWith(Prefix, StringComparison.Ordinal) && Convert.TryFromBase64String(Secret[Prefix.Length..], bytes, out int length) && length >= MinSecretBytes
            ? bytes[..length] : null;
    }

    internal IEnumerable<ValidationResult> Problems(string name)
    {
        if (!Uri.TryCreate(Url, UriKind.Absolute, out Uri? url) || (url.Scheme != Uri.UriSchemeHttps && url.Scheme != Uri.UriSchemeHttp))
            yield return new($"SdStudio:Webhooks:{name}:Url is '{Url}'; allowed is an address like https://example.org/hook");
        if (SecretBytes() is null)
            yield return new($"SdStudio:Webhooks:{name}:Secret is none; allowed is {Prefix} and the base64 of {MinSecretBytes} to {MaxSecretBytes} random bytes, as `echo {Prefix}$(head -c 32 /dev/urandom | base64)` writes it");
    }
}
