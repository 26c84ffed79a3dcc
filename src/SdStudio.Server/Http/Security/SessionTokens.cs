using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace SdStudio.Server.Http.Security;

/// <summary>
/// What the page's cookie holds in place of the key: an end and its signature, made of a slow hash of the key. It outlives a restart,
/// ends with the key, and who finds it cannot find the key from it.
/// </summary>
internal sealed class SessionTokens
{
    private const int Iterations = 100_000;
    private static readonly byte[] Salt = "SdStudio session"u8.ToArray();
    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(30);

    private readonly TimeProvider _time;
    private readonly Lazy<List<(string Owner, byte[] Key)>> _keys;

    public SessionTokens(IReadOnlyList<(string Owner, string Key)> keys, TimeProvider time)
    {
        _time = time;
        // Slow on purpose: done when the first page logs in.
        _keys = new(() => [.. keys.Select(named => (named.Owner, Rfc2898DeriveBytes.Pbkdf2(named.Key, Salt, Iterations, HashAlgorithmName.SHA256, 32)))]);
    }

    public (string Token, DateTimeOffset End) Issue(string owner)
    {
        DateTimeOffset end = _time.GetUtcNow() + Lifetime;
        long seconds = end.ToUnixTimeSeconds();
        return (string.Create(CultureInfo.InvariantCulture, $"{seconds}.{Sign(_keys.Value.Find(known => known.Owner == owner).Key, seconds)}"), end);
    }

    /// <summary>Whose a token is; null when it is nobody's, or has ended.</summary>
    public string? OwnerOf(string token)
    {
        int dot = token.IndexOf('.', StringComparison.Ordinal);
        if (dot < 1 || !long.TryParse(token.AsSpan(0, dot), NumberStyles.None, CultureInfo.InvariantCulture, out long end) || end < _time.GetUtcNow().ToUnixTimeSeconds())
            return null;
        byte[] signature = Encoding.ASCII.GetBytes(token[(dot + 1)..]);
        string? owner = null;
        foreach ((string name, byte[] key) in _keys.Value)
        {
            if (CryptographicOperations.FixedTimeEquals(signature, Encoding.ASCII.GetBytes(Sign(key, end))))
                owner = name;
        }

        return owner;
    }

    private static string Sign(byte[] key, long end) =>
        Convert.ToHexStringLower(HMACSHA256.HashData(key, Encoding.ASCII.GetBytes(end.ToString(CultureInfo.InvariantCulture))));
}
