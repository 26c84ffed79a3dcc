using SdCpp.Interop;
using SdStudio.Server.Images;
using SdStudio.Server.Models;
using SdStudio.Server.Storage;

namespace SdStudio.Server.Jobs;

/// <summary>The way of one job: model, engine, files, row.</summary>
internal sealed partial class JobRunner(
    EngineHost engineHost, ModelCatalogue catalogue, ModelCache cache, ImageStore images, JobStore store, TimeProvider time,
    ILogger<JobRunner> logger)
{
    /// <summary>Draws the job's pictures and makes them visible.</summary>
    /// <exception cref="SdException">The model or the engine failed.</exception>
    /// <exception cref="OperationCanceledException">The server stops.</exception>
    public async Task<Job> RunAsync(Job job, JobProgress progress, CancellationToken cancellation)
    {
        SdEngine engine = await engineHost.Ready.WaitAsync(cancellation).ConfigureAwait(false);
        JobSettings settings = job.Settings;
        ModelDefinition definition = catalogue.Find(settings.Model)
            ?? throw new SdException(SdError.InvalidArgument, $"Model {settings.Model} is no longer in models.yml.");
        var callbacks = new SdCallbacks
        {
            Progress = progress,
            Tag = job.Id,
            // The engine calls it an error when it is stopped.
            Log = line => LogEngineLine(
                cancellation.IsCancellationRequested ? LogLevel.Debug : EngineHost.ToLogLevel(line.Level), job.Id, line.Text),
        };
        (DiffusionModel model, TimeSpan loading) = await cache.AcquireAsync(definition, callbacks, cancellation).ConfigureAwait(false);
        long start = time.GetTimestamp();
        using GenerationResult result = await model.TextToImageAsync(ToRequest(settings), callbacks, cancellation).ConfigureAwait(false);
        ThrowIfBroken(result, settings);
        List<JobImage> saved = Save(
            job, result, settings.Sampler ?? model.DefaultSampler, settings.Scheduler ?? model.DefaultScheduler, engine.Info.Version);
        var loadingMs = (long)loading.TotalMilliseconds;
        var generationMs = (long)time.GetElapsedTime(start).TotalMilliseconds;
        Job done = store.Complete(job.Id, saved, loadingMs, generationMs);
        LogDone(job.Id, settings.Type, settings.Model, saved.Count, loadingMs, generationMs);
        return done;
    }

    private List<JobImage> Save(Job job, GenerationResult result, string sampler, string scheduler, string engineVersion)
    {
        List<JobImage> saved = [];
        foreach (GeneratedImage image in result.Images)
        {
            string id = Guid.CreateVersion7().ToString();
            string path = images.Save(id, image.Pixels, Infotext.Of(job.Settings, sampler, scheduler, image.Seed, engineVersion));
            saved.Add(new JobImage(id, job.Id, saved.Count, path, "image/png", image.Pixels.Width, image.Pixels.Height, image.Seed));
        }

        return saved;
    }

    private static TextToImageRequest ToRequest(JobSettings settings) => new()
    {
        Prompt = settings.Prompt,
        NegativePrompt = settings.NegativePrompt ?? "",
        Width = settings.Width,
        Height = settings.Height,
        Steps = settings.Steps,
        CfgScale = (float)settings.CfgScale,
        Sampler = settings.Sampler,
        Scheduler = settings.Scheduler,
        Seed = settings.Seed,
        BatchCount = settings.Count,
        ClipSkip = settings.ClipSkip,
    };

    // NaN anywhere in the model or its settings comes out of the engine as success with every pixel zero.
    private static void ThrowIfBroken(GenerationResult result, JobSettings settings)
    {
        if (result.Images.Count != settings.Count)
            throw new SdException(SdError.GenerationFailed, $"The engine returned {result.Images.Count} of {settings.Count} pictures.");
        foreach (GeneratedImage image in result.Images)
        {
            if (!image.Pixels.Span.ContainsAnyExcept((byte)0))
            {
                throw new SdException(
                    SdError.GenerationFailed,
                    $"The engine returned an all-black picture (seed {image.Seed}): the model computed no numbers. Try another weight type, cfg_scale or sampler.");
            }
        }
    }

    [LoggerMessage(Message = "job {Job}: engine: {Line}")]
    private partial void LogEngineLine(LogLevel level, string job, string line);

    [LoggerMessage(Level = LogLevel.Information, Message = "Job {Job} ({Type}, {Model}): {Count} picture(s), model {LoadingMs} ms, drawn in {GenerationMs} ms")]
    private partial void LogDone(string job, string type, string model, int count, long loadingMs, long generationMs);
}
