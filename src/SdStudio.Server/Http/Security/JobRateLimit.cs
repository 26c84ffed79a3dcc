using System.Globalization;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.Extensions.Options;
using SdStudio.Server.Http.Requests;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Http.Security;

/// <summary>How many jobs one client may add in a minute, by whichever API.</summary>
internal sealed class JobRateLimit : IDisposable
{
    private readonly PartitionedRateLimiter<string?> _byClient;

    public JobRateLimit(IOptions<StudioOptions> options)
    {
        int perMinute = options.Value.Limits.JobsPerMinute;
        _byClient = PartitionedRateLimiter.Create<string?, string>(client => client is null || perMinute <= 0
            ? RateLimitPartition.GetNoLimiter(" none")
            : RateLimitPartition.GetFixedWindowLimiter(client, _ => new FixedWindowRateLimiterOptions { PermitLimit = perMinute, Window = TimeSpan.FromMinutes(1) }));
    }

    /// <summary>What marks an endpoint that adds jobs.</summary>
    public static object Mark { get; } = new Marked();

    public static void Add(IServiceCollection services)
    {
        services.AddSingleton<JobRateLimit>();
        services.AddRateLimiter(limiter => limiter.OnRejected = async (rejected, _) =>
        {
            double seconds = rejected.Lease.TryGetMetadata(MetadataName.RetryAfter, out TimeSpan wait) ? Math.Ceiling(wait.TotalSeconds) : 60;
            rejected.HttpContext.Response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
            await ApiErrors.WriteAsync(
                rejected.HttpContext, StatusCodes.Status429TooManyRequests, $"Too many jobs in a minute; try again in {seconds} s");
        });
        services.AddOptions<RateLimiterOptions>().Configure<JobRateLimit>((limiter, jobs) => limiter.GlobalLimiter =
            jobs._byClient.WithTranslatedKey<HttpContext>(context => context.GetEndpoint()?.Metadata.GetMetadata<Marked>() is null ? null : ClientOf(context), leaveOpen: true));
    }

    /// <summary>Counts a job of a call that is not an endpoint of its own.</summary>
    /// <returns>Whether its client may add it.</returns>
    public static bool Allows(HttpContext context)
    {
        using RateLimitLease lease = context.RequestServices.GetRequiredService<JobRateLimit>()._byClient.AttemptAcquire(ClientOf(context));
        return lease.IsAcquired;
    }

    public void Dispose() => _byClient.Dispose();

    private static string ClientOf(HttpContext context) =>
        ApiKeys.OwnerOf(context) is { Length: > 0 } name ? name : context.Connection.RemoteIpAddress?.ToString() ?? "";

    private sealed class Marked;
}
