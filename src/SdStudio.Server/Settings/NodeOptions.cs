using System.ComponentModel.DataAnnotations;

namespace SdStudio.Server.Settings;

/// <summary>The section <c>SdStudio:Node</c>: how the machines of a studio find and trust each other.</summary>
public sealed class NodeOptions : IValidatableObject
{
    private const int MinKeyCharacters = 16;

    /// <summary>Where the other machines reach this one, e.g. <c>https://first.example.org:3000</c>; empty for nowhere.</summary>
    public string Address { get; set; } = "";

    /// <summary>The key that the machines of a studio show each other, the same on all of them.</summary>
    public string Key { get; set; } = "";

    /// <summary>The key before this one, which is taken too: for the time in which some machines have the new one and others do not.</summary>
    public string FormerKey { get; set; } = "";

    IEnumerable<ValidationResult> IValidatableObject.Validate(ValidationContext validationContext)
    {
        if (Address.Length > 0 && (!Uri.TryCreate(Address, UriKind.Absolute, out Uri? address) || (address.Scheme != Uri.UriSchemeHttps && address.Scheme != Uri.UriSchemeHttp)))
            yield return new($"SdStudio:Node:Address is '{Address}'; allowed is an address like https://first.example.org:3000");
        if (Address.Length > 0 && Key.Length == 0)
            yield return new("SdStudio:Node:Address needs SdStudio:Node:Key, a key that all machines of the studio have, as `head -c 32 /dev/urandom | base64` writes one");
        foreach ((string name, string key) in new[] { (nameof(Key), Key), (nameof(FormerKey), FormerKey) })
        {
            if (key.Length is > 0 and < MinKeyCharacters)
                yield return new($"SdStudio:Node:{name} has {key.Length} characters; a key needs at least {MinKeyCharacters}");
        }
    }
}
