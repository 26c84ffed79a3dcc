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
        Job job = running.Job;
        SdEngine engine = await engineHost.Ready.WaitAsync(cancellation).ConfigureAwait(false);
        GenerationSettings settings = job.Settings with { Engine = EngineHost.NameOf(engine) };
        IJobRunner runner = runners.First(runner => runner.Runs(settings));
        LogBegin(job.Id, settings.Type, settings.Model, job.Device ?? "", job.Attempts);
        // Jobs that need no model of this machine run beside all devices.
        DeviceModels models = devices.ModelsOf(job.Device) ?? cache.Devices[0];
        SdCallbacks heard = await callbacks.OfAsync(running, cancellation).ConfigureAwait(false);
        JobResult result = await runner.RunAsync(new JobContext(running, settings, models, heard), cancellation).ConfigureAwait(false);
        LogDone(job.Id, settings.Type, settings.Model, result.Images.Count, result.LoadingMs, result.GenerationMs);
        return result with { DeviceClass = devices.ClassOf(job.Device) };
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Job {Job} ({Type}, {Model}) started on {Device}, attempt {Attempt}")]
    private partial void LogBegin(string job, string type, string model, string device, int attempt);

    [LoggerMessage(Level = LogLevel.Information, Message = "Job {Job} ({Type}, {Model}): {Count} image(s), model loaded in {LoadingMs} ms, generated in {GenerationMs} ms")]
    private partial void LogDone(string job, string type, string model, int count, long loadingMs, long generationMs);
}
