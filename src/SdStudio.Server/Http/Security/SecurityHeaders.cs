using Microsoft.Extensions.Options;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Http.Security;

/// <summary>The headers that every answer has, whoever writes it. What an endpoint has set itself stays.</summary>
internal static class SecurityHeaders
{
    private const string Nothing = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

    // A browser that opens an image by itself makes a document around it, with a style of its own.
    private const string Image = "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

    // The reference page comes with styles in its elements and one script that starts it.
    private const string Reference =
        "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; " +
        "connect-src 'self'; worker-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    public static void UseSecurityHeaders(this WebApplication app)
    {
        SecurityOptions security = app.Services.GetRequiredService<IOptions<StudioOptions>>().Value.Security;
        // Pages of any origin may read the answers: then they may show the images, too.
        string resources = security.CorsOrigins.Contains("*") ? "cross-origin" : "same-origin";
        app.Use(next => context =>
        {
            context.Response.OnStarting(() =>
            {
                Add(context, resources);
                return Task.CompletedTask;
            });
            return next(context);
        });
    }

    private static void Add(HttpContext context, string resources)
    {
        IHeaderDictionary headers = context.Response.Headers;
        string type = context.Response.ContentType ?? "";
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Resource-Policy"] = resources;
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        if (headers.ContentSecurityPolicy.Count == 0)
        {
            headers.ContentSecurityPolicy = context.Request.Path.StartsWithSegments("/docs", StringComparison.OrdinalIgnoreCase) ? Reference
                : type.StartsWith("image/", StringComparison.Ordinal) ? Image
                : Nothing;
        }

        // Answers have prompts and logs in them; what may be kept says so itself.
        if (headers.CacheControl.Count == 0)
            headers.CacheControl = "no-store";
        if (type.StartsWith("text/event-stream", StringComparison.Ordinal))
            headers["X-Accel-Buffering"] = "no";
    }
}
