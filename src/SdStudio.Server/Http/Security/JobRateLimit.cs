using System.Globalization;
using System.Threading.RateLimiting;
using Microsoft.Extensions.Options;
using SdStudio.Server.Http.Requests;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Http.Security;

/// <summary>How many jobs one client may add in a minute.</summary>
internal static class JobRateLimit
{
    public const string Policy = "jobs";

    public static void AddJobRateLimit(this IServiceCollection services) => services.AddRateLimiter(limiter =>
    {
        limiter.OnRejected = async (rejected, _) =>
        {
            double seconds = rejected.Lease.TryGetMetadata(MetadataName.RetryAfter, out TimeSpan wait) ? Math.Ceiling(wait.TotalSeconds) : 60;
            rejected.HttpContext.Response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
            await ApiErrors.WriteAsync(
                rejected.HttpContext, StatusCodes.Status429TooManyRequests, $"Too many jobs in a minute; try again in {seconds} s");
        };
        limiter.AddPolicy(Policy, PartitionOf);
    });

    /// <summary>The same limit for calls that are not endpoints; they are counted apart.</summary>
    public static PartitionedRateLimiter<HttpContext> Limiter() => PartitionedRateLimiter.Create<HttpContext, string>(PartitionOf);

    private static RateLimitPartition<string> PartitionOf(HttpContext context)
    {
        int perMinute = context.RequestServices.GetRequiredService<IOptions<StudioOptions>>().Value.Limits.JobsPerMinute;
        if (perMinute <= 0)
            return RateLimitPartition.GetNoLimiter("");
        string owner = ApiKeys.OwnerOf(context) is { Length: > 0 } name ? name : context.Connection.RemoteIpAddress?.ToString() ?? "";
        return RateLimitPartition.GetFixedWindowLimiter(
            owner, _ => new FixedWindowRateLimiterOptions { PermitLimit = perMinute, Window = TimeSpan.FromMinutes(1) });
    }
}
