using Microsoft.Extensions.Options;
using SdCpp.Interop;
using SdStudio.Server.Generation;
using SdStudio.Server.Models.Cache;
using SdStudio.Server.Models.Catalogue;
using SdStudio.Server.Queue;
using SdStudio.Server.Settings;
using SdStudio.Server.Storage.Sqlite;

namespace SdStudio.Server.Workers;

/// <summary>Passes on what the engine reports about a running job: progress, previews, lines of its log.</summary>
internal sealed partial class JobCallbacks(
    JobEvents events, ModelCatalogue catalogue, StudioState state, IOptions<StudioOptions> options, ILogger<JobCallbacks> logger)
{
    // More of them for one image show nothing new.
    private const int MaxPreviews = 10;

    public SdCallbacks Of(RunningJob running, CancellationToken cancellation)
    {
        Job job = running.Job;
        return new SdCallbacks
        {
            Progress = running.Progress,
            Tag = job.Id,
            Preview = preview =>
            {
                running.Show(preview.Pixels);
                events.Previewed(running, preview.Step);
            },
            PreviewMode = ModeFor(job.Settings),
            PreviewInterval = Math.Max(1, job.Settings.Steps / MaxPreviews),
            // The engine calls it an error when it is stopped.
            Log = line => LogEngineLine(
                cancellation.IsCancellationRequested ? LogLevel.Debug : EngineHost.ToLogLevel(line.Level), job.Id, line.Text),
        };
    }

    // The engine decodes a preview at every step: decoded ones are made while somebody watches, rough ones always.
    private PreviewMode ModeFor(GenerationSettings settings)
    {
        if (options.Value.Previews == PreviewSetting.None)
            return PreviewMode.None;
        bool decode = events.PreviewsAreWatched && catalogue.Find(settings.Model)?.Options.TaesdPath is not null
            && (options.Value.Previews == PreviewSetting.Decoded
                || (options.Value.Previews == PreviewSetting.Auto && (state.CostsOf(settings.Model)?.DecodesCheaply ?? false)));
        return decode ? PreviewMode.Taesd : PreviewMode.Projection;
    }

    [LoggerMessage(Message = "job {Job}: engine: {Line}")]
    private partial void LogEngineLine(LogLevel level, string job, string line);
}
