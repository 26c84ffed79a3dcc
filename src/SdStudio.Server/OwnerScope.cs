namespace SdStudio.Server;

/// <summary>Whose jobs, images and events a caller may see and change: those of one API key, or all.</summary>
internal readonly record struct OwnerScope
{
    /// <summary>The name of the key that may do everything: the single <c>ApiKey</c> of the settings.</summary>
    public const string Administrator = "default";

    private OwnerScope(string? owner) => Owner = owner;

    /// <summary>The only owner within the scope; null when every owner is.</summary>
    public string? Owner { get; }

    /// <summary>Everybody's: the administrator's scope, and everyone's on a server without keys.</summary>
    public static OwnerScope All { get; } = new(null);

    /// <summary>The scope of a caller.</summary>
    /// <param name="owner">The name of its key; empty on a server without keys.</param>
    public static OwnerScope Of(string owner) => owner is "" or Administrator ? All : new OwnerScope(owner);

    /// <summary>Only what an owner has itself, even if it may see more.</summary>
    public static OwnerScope Only(string owner) => new(owner);

    public bool Includes(string owner) => Owner is null || Owner == owner;
}
