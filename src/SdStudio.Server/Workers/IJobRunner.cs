using SdCpp.Interop;
using SdStudio.Server.Generation;
using SdStudio.Server.Models.Cache;
using SdStudio.Server.Queue;

namespace SdStudio.Server.Workers;

/// <summary>Runs one kind of job.</summary>
internal interface IJobRunner
{
    bool Runs(GenerationSettings settings);

    /// <exception cref="SdException">The model or the engine failed.</exception>
    /// <exception cref="OperationCanceledException">The job is cancelled or the server stops.</exception>
    Task<JobResult> RunAsync(JobContext job, CancellationToken cancellation);

    /// <summary>Takes part in a job that another device runs, for as long as <paramref name="mayGoOn"/> says so: where jobs have one image, there is nothing to do.</summary>
    Task HelpAsync(JobContext job, Func<ValueTask<bool>> mayGoOn, CancellationToken cancellation) => Task.CompletedTask;
}

/// <summary>A running job, for its runner.</summary>
/// <param name="Running">The job.</param>
/// <param name="Settings">What it generates; the engine is filled in.</param>
/// <param name="Device">That runs it: its own, or one that helps.</param>
/// <param name="Models">Those of its device.</param>
/// <param name="Callbacks">Progress, previews and log lines of the engine.</param>
internal sealed record JobContext(RunningJob Running, GenerationSettings Settings, string? Device, DeviceModels Models, SdCallbacks Callbacks)
{
    public string Id => Running.Job.Id;

    /// <summary>The same for one image of it.</summary>
    public JobContext ForImage(int index) => AsImage(index) with { Settings = Settings.ForImage(index) };

    /// <summary>The same, with the progress of one of the job's images.</summary>
    public JobContext AsImage(int index) => this with
    {
        Callbacks = Callbacks with { Progress = Callbacks.Progress is { } progress ? new ImageProgress(progress, index, Running.Job.Settings.Count) : null },
    };

    private sealed class ImageProgress(IProgress<GenerationProgress> job, int index, int count) : IProgress<GenerationProgress>
    {
        public void Report(GenerationProgress value) => job.Report(value with { ImageIndex = index, ImageCount = count });
    }
}
