namespace SdStudio.Server.Http.Pipeline;

/// <summary>What clients expect of every address: HEAD where GET is, an answer to OPTIONS, and no harm from a slash too many.</summary>
internal static class StandardMethods
{
    /// <summary>Endpoints that answer GET answer HEAD: the same headers, no body.</summary>
    public static void WithHead(this IEndpointConventionBuilder endpoints) => endpoints.Finally(endpoint =>
    {
        if (endpoint.Metadata.OfType<IHttpMethodMetadata>().LastOrDefault() is { } methods
            && methods.HttpMethods.Contains(HttpMethods.Get) && !methods.HttpMethods.Contains(HttpMethods.Head))
        {
            endpoint.Metadata.Add(new HttpMethodMetadata([.. methods.HttpMethods, HttpMethods.Head]));
        }
    });

    /// <summary>A plain OPTIONS is answered with the methods that an address has.</summary>
    public static void UseOptionsAnswers(this WebApplication app) => app.Use(async (context, next) =>
    {
        await next(context);
        if (HttpMethods.IsOptions(context.Request.Method) && context.Response is { HasStarted: false, StatusCode: StatusCodes.Status405MethodNotAllowed })
            context.Response.StatusCode = StatusCodes.Status204NoContent;
    });

    /// <summary>Clients whose base address ends in a slash ask for <c>//api/…</c>. Before routing and before the keys, which look at paths.</summary>
    public static void UseSingleSlashes(this WebApplication app) => app.Use(next => context =>
    {
        string path = context.Request.Path.Value ?? "";
        if (path.Contains("//", StringComparison.Ordinal))
        {
            while (path.Contains("//", StringComparison.Ordinal))
                path = path.Replace("//", "/", StringComparison.Ordinal);
            // A string by itself would be decoded once more.
            context.Request.Path = new PathString(path);
        }

        return next(context);
    });
}
