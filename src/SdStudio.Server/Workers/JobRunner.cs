using SdCpp.Interop;
using SdStudio.Server.Generation;
using SdStudio.Server.Models.Cache;
using SdStudio.Server.Queue;

namespace SdStudio.Server.Workers;

/// <summary>Gives a job to the runner of its kind.</summary>
internal sealed partial class JobRunner(EngineHost engineHost, ModelCache cache, JobDevices devices, IEnumerable<IJobRunner> runners, JobCallbacks callbacks, ILogger<JobRunner> logger)
{
    /// <summary>Runs a job.</summary>
    /// <exception cref="SdException">The model or the engine failed.</exception>
    /// <exception cref="OperationCanceledException">The job is cancelled or the server stops.</exception>
    public async Task<JobResult> RunAsync(RunningJob running, CancellationToken cancellation)
    {
        (JobContext job, IJobRunner runner) = await PrepareAsync(running, running.Job.Device, cancellation).ConfigureAwait(false);
        GenerationSettings settings = job.Settings;
        LogBegin(job.Id, settings.Type, settings.Model, running.Job.Device ?? "", running.Job.Attempts);
        JobResult result = await runner.RunAsync(job, cancellation).ConfigureAwait(false);
        LogDone(job.Id, settings.Type, settings.Model, result.Images.Count, result.LoadingMs, result.GenerationMs);
        return result with { DeviceClass = devices.ClassOf(running.Job.Device) };
    }

    /// <summary>Generates images of a job that another device runs.</summary>
    /// <param name="running">The job.</param>
    /// <param name="device">The device that helps.</param>
    /// <param name="mayGoOn">Asked before each image.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task HelpAsync(RunningJob running, string device, Func<ValueTask<bool>> mayGoOn, CancellationToken cancellation)
    {
        (JobContext job, IJobRunner runner) = await PrepareAsync(running, device, cancellation).ConfigureAwait(false);
        LogHelp(job.Id, device);
        // One image at a time grows before those who watch.
        await runner.HelpAsync(job with { Callbacks = job.Callbacks with { Preview = null, PreviewMode = PreviewMode.None } }, mayGoOn, cancellation).ConfigureAwait(false);
    }

    private async ValueTask<(JobContext Job, IJobRunner Runner)> PrepareAsync(RunningJob running, string? device, CancellationToken cancellation)
    {
        SdEngine engine = await engineHost.Ready.WaitAsync(cancellation).ConfigureAwait(false);
        GenerationSettings settings = running.Job.Settings with { Engine = EngineHost.NameOf(engine) };
        // Jobs that need no model of this machine run beside all devices.
        DeviceModels models = devices.ModelsOf(device) ?? cache.Devices[0];
        SdCallbacks heard = await callbacks.OfAsync(running, cancellation).ConfigureAwait(false);
        // A build of the engine that cannot show images as they grow can generate them all the same.
        if (!engine.Info.Features.Contains("previews"))
            heard = heard with { Preview = null, PreviewMode = PreviewMode.None };
        return (new JobContext(running, settings, device, models, heard), runners.First(runner => runner.Runs(settings)));
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Job {Job}: {Device} generates some of its images")]
    private partial void LogHelp(string job, string device);

    [LoggerMessage(Level = LogLevel.Information, Message = "Job {Job} ({Type}, {Model}) started on {Device}, attempt {Attempt}")]
    private partial void LogBegin(string job, string type, string model, string device, int attempt);

    [LoggerMessage(Level = LogLevel.Information, Message = "Job {Job} ({Type}, {Model}): {Count} image(s), model loaded in {LoadingMs} ms, generated in {GenerationMs} ms")]
    private partial void LogDone(string job, string type, string model, int count, long loadingMs, long generationMs);
}
