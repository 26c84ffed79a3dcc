using System.Text.Json;
using SdStudio.Server.Events;
using SdStudio.Server.Queue;

namespace SdStudio.Server.Http.Nodes;

/// <summary>
/// Shows those who watch here the previews of jobs that other machines run. They are too large to be told to everybody: they are fetched with
/// each progress that is heard of, and only while somebody watches.
/// </summary>
internal sealed partial class NodePreviews(IEventLog log, RunningJobs running, NodeCalls calls, ILogger<NodePreviews> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using EventSubscription queue = log.Subscribe([EventChannel.Queue], OwnerScope.All);
        await foreach (StudioEvent? happened in queue.ReadAsync(Timeout.InfiniteTimeSpan, stoppingToken).ConfigureAwait(false))
        {
            if (happened is not { Type: "job_progress" } || !log.HasListeners(EventChannel.Previews))
                continue;
            try
            {
                await ShowAsync(happened, stoppingToken).ConfigureAwait(false);
            }
            catch (StorageUnavailableException exception)
            {
                LogStorage(exception.Message);
            }
        }
    }

    private async Task ShowAsync(StudioEvent progress, CancellationToken cancellation)
    {
        (string id, int step) = Read(progress);
        if (running.Find(id) is not null || await calls.PreviewAsync(id, cancellation).ConfigureAwait(false) is not { } image)
            return;
        log.PublishLatest(
            EventChannel.Previews, "job_preview", id, progress.Owner,
            JsonSerializer.SerializeToUtf8Bytes(new PreviewView(id, step, "image/webp", Convert.ToBase64String(image)), JobJson.Readable.PreviewView));
    }

    private static (string Id, int Step) Read(StudioEvent progress)
    {
        using JsonDocument data = JsonDocument.Parse(progress.Data);
        return (data.RootElement.GetProperty("id").GetString()!, data.RootElement.TryGetProperty("step", out JsonElement step) && step.ValueKind == JsonValueKind.Number ? step.GetInt32() : 0);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Previews of other machines cannot be fetched: {Reason}")]
    private partial void LogStorage(string reason);
}
