using System.Net;
using Microsoft.Extensions.Options;
using SdStudio.Server.Http.Requests;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Http.Security;

/// <summary>
/// Keeps web pages of other sites from using a server that needs no key: a browser posts forms and opens WebSockets anywhere without
/// asking, and a name that resolves to this machine gets past the rules about origins.
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
                context, StatusCodes.Status403Forbidden, $"The name {request.Host.Host} is not this machine's",
                "Without an API key the server answers to localhost and to addresses only. Set SdStudio:Security:ApiKey to use names");
            return;
        }

        bool asks = HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method) || HttpMethods.IsOptions(request.Method);
        if ((!asks || context.WebSockets.IsWebSocketRequest) && request.Headers.Origin is [{ Length: > 0 } origin] && !IsAllowed(origin, request))
        {
            await ApiErrors.WriteAsync(
                context, StatusCodes.Status403Forbidden, $"Pages of {RequestFields.Shown(origin)} may not use this server",
                "Name the origin in SdStudio:Security:CorsOrigins");
            return;
        }

        await next(context);
    }

    private bool IsAllowed(string origin, HttpRequest request) =>
        _security.CorsOrigins.Exists(allowed => allowed == "*" || allowed.TrimEnd('/').Equals(origin, StringComparison.OrdinalIgnoreCase))
        || (Uri.TryCreate(origin, UriKind.Absolute, out Uri? uri) && uri.Authority.Equals(request.Host.Value, StringComparison.OrdinalIgnoreCase));

    private static bool IsThisMachine(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || host.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase)
        || IPAddress.TryParse(host.Trim('[', ']'), out _);
}
