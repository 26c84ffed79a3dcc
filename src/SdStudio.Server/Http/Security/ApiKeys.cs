using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;
using SdStudio.Server.Http.Requests;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Http.Security;

/// <summary>Lets in who shows a key, when the server has one.</summary>
internal sealed class ApiKeys
{
    private const string OwnerItem = "SdStudio.Owner";

    // What tells nothing of what people draw.
    private static readonly string[] Open = ["/api/health", "/api/config"];

    // Where browsers cannot send a header.
    private static readonly string[] KeyInQuery = ["/ws", "/api/events", "/api/images", "/api/generations", "/api/queue"];

    private readonly List<(string Owner, byte[] Hash)> _keys;

    public ApiKeys(IOptions<StudioOptions> options)
    {
        SecurityOptions security = options.Value.Security;
        _keys = [.. security.ApiKeys.Select(named => (named.Key, Hash(named.Value)))];
        if (security.ApiKey.Length > 0)
            _keys.Add((OwnerScope.Administrator, Hash(security.ApiKey)));
    }

    public bool AreNeeded => _keys.Count > 0;

    /// <summary>Whose request it is: the name of the key; empty without keys.</summary>
    public static string OwnerOf(HttpContext context) => context.Items[OwnerItem] as string ?? "";

    /// <summary>Whose jobs, images and events a request may see and change.</summary>
    public static OwnerScope ScopeOf(HttpContext context) => OwnerScope.Of(OwnerOf(context));

    /// <summary>The key of a request and whether it is right.</summary>
    public (bool Shown, bool Right) Look(HttpContext context)
    {
        bool shown = false;
        foreach (string key in Shown(context.Request))
        {
            shown = true;
            byte[] hash = Hash(key);
            // Every key is compared to its end: neither which one nor how much of it was right can be told by the time.
            string? owner = null;
            foreach ((string name, byte[] known) in _keys)
            {
                if (CryptographicOperations.FixedTimeEquals(hash, known))
                    owner = name;
            }

            if (owner is not null)
            {
                context.Items[OwnerItem] = owner;
                return (true, true);
            }
        }

        return (shown, false);
    }

    public async Task CheckAsync(HttpContext context, RequestDelegate next)
    {
        (bool shown, bool right) = AreNeeded ? Look(context) : (false, true);
        if (right || IsOpen(context.Request))
        {
            await next(context);
            return;
        }

        await ApiErrors.WriteAsync(
            context, StatusCodes.Status401Unauthorized, "Unauthorized",
            shown ? "The API key is wrong" : "Missing API key. Use the header Authorization: Bearer KEY or X-Api-Key: KEY");
    }

    private static bool IsOpen(HttpRequest request) =>
        Array.Exists(Open, path => request.Path.Equals(path, StringComparison.OrdinalIgnoreCase))
        || !(Guards(request, "/api") || Guards(request, "/ws") || Guards(request, "/sdapi") || Guards(request, "/v1"));

    private static bool Guards(HttpRequest request, string path) => request.Path.StartsWithSegments(path, StringComparison.OrdinalIgnoreCase);

    private static IEnumerable<string> Shown(HttpRequest request)
    {
        string authorization = request.Headers.Authorization.ToString();
        if (authorization.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase))
            yield return authorization["Bearer ".Length..].Trim();
        if (authorization.StartsWith("Basic ", StringComparison.OrdinalIgnoreCase) && Decoded(authorization["Basic ".Length..].Trim()) is { } pair)
        {
            // "user:key" as A1111's clients have it; the name does not matter.
            yield return pair;
            yield return pair[(pair.IndexOf(':', StringComparison.Ordinal) + 1)..];
        }

        if (request.Headers["X-Api-Key"] is [{ Length: > 0 } header])
            yield return header;
        if (HttpMethods.IsGet(request.Method) && Array.Exists(KeyInQuery, path => Guards(request, path)) && request.Query["api_key"] is [{ Length: > 0 } query])
            yield return query;
    }

    private static string? Decoded(string text)
    {
        var bytes = new byte[text.Length];
        return Convert.TryFromBase64String(text, bytes, out int length) ? Encoding.UTF8.GetString(bytes, 0, length) : null;
    }

    // Keys of different lengths become comparable in constant time.
    private static byte[] Hash(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));
}
