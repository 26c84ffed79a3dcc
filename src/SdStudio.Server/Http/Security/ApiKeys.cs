using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;
using SdStudio.Server.Http.Requests;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Http.Security;

/// <summary>Authenticates requests when API keys are configured.</summary>
internal sealed class ApiKeys
{
    private const string OwnerItem = "SdStudio.Owner";
    private const string ResultItem = "SdStudio.KeyResult";

    // These say nothing of what people generate.
    private static readonly string[] Open = ["/api/health", "/api/config"];

    // Where browsers cannot send a header.
    private static readonly string[] KeyInQuery = ["/ws", "/api/events", "/api/images", "/api/generations", "/api/queue"];

    private readonly List<(string Owner, byte[] Hash)> _keys;
    private readonly WrongKeys _wrongKeys;

    public ApiKeys(IOptions<StudioOptions> options, WrongKeys wrongKeys)
    {
        SecurityOptions security = options.Value.Security;
        _wrongKeys = wrongKeys;
        _keys = [.. security.ApiKeys.Select(named => (named.Key, Hash(named.Value)))];
        if (security.ApiKey.Length > 0)
            _keys.Add((OwnerScope.Administrator, Hash(security.ApiKey)));
    }

    public bool AreNeeded => _keys.Count > 0;

    /// <summary>Whose request it is: the name of the key; empty without keys.</summary>
    public static string OwnerOf(HttpContext context) => context.Items[OwnerItem] as string ?? "";

    /// <summary>Whose jobs, images and events a request may see and change.</summary>
    public static OwnerScope ScopeOf(HttpContext context) => OwnerScope.Of(OwnerOf(context));

    /// <summary>Checks the keys of a request.</summary>
    /// <returns>Whether it has one, whether one is valid, and how long its address has to wait when it tried too many.</returns>
    public (bool Presented, bool Valid, TimeSpan? Wait) Authenticate(HttpContext context)
    {
        if (!AreNeeded)
            return (Presented(context.Request).Any(), false, null);
        // A wrong key counts once, however often a request asks.
        if (context.Items[ResultItem] is ValueTuple<bool, bool, TimeSpan?> known)
            return known;
        (bool Presented, bool Valid, TimeSpan? Wait) result = Check(context);
        context.Items[ResultItem] = result;
        return result;
    }

    private (bool Presented, bool Valid, TimeSpan? Wait) Check(HttpContext context)
    {
        bool presented = false;
        foreach (string key in Presented(context.Request))
        {
            presented = true;
            byte[] hash = Hash(key);
            if (_wrongKeys.Wait(context.Connection.RemoteIpAddress, hash) is { } wait)
                return (true, false, wait);
            if (Find(hash) is not { } owner)
                continue;
            _wrongKeys.Remember(context.Connection.RemoteIpAddress, hash);
            context.Items[OwnerItem] = owner;
            return (true, true, null);
        }

        if (presented)
            _wrongKeys.Count(context.Connection.RemoteIpAddress);
        return (presented, false, null);
    }

    public async Task CheckAsync(HttpContext context, RequestDelegate next)
    {
        (bool presented, bool valid, TimeSpan? wait) = AreNeeded ? Authenticate(context) : (false, true, null);
        if (wait is { } time)
        {
            string seconds = Math.Ceiling(Math.Max(1, time.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
            context.Response.Headers.RetryAfter = seconds;
            await ApiErrors.WriteAsync(
                context, StatusCodes.Status429TooManyRequests, "Too many wrong API keys came from this address", $"Try again in {seconds} s");
            return;
        }

        if (valid || IsOpen(context.Request))
        {
            await next(context);
            return;
        }

        await ApiErrors.WriteAsync(
            context, StatusCodes.Status401Unauthorized, "Unauthorized",
            presented ? "The API key is wrong" : "Missing API key. Use the header Authorization: Bearer KEY or X-Api-Key: KEY");
    }

    // Every key is compared to its end: neither which one nor how much of it was right can be told by the time.
    private string? Find(byte[] hash)
    {
        string? found = null;
        foreach ((string owner, byte[] known) in _keys)
        {
            if (CryptographicOperations.FixedTimeEquals(hash, known))
                found = owner;
        }

        return found;
    }

    private static bool IsOpen(HttpRequest request) =>
        HttpMethods.IsOptions(request.Method)
        || Array.Exists(Open, path => request.Path.Equals(path, StringComparison.OrdinalIgnoreCase))
        || !(Guards(request, "/api") || Guards(request, "/ws") || Guards(request, "/sdapi") || Guards(request, "/v1"));

    private static bool Guards(HttpRequest request, string path) => request.Path.StartsWithSegments(path, StringComparison.OrdinalIgnoreCase);

    private static IEnumerable<string> Presented(HttpRequest request)
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
        bool reads = HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method);
        if (reads && Array.Exists(KeyInQuery, path => Guards(request, path)) && request.Query["api_key"] is [{ Length: > 0 } query])
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
