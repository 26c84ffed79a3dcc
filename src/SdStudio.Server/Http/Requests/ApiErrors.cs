using System.Text.Json;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Options;
using SdCpp.Interop;
using SdStudio.Server.Http.Rest;
using SdStudio.Server.Images;
using SdStudio.Server.Images.Videos;
using SdStudio.Server.Queue;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Http.Requests;

/// <summary>Every error of the API leaves as <c>{"error": "..."}</c>, or in the shape that the surface has registered for its paths.</summary>
internal static class ApiErrors
{
    private const int RetryAfterSeconds = 10;
    private const string LogSaysMore = "The server's log says more";
    private const string NotAllowed = "The data directory may not be written; check its owner and rights";

    /// <summary>The error of everything that could not be stored for want of room.</summary>
    public static RequestError DiskIsFull { get; } = new(
        StatusCodes.Status507InsufficientStorage, "The disk of the server is full: nothing was stored", "Free some space in the data directory, or delete generations, and try again");

    public static void UseApiErrors(this WebApplication app)
    {
        app.UseExceptionHandler(new ExceptionHandlerOptions
        {
            ExceptionHandler = context => WriteAsync(context, Of(context, context.Features.GetRequiredFeature<IExceptionHandlerFeature>().Error)),
            // Client errors are not logged as server errors.
            SuppressDiagnosticsCallback = context => context.Exception is OperationCanceledException or BadRequestException || Of(context.HttpContext, context.Exception).Status < StatusCodes.Status500InternalServerError,
        });
        app.UseStatusCodePages(context => WriteAsync(context.HttpContext, new RequestError(
            context.HttpContext.Response.StatusCode,
            context.HttpContext.Response.StatusCode switch
            {
                StatusCodes.Status404NotFound => "Not found",
                StatusCodes.Status405MethodNotAllowed => $"Method {context.HttpContext.Request.Method} is not allowed here",
                StatusCodes.Status415UnsupportedMediaType => RequestBody.WrongType,
                int status => ReasonPhrases.GetReasonPhrase(status),
            })));
    }

    public static NotFound<ErrorResponse> NotFound(string message, string? detail = null) => TypedResults.NotFound(new ErrorResponse(message, detail));

    public static Conflict<ErrorResponse> Conflict(string message) => TypedResults.Conflict(new ErrorResponse(message));

    /// <summary>An error whose status only the request shows; its endpoint describes it.</summary>
    public static JsonHttpResult<ErrorResponse> Json(int status, string message, string? detail = null) =>
        TypedResults.Json(new ErrorResponse(message, detail), ApiJson.Readable.ErrorResponse, statusCode: status);

    public static Task WriteAsync(HttpContext context, int status, string message, string? detail = null) => WriteAsync(context, new RequestError(status, message, detail));

    public static Task WriteAsync(HttpContext context, RequestError error)
    {
        HttpResponse response = context.Response;
        IErrorShape? shape = context.RequestServices.GetServices<IErrorShape>().FirstOrDefault(shape => shape.IsFor(context.Request.Path));
        (int status, string body) = shape?.Write(error)
            ?? (error.Status, JsonSerializer.Serialize(new ErrorResponse(error.Message, error.Detail), ApiJson.Readable.ErrorResponse));
        response.StatusCode = status;
        response.ContentType = "application/json; charset=utf-8";
        if (error.RetryAfter is { } seconds)
            response.Headers.RetryAfter = seconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        shape?.AddHeaders(error, response);
        return response.WriteAsync(body, context.RequestAborted);
    }

    /// <summary>The error that an exception is: the one place where exceptions get a status.</summary>
    public static RequestError Of(HttpContext context, Exception exception) => exception switch
    {
        BadRequestException bad => RequestError.Of(bad),
        // What ffmpeg has written only ffmpeg reads.
        VideoException video => new RequestError(StatusCodes.Status501NotImplemented, "The video's frames cannot be read here", video.Message),
        ImageFormatException image => new RequestError(StatusCodes.Status400BadRequest, image.Message, image.Detail),
        BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge } => new RequestError(
            StatusCodes.Status413PayloadTooLarge,
            $"The request is larger than {context.RequestServices.GetRequiredService<IOptions<StudioOptions>>().Value.Limits.MaxRequestBytes} bytes"),
        BadHttpRequestException bad => new RequestError(bad.StatusCode, bad.Message),
        QueueFullException full => new RequestError(StatusCodes.Status429TooManyRequests, full.Message) { RetryAfter = RetryAfterSeconds },
        IdempotencyKeyException other => new RequestError(StatusCodes.Status409Conflict, other.Message),
        FileNotFoundException or DirectoryNotFoundException => new RequestError(StatusCodes.Status404NotFound, "The file is gone from the disk of the server"),
        StorageUnavailableException { Problem: StorageProblem.Full } => DiskIsFull,
        StorageUnavailableException { Problem: StorageProblem.Refused } => new RequestError(
            StatusCodes.Status400BadRequest, "The database does not accept a value of this request; the server's log says which"),
        StorageUnavailableException storage => new RequestError(
            StatusCodes.Status503ServiceUnavailable, "The database or the disk cannot be written or read at the moment; try again", storage.Problem switch
            {
                StorageProblem.Busy => "Another program holds it, or the server of the database cannot be reached",
                StorageProblem.NotAllowed => NotAllowed,
                StorageProblem.Damaged => "Its file is damaged; the server's log says more",
                _ => LogSaysMore,
            }),
        // Where ASP.NET keeps what it receives until it is read.
        _ when StorageUnavailableException.ProblemOf(exception) == StorageProblem.Full => DiskIsFull,
        IOException or UnauthorizedAccessException or NetVips.VipsException => new RequestError(
            StatusCodes.Status503ServiceUnavailable, "A file cannot be written or read at the moment; try again",
            StorageUnavailableException.ProblemOf(exception) == StorageProblem.NotAllowed ? NotAllowed : LogSaysMore),
        // A job's own failure is in its row: what comes here is the engine that could not be loaded. The message may name files of the server.
        SdException => new RequestError(StatusCodes.Status503ServiceUnavailable, "The engine could not be loaded; the server's log says why"),
        OperationCanceledException => new RequestError(StatusCodes.Status503ServiceUnavailable, "The server is stopping"),
        _ => new RequestError(StatusCodes.Status500InternalServerError, "Internal error; the server's log says more"),
    };
}
