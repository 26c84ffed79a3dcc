using System.Text.Json;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Options;
using SdCpp.Interop;
using SdStudio.Server.Http.Rest;
using SdStudio.Server.Images;
using SdStudio.Server.Queue;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Http.Requests;

/// <summary>Every error of the API leaves as <c>{"error": "..."}</c>, whatever made it.</summary>
internal static class ApiErrors
{
    public static void UseApiErrors(this WebApplication app)
    {
        app.UseExceptionHandler(new ExceptionHandlerOptions
        {
            ExceptionHandler = context => WriteAsync(context, context.Features.GetRequiredFeature<IExceptionHandlerFeature>().Error),
            // A client's mistake is no event of the server's log.
            SuppressDiagnosticsCallback = context => context.Exception is BadRequestException or ImageFormatException or BadHttpRequestException or OperationCanceledException or QueueFullException or IdempotencyKeyException,
        });
        app.UseStatusCodePages(context => WriteAsync(
            context.HttpContext,
            context.HttpContext.Response.StatusCode,
            context.HttpContext.Response.StatusCode switch
            {
                StatusCodes.Status404NotFound => "Not found",
                StatusCodes.Status405MethodNotAllowed => $"Method {context.HttpContext.Request.Method} is not allowed here",
                StatusCodes.Status415UnsupportedMediaType => RequestBody.WrongType,
                int status => ReasonPhrases.GetReasonPhrase(status),
            }));
    }

    public static IResult NotFound(string message) => Json(StatusCodes.Status404NotFound, message);

    public static IResult Json(int status, string message, string? detail = null) =>
        Results.Json(new ErrorResponse(message, detail), ApiJson.Readable.ErrorResponse, statusCode: status);

    private static Task WriteAsync(HttpContext context, Exception exception) => exception switch
    {
        BadRequestException bad => WriteAsync(context, bad.StatusCode, bad.Message, bad.Detail, bad),
        ImageFormatException image => WriteAsync(context, StatusCodes.Status400BadRequest, image.Message, image.Detail),
        BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge } => WriteAsync(
            context, StatusCodes.Status413PayloadTooLarge,
            $"The request is larger than {context.RequestServices.GetRequiredService<IOptions<StudioOptions>>().Value.Limits.MaxRequestBytes} bytes"),
        BadHttpRequestException bad => WriteAsync(context, bad.StatusCode, bad.Message),
        QueueFullException full => TooManyAsync(context, full.Message),
        IdempotencyKeyException other => WriteAsync(context, StatusCodes.Status409Conflict, other.Message),
        StorageUnavailableException => WriteAsync(
            context, StatusCodes.Status503ServiceUnavailable, "The database cannot be written or read at the moment; try again",
            "The disk may be full or the data directory read-only; the server's log says more"),
        IOException or UnauthorizedAccessException or NetVips.VipsException => WriteAsync(
            context, StatusCodes.Status503ServiceUnavailable, "A file cannot be written or read at the moment; try again",
            "The disk may be full or the data directory read-only; the server's log says more"),
        // A job's own failure is in its row: what comes here is the engine that could not be loaded. The message may name files of the server.
        SdException => WriteAsync(context, StatusCodes.Status503ServiceUnavailable, "The engine could not be loaded; the server's log says why"),
        OperationCanceledException => WriteAsync(context, StatusCodes.Status503ServiceUnavailable, "The server is stopping"),
        _ => WriteAsync(context, StatusCodes.Status500InternalServerError, "An error inside the server; its log says more"),
    };

    private static Task TooManyAsync(HttpContext context, string message)
    {
        context.Response.Headers.RetryAfter = "10";
        return WriteAsync(context, StatusCodes.Status429TooManyRequests, message);
    }

    public static Task WriteAsync(HttpContext context, int status, string message, string? detail = null, BadRequestException? bad = null)
    {
        (int Status, string Body)? client = ClientErrors.For(context.Request.Path, status, message, detail, bad);
        context.Response.StatusCode = client?.Status ?? status;
        context.Response.ContentType = "application/json; charset=utf-8";
        // Browsers ask for a password when they see it: only the surface whose clients have one says it.
        if (status == StatusCodes.Status401Unauthorized && ClientErrors.IsA1111(context.Request.Path))
            context.Response.Headers.WWWAuthenticate = "Basic realm=\"SdStudio\"";
        return client is { } shaped
            ? context.Response.WriteAsync(shaped.Body, context.RequestAborted)
            : JsonSerializer.SerializeAsync(context.Response.Body, new ErrorResponse(message, detail), ApiJson.Readable.ErrorResponse, context.RequestAborted);
    }
}
