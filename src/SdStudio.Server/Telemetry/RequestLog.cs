namespace SdStudio.Server.Telemetry;

/// <summary>A line for each request that changes something or goes wrong: what was asked, never what was in it.</summary>
internal static partial class RequestLog
{
    private const string Category = "SdStudio.Server.Http";

    public static void UseRequestLog(this WebApplication app)
    {
        ILogger logger = app.Services.GetRequiredService<ILoggerFactory>().CreateLogger(Category);
        app.Use(async (context, next) =>
        {
            long start = TimeProvider.System.GetTimestamp();
            await next(context);
            HttpRequest request = context.Request;
            if (context.Response.StatusCode >= 400 || !(HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method)))
            {
                LogRequest(
                    logger, request.Method, request.Path.Value ?? "", context.Response.StatusCode,
                    (long)TimeProvider.System.GetElapsedTime(start).TotalMilliseconds);
            }
        });
    }

    // The path without its query: a key may be in there.
    [LoggerMessage(Level = LogLevel.Debug, Message = "{Method} {Path} {Status} in {Milliseconds} ms")]
    private static partial void LogRequest(ILogger logger, string method, string path, int status, long milliseconds);
}
