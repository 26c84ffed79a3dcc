using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Primitives;
using SdStudio.Server.Http.Requests;

namespace SdStudio.Server.Http.Pipeline;

/// <summary>
/// How long an address, headers and forms may be. Kestrel closes the connection without a word where its limits are passed: they lie
/// higher, and what is between them and these is answered with the reason.
/// </summary>
internal static class RequestSizes
{
    private const int MaxAddressBytes = 8 * 1024;
    private const int MaxHeaderBytes = 32 * 1024;
    private const int MaxHeaders = 100;
    private const int Room = 8;

    /// <summary>The limits of the connection.</summary>
    public static void Set(KestrelServerLimits limits, int maxRequestBytes)
    {
        limits.MaxRequestBodySize = maxRequestBytes;
        limits.MaxRequestLineSize = MaxAddressBytes * Room;
        limits.MaxRequestHeadersTotalSize = MaxHeaderBytes * Room;
        limits.MaxRequestHeaderCount = MaxHeaders * Room;
    }

    /// <summary>The limits of forms: an image may come as text there, and the whole of a request has its own limit.</summary>
    public static IServiceCollection AddFormLimits(this IServiceCollection services) => services.Configure<FormOptions>(form =>
    {
        form.ValueLengthLimit = int.MaxValue;
        form.MultipartBodyLengthLimit = long.MaxValue;
        form.BufferBodyLengthLimit = long.MaxValue;
    });

    /// <summary>Refuses addresses and headers that are longer than any client's.</summary>
    public static void UseRequestSizes(this WebApplication app) => app.Use(next => context => ProblemOf(context.Request) is { } problem
        ? ApiErrors.WriteAsync(context, problem)
        : next(context));

    private static RequestError? ProblemOf(HttpRequest request)
    {
        int address = request.Path.Value!.Length + (request.QueryString.Value?.Length ?? 0);
        if (address > MaxAddressBytes)
            return new RequestError(StatusCodes.Status414UriTooLong, $"The address has {address} characters; allowed are at most {MaxAddressBytes}. Send long values in the body");
        long bytes = 0;
        int count = 0;
        foreach ((string name, StringValues values) in request.Headers)
        {
            count += Math.Max(1, values.Count);
            foreach (string? value in values)
                bytes += name.Length + (value?.Length ?? 0);
        }

        return bytes > MaxHeaderBytes || count > MaxHeaders
            ? new RequestError(
                StatusCodes.Status431RequestHeaderFieldsTooLarge,
                $"The request has {count} headers of {bytes} bytes; allowed are at most {MaxHeaders} of {MaxHeaderBytes} bytes. Cookies of other programs on this host may be the reason")
            : null;
    }
}
