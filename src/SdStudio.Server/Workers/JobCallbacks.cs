using Microsoft.Extensions.Options;
using SdCpp.Interop;
using SdStudio.Server.Generation;
using SdStudio.Server.Models.Cache;
using SdStudio.Server.Models.Catalogue;
using SdStudio.Server.Queue;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Workers;

/// <summary>Passes on what the engine reports about a running job: progress, previews, lines of its log.</summary>
internal sealed partial class JobCallbacks(
    JobEvents events, ModelCatalogue catalogue, IModelCostStore costs, IOptions<StudioOptions> options, ILogger<JobCallbacks> logger)
{
    // More of them for one image show nothing new.
    private const int MaxPreviews = 10;

    public async ValueTask<SdCallbacks> OfAsync(RunningJob running, CancellationToken cancellation)
    {
        Job job = running.Job;
        return new SdCallbacks
        {
            Progress = running.Progress,
            Tag = job.Id,
            Preview = preview =>
            {
                running.Show(preview.Image);
                events.Previewed(running, preview.Step);
            },
            PreviewMode = await ModeForAsync(job.Settings, cancellation).ConfigureAwait(false),
            PreviewInterval = Math.Max(1, job.Settings.Steps / MaxPreviews),
            // The engine calls it an error when it is stopped.
            Log = line => LogEngineLine(
                cancellation.IsCancellationRequested ? LogLevel.Debug : EngineHost.ToLogLevel(line.Level), job.Id, line.Text),
        };
    }

    // The engine decodes a preview at every step: decoded ones are made while somebody watches, rough ones always.
    private async ValueTask<PreviewMode> ModeForAsync(GenerationSettings settings, CancellationToken cancellation)
    {
        if (options.Value.Previews == PreviewSetting.None)
            return PreviewMode.None;
        bool decode = events.PreviewsAreWatched && catalogue.Find(settings.Model)?.Options.TaesdPath is not null
            && (options.Value.Previews == PreviewSetting.Decoded
                || (options.Value.Previews == PreviewSetting.Auto
                    && (await costs.FindAsync(ModelCosts.KeyOf(settings), device: null, cancellation).ConfigureAwait(false))?.DecodesCheaply == true));
        return decode ? PreviewMode.Taesd : PreviewMode.Projection;
    }

    [LoggerMessage(Message = "job {Job}: engine: {Line}")]
    private partial void LogEngineLine(LogLevel level, string job, string line);
}
