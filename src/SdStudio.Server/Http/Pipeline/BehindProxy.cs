using System.Net;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.Extensions.Options;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Http.Pipeline;

/// <summary>
/// A server behind a proxy: who the client is and how it came, when a known proxy says so, and a path that the server lives under. Links
/// have that path whether the proxy takes it off or not.
/// </summary>
internal static class BehindProxy
{
    public static void UseProxies(this WebApplication app)
    {
        StudioOptions options = app.Services.GetRequiredService<IOptions<StudioOptions>>().Value;
        if (options.Security.Proxies.Count > 0)
            app.UseForwardedHeaders(Headers(options.Security.Proxies));
        var configured = new PathString(options.PathBase);
        app.Use(next => context => UnderPath(context, configured, next));
    }

    private static ForwardedHeadersOptions Headers(List<string> proxies)
    {
        var headers = new ForwardedHeadersOptions
        {
            ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto | ForwardedHeaders.XForwardedHost | ForwardedHeaders.XForwardedPrefix,
            // A chain is as long as its known proxies are.
            ForwardLimit = null,
        };
        headers.KnownProxies.Clear();
        headers.KnownIPNetworks.Clear();
        foreach (string proxy in proxies)
        {
            if (IPAddress.TryParse(proxy, out IPAddress? address))
                headers.KnownProxies.Add(address);
            else
                headers.KnownIPNetworks.Add(System.Net.IPNetwork.Parse(proxy));
        }

        return headers;
    }

    private static Task UnderPath(HttpContext context, PathString configured, RequestDelegate next)
    {
        HttpRequest request = context.Request;
        // What the proxy says is nearer to the client than what the settings say; together they would be the path twice.
        PathString path = request.PathBase.HasValue ? request.PathBase : configured;
        if (path.HasValue)
        {
            request.PathBase = path;
            if (request.Path.StartsWithSegments(path, out PathString rest))
                request.Path = rest;
            if (!request.Path.HasValue)
            {
                // The page's addresses are relative to a folder.
                context.Response.Redirect($"{path}/{request.QueryString}", permanent: true, preserveMethod: true);
                return Task.CompletedTask;
            }
        }

        return next(context);
    }
}
