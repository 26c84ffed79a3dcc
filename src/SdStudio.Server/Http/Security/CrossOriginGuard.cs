using System.Net;
using Microsoft.Extensions.Options;
using SdStudio.Server.Http.Requests;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Http.Security;

/// <summary>
/// Keeps web pages of other sites from using the server: a browser posts forms, loads addresses and opens WebSockets anywhere without
/// asking, and a name that resolves to this machine gets past the rules about origins. It stands after routing and after the WebSocket
/// middleware: it has to know which endpoint a request reaches, and whether it is a handshake.
/// </summary>
internal sealed class CrossOriginGuard(IOptions<StudioOptions> options)
{
    private readonly SecurityOptions _security = options.Value.Security;

    public async Task CheckAsync(HttpContext context, RequestDelegate next)
    {
        HttpRequest request = context.Request;
        if (!_security.HasKeys && !_security.AllowOpenAccess && !IsThisMachine(request.Host.Host))
        {
            await ApiErrors.WriteAsync(
                context, StatusCodes.Status403Forbidden, $"The name {RequestFields.Shown(request.Host.Host)} is not this machine's",
                "Without an API key the server answers to localhost and to addresses only. Set SdStudio:Security:ApiKey to use names");
            return;
        }

        if (IsGuarded(context) && ForeignOrigin(request) is { } origin)
        {
            await ApiErrors.WriteAsync(
                context, StatusCodes.Status403Forbidden, $"Pages of {RequestFields.Shown(origin)} may not use this server",
                "Name the origin in SdStudio:Security:CorsOrigins");
            return;
        }

        await next(context);
    }

    private static bool IsGuarded(HttpContext context)
    {
        string method = context.Request.Method;
        bool reads = HttpMethods.IsGet(method) || HttpMethods.IsHead(method) || HttpMethods.IsOptions(method);
        return !reads || context.WebSockets.IsWebSocketRequest || context.GetEndpoint()?.Metadata.GetMetadata<SameOriginOnly>() is not null;
    }

    /// <summary>The origin of the page behind a request, when it may not send it; null for programs and for allowed pages.</summary>
    private string? ForeignOrigin(HttpRequest request)
    {
        if (request.Headers.Origin is [{ Length: > 0 } origin])
            return IsAllowed(origin, request) ? null : origin;
        // An image or a link sends no origin; browsers say where it stands. "none" is what a person typed.
        string site = request.Headers["Sec-Fetch-Site"].ToString();
        return site is "" or "same-origin" or "none" || _security.CorsOrigins.Contains("*") ? null : "another site";
    }

    private bool IsAllowed(string origin, HttpRequest request) =>
        _security.CorsOrigins.Exists(allowed => allowed == "*" || allowed.TrimEnd('/').Equals(origin, StringComparison.OrdinalIgnoreCase))
        || origin.Equals($"{Scheme(request)}://{request.Host.Value}", StringComparison.OrdinalIgnoreCase);

    // A proxy that ends TLS names the scheme in a header that no page of another site can set.
    private static string Scheme(HttpRequest request) =>
        request.Headers["X-Forwarded-Proto"].ToString() is "https" ? Uri.UriSchemeHttps : request.Scheme;

    private static bool IsThisMachine(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || host.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase)
        || IPAddress.TryParse(host.Trim('[', ']'), out _);
}

/// <summary>Marks a GET that changes something, or that streams what others do: pages of other sites may not send it.</summary>
internal sealed class SameOriginOnly
{
    public static SameOriginOnly Instance { get; } = new();
}

/// <summary>The mark as endpoints get it.</summary>
internal static class SameOriginConvention
{
    public static TBuilder RequireSameOrigin<TBuilder>(this TBuilder endpoint)
        where TBuilder : IEndpointConventionBuilder => endpoint.WithMetadata(SameOriginOnly.Instance);
}
