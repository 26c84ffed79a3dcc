using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Options;
using SdStudio.Server.Queue;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Webhooks;

/// <summary>Tells webhooks of jobs that have ended, as Standard Webhooks has it: signed, at least once, for about a day.</summary>
internal sealed partial class WebhookSender(
    IWebhookStore store, IJobQueries queries, IHttpClientFactory clients, IOptions<StudioOptions> options, TimeProvider time, ILogger<WebhookSender> logger) : BackgroundService
{
    /// <summary>The client that connects to public addresses only.</summary>
    public const string Client = "webhooks";

    /// <summary>The client for webhooks that may be anywhere.</summary>
    public const string PrivateClient = "webhooks-private";

    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    // Longer than any answer is waited for: a machine that dies while it sends leaves its message to the others.
    private static readonly TimeSpan Hold = TimeSpan.FromMinutes(1);

    // Together about a day.
    private static readonly TimeSpan[] Delays =
    [
        TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(10), TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(30), TimeSpan.FromHours(1),
        TimeSpan.FromHours(2), TimeSpan.FromHours(4), TimeSpan.FromHours(8), TimeSpan.FromHours(8),
    ];

    private readonly Dictionary<string, WebhookOptions> _webhooks = options.Value.Webhooks;

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        // Before the first job can end.
        await store.SetAsync([.. _webhooks.Select(webhook => (webhook.Key, webhook.Value.Key is { Length: > 0 } owner ? owner : null))], cancellationToken).ConfigureAwait(false);
        await base.StartAsync(cancellationToken).ConfigureAwait(false);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (_webhooks.Count == 0)
            return;
        using var timer = new PeriodicTimer(LookEvery, time);
        do
        {
            try
            {
                // One that does not answer keeps the others waiting no longer than one try takes.
                await Task.WhenAll(_webhooks.Select(webhook => SendAllAsync(webhook.Key, webhook.Value, stoppingToken))).ConfigureAwait(false);
            }
            catch (StorageUnavailableException exception)
            {
                LogStorage(exception);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false));
    }

    private async Task SendAllAsync(string name, WebhookOptions webhook, CancellationToken stop)
    {
        while (await store.TakeAsync(name, Hold, stop).ConfigureAwait(false) is { } message && await SendAsync(message, webhook, stop).ConfigureAwait(false))
        {
            // Until there is none, or one was not taken.
        }
    }

    private async Task<bool> SendAsync(WebhookMessage message, WebhookOptions webhook, CancellationToken stop)
    {
        if (await BodyOfAsync(message, stop).ConfigureAwait(false) is not { } body)
        {
            // The job was deleted: there is nothing to tell.
            await store.RemoveAsync(message.Id, stop).ConfigureAwait(false);
            return true;
        }

        string? problem = await PostAsync(webhook, message.Id, body, stop).ConfigureAwait(false);
        if (problem is null)
        {
            await store.RemoveAsync(message.Id, stop).ConfigureAwait(false);
        }
        else if (message.Attempts < Delays.Length)
        {
            LogPostponed(message.Webhook, message.JobId, problem, Delays[message.Attempts]);
            await store.PostponeAsync(message.Id, Delays[message.Attempts], stop).ConfigureAwait(false);
        }
        else
        {
            LogGivenUp(message.Webhook, message.JobId, problem);
            await store.RemoveAsync(message.Id, stop).ConfigureAwait(false);
        }

        return problem is null;
    }

    private async Task<byte[]?> BodyOfAsync(WebhookMessage message, CancellationToken stop)
    {
        if (await queries.FindAsync(message.JobId, OwnerScope.All, stop).ConfigureAwait(false) is not { } job)
            return null;
        IReadOnlyList<JobImage> images = await queries.ImagesAsync(job.Id, OwnerScope.All, stop).ConfigureAwait(false);
        using var json = new MemoryStream();
        using (var writer = new Utf8JsonWriter(json))
        {
            writer.WriteStartObject();
            writer.WriteString("type", $"job.{message.Status}");
            writer.WriteString("timestamp", DateTimeOffset.FromUnixTimeMilliseconds(message.CreatedAt));
            writer.WritePropertyName("data");
            JsonSerializer.Serialize(writer, JobView.Of(job) with { Images = [.. images.Select(ImageView.Of)] }, JobJson.Readable.JobView);
            writer.WriteEndObject();
        }

        return json.ToArray();
    }

    // What went wrong; null when it was taken.
    private async Task<string?> PostAsync(WebhookOptions webhook, string id, byte[] body, CancellationToken stop)
    {
        string timestamp = time.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        using var request = new HttpRequestMessage(HttpMethod.Post, webhook.Url)
        {
            Content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } },
        };
        request.Headers.Add("webhook-id", id);
        request.Headers.Add("webhook-timestamp", timestamp);
        request.Headers.Add("webhook-signature", Signature(webhook, id, timestamp, body));
        try
        {
            using HttpResponseMessage response = await clients.CreateClient(webhook.AllowPrivateAddresses ? PrivateClient : Client)
                .SendAsync(request, HttpCompletionOption.ResponseHeadersRead, stop).ConfigureAwait(false);
            // Redirects are not followed: they lead where nobody has agreed to.
            return response.IsSuccessStatusCode ? null : $"it answered {(int)response.StatusCode}";
        }
        catch (HttpRequestException exception)
        {
            return exception.Message;
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return "it did not answer in time";
        }
    }

    private static string Signature(WebhookOptions webhook, string id, string timestamp, byte[] body)
    {
        byte[] signed = [.. Encoding.UTF8.GetBytes($"{id}.{timestamp}."), .. body];
        return "v1," + Convert.ToBase64String(HMACSHA256.HashData(webhook.SecretBytes()!, signed));
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The database cannot be used at the moment; webhooks are delayed")]
    private partial void LogStorage(Exception exception);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Webhook {Webhook} could not be notified of job {Job}: {Problem}; trying again in {Delay}")]
    private partial void LogPostponed(string webhook, string job, string problem, TimeSpan delay);

    [LoggerMessage(Level = LogLevel.Error, Message = "Webhook {Webhook} could not be notified of job {Job} within a day; giving up: {Problem}")]
    private partial void LogGivenUp(string webhook, string job, string problem);
}
