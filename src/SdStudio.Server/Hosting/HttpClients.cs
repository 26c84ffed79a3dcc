using System.Net;
using Microsoft.Extensions.Http.Resilience;
using Microsoft.Extensions.Options;
using Polly;
using SdStudio.Server.Http.Assistant;
using SdStudio.Server.Http.Nodes;
using SdStudio.Server.Models.Downloads;
using SdStudio.Server.Settings;
using SdStudio.Server.Webhooks;
using SdStudio.Server.Workers;

namespace SdStudio.Server.Hosting;

/// <summary>How this server calls others.</summary>
internal static class HttpClients
{
    private const int Retries = 4;

    public static void AddStudioHttpClients(this IServiceCollection services)
    {
        services.AddHttpClient(Hub.Client, client =>
        {
            client.Timeout = Timeout.InfiniteTimeSpan;
            client.DefaultRequestHeaders.UserAgent.ParseAdd("SdStudio/1.0");
        }).ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler { AllowAutoRedirect = false, ConnectTimeout = TimeSpan.FromSeconds(30) });
        services.AddHttpClient(ChatCompletions.Client, client => client.Timeout = Timeout.InfiniteTimeSpan);
        // The time limit is that of one try, below.
        services.AddHttpClient(RemoteGenerator.Client, client => client.Timeout = Timeout.InfiniteTimeSpan)
            .AddResilienceHandler(RemoteGenerator.Client, (pipeline, context) => pipeline
                .AddRetry(Retry())
                .AddTimeout(TimeSpan.FromSeconds(context.ServiceProvider.GetRequiredService<IOptions<StudioOptions>>().Value.Models.RemoteTimeoutSeconds)));
        services.AddHttpClient(NodeCalls.Client, client => client.Timeout = TimeSpan.FromSeconds(30))
            .ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false, UseCookies = false, ConnectTimeout = TimeSpan.FromSeconds(5) });
        AddWebhookClient(services, WebhookSender.Client, PublicAddresses.ConnectAsync);
        AddWebhookClient(services, WebhookSender.PrivateClient, connect: null);
    }

    // A proxy would look names up by itself.
    private static void AddWebhookClient(IServiceCollection services, string name, Func<SocketsHttpConnectionContext, CancellationToken, ValueTask<Stream>>? connect) => services
        .AddHttpClient(name, client =>
        {
            client.Timeout = TimeSpan.FromSeconds(15);
            client.MaxResponseContentBufferSize = 64 * 1024;
            client.DefaultRequestHeaders.UserAgent.ParseAdd("SdStudio/1.0");
        }).ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false, UseCookies = false, ConnectCallback = connect })
        // Addresses of webhooks are as good as passwords; the sender says by its own words what went wrong.
        .RemoveAllLoggers();

    // An answer of 500 means that the work was done and went wrong: it would again. Retry-After is heeded.
    private static HttpRetryStrategyOptions Retry() => new()
    {
        MaxRetryAttempts = Retries,
        BackoffType = DelayBackoffType.Exponential,
        UseJitter = true,
        Delay = TimeSpan.FromMilliseconds(500),
        ShouldHandle = arguments => ValueTask.FromResult(
            arguments.Outcome.Exception is HttpRequestException
            || arguments.Outcome.Result?.StatusCode is HttpStatusCode.TooManyRequests or HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout),
    };
}
