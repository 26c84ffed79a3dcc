using System.Collections.Frozen;
using System.IO.Compression;
using System.Reflection;
using System.Security.Cryptography;
using Microsoft.Net.Http.Headers;

namespace SdStudio.Server.Http.Page;

/// <summary>The page at <c>/</c>: files inside the program. It uses the REST API and the events, as every other client does.</summary>
internal static class PageApi
{
    private const string Prefix = "page/";

    // Nothing but this server's own scripts and styles runs in it; images may be previews and dropped files.
    private const string Policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

    public static void MapPage(this IEndpointRouteBuilder app)
    {
        FrozenDictionary<string, PageFile> files = Read();
        app.MapGet("/", (HttpContext context) => Send(files["index.html"], context)).ExcludeFromDescription();
        foreach ((string name, PageFile file) in files)
            app.MapGet("/" + name, (HttpContext context) => Send(file, context)).ExcludeFromDescription();
    }

    private static IResult Send(PageFile file, HttpContext context)
    {
        HttpResponse response = context.Response;
        response.Headers.ContentSecurityPolicy = Policy;
        response.Headers.XContentTypeOptions = "nosniff";
        // Asked for each time and sent when it is another one: a new server never meets an old page.
        response.Headers.CacheControl = "no-cache";
        response.Headers.Vary = HeaderNames.AcceptEncoding;
        bool isPacked = context.Request.GetTypedHeaders().AcceptEncoding.Any(accepted => accepted.Value == "gzip" && accepted.Quality is not 0);
        if (isPacked)
            response.Headers.ContentEncoding = "gzip";
        return Results.Bytes(isPacked ? file.Packed : file.Bytes, file.Type, entityTag: isPacked ? file.PackedTag : file.Tag);
    }

    private static FrozenDictionary<string, PageFile> Read()
    {
        Assembly program = typeof(PageApi).Assembly;
        return program.GetManifestResourceNames().Where(name => name.StartsWith(Prefix, StringComparison.Ordinal)).ToFrozenDictionary(
            // Where it was built on Windows, folders are written otherwise.
            name => name[Prefix.Length..].Replace('\\', '/'),
            name =>
            {
                using Stream stream = program.GetManifestResourceStream(name)!;
                var bytes = new byte[stream.Length];
                stream.ReadExactly(bytes);
                string type = Path.GetExtension(name) switch
                {
                    ".html" => "text/html; charset=utf-8",
                    ".css" => "text/css; charset=utf-8",
                    ".svg" => "image/svg+xml; charset=utf-8",
                    ".json" => "application/json",
                    ".woff2" => "font/woff2",
                    _ => "text/javascript; charset=utf-8",
                };
                string hash = Convert.ToHexStringLower(SHA256.HashData(bytes))[..16];
                return new PageFile(bytes, Pack(bytes), type, new EntityTagHeaderValue($"\"{hash}\""), new EntityTagHeaderValue($"\"{hash}-gzip\""));
            });
    }

    private static byte[] Pack(byte[] bytes)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.SmallestSize))
            gzip.Write(bytes);
        return packed.ToArray();
    }

    private sealed record PageFile(byte[] Bytes, byte[] Packed, string Type, EntityTagHeaderValue Tag, EntityTagHeaderValue PackedTag);
}
