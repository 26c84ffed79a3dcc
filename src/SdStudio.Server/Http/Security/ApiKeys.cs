using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;
using SdStudio.Server.Http.Nodes;
using SdStudio.Server.Http.Requests;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Http.Security;

/// <summary>Authenticates requests when API keys are configured.</summary>
internal sealed class ApiKeys
{
    private const string OwnerItem = "SdStudio.Owner";
    private const string SessionCookie = "sdstudio_session";
    private const string Unauthorized = "Unauthorized";
    private const string WrongKey = "The API key is wrong";
    private const string MissingKey = "Missing API key. Use the header Authorization: Bearer KEY or X-Api-Key: KEY";
    private const string OthersToo = "This affects everybody: only the administrator's API key may do it";
    private const string ResultItem = "SdStudio.KeyResult";

    // These say nothing of what people generate.
    private static readonly string[] Open = ["/api/health", "/api/config", "/api/login", "/api/logout"];

    // The page's files and the description tell nothing of anybody.
    private static readonly string[] Guarded = ["/api", "/ws", "/sdapi", "/controlnet", "/sdcpp", "/v1", "/static", "/metrics", "/mcp"];

    // Where browsers cannot send a header.
    private static readonly string[] KeyInQuery = ["/ws", "/api/events", "/api/images", "/api/generations", "/api/queue", "/static"];

    private readonly List<(string Owner, byte[] Hash)> _keys;
    private readonly List<byte[]> _nodeKeys;
    private readonly WrongKeys _wrongKeys;
    private readonly SessionTokens _sessions;

    public ApiKeys(IOptions<StudioOptions> options, WrongKeys wrongKeys, TimeProvider time)
    {
        SecurityOptions security = options.Value.Security;
        _wrongKeys = wrongKeys;
        List<(string Owner, string Key)> keys = [.. security.ApiKeys.Select(named => (named.Key, named.Value))];
        if (security.ApiKey.Length > 0)
            keys.Add((OwnerScope.Administrator, security.ApiKey));
        _keys = [.. keys.Select(named => (named.Owner, Hash(named.Key)))];
        _nodeKeys = [.. new[] { options.Value.Node.Key, options.Value.Node.FormerKey }.Where(key => key.Length > 0).Select(Hash)];
        _sessions = new SessionTokens(keys, time);
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
        if (context.Request.Headers[NodeCalls.KeyHeader] is [{ Length: > 0 } shown])
            return CheckNode(context, Hash(shown));
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
        if (context.Request.Cookies[SessionCookie] is not { Length: > 0 } token)
            return (presented, false, null);
        context.Items[OwnerItem] = _sessions.OwnerOf(token);
        return (true, context.Items[OwnerItem] is not null, null);
    }

    // Another machine of the studio: it has checked whose request it sends on.
    private (bool Presented, bool Valid, TimeSpan? Wait) CheckNode(HttpContext context, byte[] hash)
    {
        if (_wrongKeys.Wait(context.Connection.RemoteIpAddress, hash) is { } wait)
            return (true, false, wait);
        bool isValid = false;
        foreach (byte[] known in _nodeKeys)
            isValid |= CryptographicOperations.FixedTimeEquals(hash, known);
        if (isValid)
        {
            _wrongKeys.Remember(context.Connection.RemoteIpAddress, hash);
            context.Items[OwnerItem] = OwnerScope.Administrator;
        }
        else
        {
            _wrongKeys.Count(context.Connection.RemoteIpAddress);
        }

        return (true, isValid, null);
    }

    /// <summary>Gives a page its cookie.</summary>
    /// <param name="context">Its request.</param>
    /// <param name="key">The key that it shows.</param>
    /// <returns>Null when the key is right; else how long it has to wait before it may show another.</returns>
    public TimeSpan? BeginSession(HttpContext context, string key)
    {
        byte[] hash = Hash(key);
        if (_wrongKeys.Wait(context.Connection.RemoteIpAddress, hash) is { } wait)
            return wait;
        if (Find(hash) is not { } owner)
        {
            _wrongKeys.Count(context.Connection.RemoteIpAddress);
            return TimeSpan.Zero;
        }

        _wrongKeys.Remember(context.Connection.RemoteIpAddress, hash);
        (string token, DateTimeOffset end) = _sessions.Issue(owner);
        context.Response.Cookies.Append(SessionCookie, token, CookieOf(context, end));
        return null;
    }

    /// <summary>Takes the cookie back.</summary>
    public static void EndSession(HttpContext context) => context.Response.Cookies.Delete(SessionCookie, CookieOf(context, end: null));

    /// <summary>Answers that a key is wrong, or that its address has to wait.</summary>
    public static async Task<IResult> RefuseAsync(HttpContext context, TimeSpan wait)
    {
        if (wait > TimeSpan.Zero)
            await RefuseForNowAsync(context, wait);
        else
            await ApiErrors.WriteAsync(context, StatusCodes.Status401Unauthorized, Unauthorized, WrongKey);
        return Results.Empty;
    }

    private static CookieOptions CookieOf(HttpContext context, DateTimeOffset? end) => new()
    {
        HttpOnly = true, SameSite = SameSiteMode.Strict, Path = context.Request.PathBase + "/", Expires = end,
        Secure = context.Request.IsHttps || context.Request.Headers["X-Forwarded-Proto"].ToString() == Uri.UriSchemeHttps,
    };

    private static Task RefuseForNowAsync(HttpContext context, TimeSpan wait)
    {
        string seconds = Math.Ceiling(Math.Max(1, wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        context.Response.Headers.RetryAfter = seconds;
        return ApiErrors.WriteAsync(
            context, StatusCodes.Status429TooManyRequests, "Too many wrong API keys came from this address", $"Try again in {seconds} s");
    }

    public async Task CheckAsync(HttpContext context, RequestDelegate next)
    {
        (bool presented, bool valid, TimeSpan? wait) = AreNeeded ? Authenticate(context) : (false, true, null);
        if (wait is { } time)
            await RefuseForNowAsync(context, time);
        else if (!valid && !IsOpen(context.Request))
            await ApiErrors.WriteAsync(context, StatusCodes.Status401Unauthorized, Unauthorized, presented ? WrongKey : MissingKey);
        else if (context.GetEndpoint()?.Metadata.GetMetadata<AdministratorOnly>() is not null && ScopeOf(context).Owner is not null)
            await ApiErrors.WriteAsync(context, StatusCodes.Status403Forbidden, OthersToo, "Use the key in SdStudio:Security:ApiKey");
        else
            await next(context);
    }

    // Every key is compared to its end: the time taken reveals neither which key matched nor how much of it.
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
        || !Array.Exists(Guarded, path => Guards(request, path));

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
