using System.Globalization;
using System.Threading.RateLimiting;
using Microsoft.Extensions.Options;
using SdStudio.Server.Http.Requests;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Http.Security;

/// <summary>How many jobs one client may add in a minute, by whichever API.</summary>
/// <remarks>
/// No limiter exists where nothing is limited, and ASP.NET's middleware is not used: each limiter by client wakes the process ten times
/// a second, and the middleware asks two of them for every request.
/// </remarks>
internal sealed class JobRateLimit(IOptions<StudioOptions> options) : IDisposable
{
    private readonly PartitionedRateLimiter<string>? _byClient = options.Value.Limits.JobsPerMinute is > 0 and int perMinute
        ? PartitionedRateLimiter.Create<string, string>(client => RateLimitPartition.GetFixedWindowLimiter(
            client, _ => new FixedWindowRateLimiterOptions { PermitLimit = perMinute, Window = TimeSpan.FromMinutes(1) }))
        : null;

    /// <summary>What marks an endpoint that adds jobs.</summary>
    public static object Mark { get; } = new Marked();

    /// <summary>Passes a request on, or refuses it with 429 where its client has added its jobs of this minute.</summary>
    public Task CheckAsync(HttpContext context, RequestDelegate next)
    {
        if (_byClient is null || context.GetEndpoint()?.Metadata.GetMetadata<Marked>() is null)
            return next(context);
        using RateLimitLease lease = _byClient.AttemptAcquire(ClientOf(context));
        return lease.IsAcquired ? next(context) : RefuseAsync(context, lease);
    }

    /// <summary>Counts a job of a call that is not an endpoint of its own.</summary>
    /// <returns>Whether its client may add it.</returns>
    public static bool Allows(HttpContext context)
    {
        if (context.RequestServices.GetRequiredService<JobRateLimit>()._byClient is not { } byClient)
            return true;
        using RateLimitLease lease = byClient.AttemptAcquire(ClientOf(context));
        return lease.IsAcquired;
    }

    public void Dispose() => _byClient?.Dispose();

    private static Task RefuseAsync(HttpContext context, RateLimitLease lease)
    {
        double seconds = lease.TryGetMetadata(MetadataName.RetryAfter, out TimeSpan wait) ? Math.Ceiling(wait.TotalSeconds) : 60;
        context.Response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        return ApiErrors.WriteAsync(context, StatusCodes.Status429TooManyRequests, $"Too many jobs in a minute; try again in {seconds} s");
    }

    private static string ClientOf(HttpContext context) =>
        ApiKeys.OwnerOf(context) is { Length: > 0 } name ? name : context.Connection.RemoteIpAddress?.ToString() ?? "";

    private sealed class Marked;
}
