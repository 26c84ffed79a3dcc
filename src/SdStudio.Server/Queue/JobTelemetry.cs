using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using SdCpp.Interop;

namespace SdStudio.Server.Queue;

/// <summary>
/// Jobs as they are seen from outside: how long they wait, run and spend in each phase, and one trace from the request to the image. Costs
/// next to nothing while nobody listens. Prompts and keys are in none of it.
/// </summary>
internal sealed class JobTelemetry
{
    /// <summary>The name of the meter and of the activity source.</summary>
    public const string Name = "SdStudio";

    private const int MaxTraces = 4096;
    private const string Saving = "save";
    private const string Model = "model";

    // A large model on a CPU takes an hour.
    private static readonly InstrumentAdvice<double> Seconds = new()
    {
        HistogramBucketBoundaries = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 3600],
    };

    private static readonly ActivitySource Source = new(Name);

    private readonly TimeProvider _time;
    private readonly Histogram<double> _waits;
    private readonly Histogram<double> _durations;
    private readonly Histogram<double> _phases;
    private readonly Histogram<double> _steps;
    private readonly Histogram<double>? _requests;
    private readonly Counter<long> _images;
    private readonly Counter<long> _loads;
    private readonly ConcurrentDictionary<string, JobTrace> _traces = new(StringComparer.Ordinal);

    public JobTelemetry(IMeterFactory meters, IConfiguration configuration, TimeProvider time)
    {
        _time = time;
        Meter meter = meters.Create(Name);
        _waits = meter.CreateHistogram("sdstudio.queue.wait.duration", "s", "Time from the request to the start of its job", advice: Seconds);
        _durations = meter.CreateHistogram("sdstudio.job.duration", "s", "Time from the start of a job to its end", advice: Seconds);
        _phases = meter.CreateHistogram("sdstudio.phase.duration", "s", "Time that an image spent in one phase", advice: Seconds);
        _steps = meter.CreateHistogram("sdstudio.step.duration", "s", "Average duration of a sampling step of an image", advice: Seconds);
        _images = meter.CreateCounter<long>("sdstudio.images", "{image}", "Completed images");
        _loads = meter.CreateCounter<long>("sdstudio.model.loads", "{load}", "Jobs that had to load their model first");
        // OpenTelemetry's names for generative models are not settled; whoever wants them says so as their convention asks for.
        if (configuration["OTEL_SEMCONV_STABILITY_OPT_IN"]?.Contains("gen_ai_latest_experimental", StringComparison.Ordinal) == true)
            _requests = meter.CreateHistogram("gen_ai.server.request.duration", "s", "Time from the request to the end of its job", advice: Seconds);
    }

    private bool IsWatched => _durations.Enabled || Source.HasListeners();

    /// <summary>A job was added by the request that runs now.</summary>
    public void Created(Job job)
    {
        if (!IsWatched)
            return;
        // Jobs that another machine runs end there. Ids are in the order of time.
        if (_traces.Count >= MaxTraces && _traces.Keys.Min(StringComparer.Ordinal) is { } oldest)
            _traces.TryRemove(oldest, out _);
        _traces[job.Id] = new JobTrace { Parent = Activity.Current?.Context ?? default };
    }

    /// <summary>A job stands as its row says: it began, waits again, or ended.</summary>
    /// <param name="job">Its row.</param>
    /// <param name="images">How many it has.</param>
    public void Changed(Job job, int images)
    {
        if (job.Status == JobStatus.Processing)
            Begin(job);
        else if (JobStatus.IsFinal(job.Status))
            End(job, images);
        else if (_traces.TryGetValue(job.Id, out JobTrace? trace))
            trace.Stop(ActivityStatusCode.Unset);
    }

    /// <summary>The engine reports about a job.</summary>
    public void Reported(RunningJob running)
    {
        if (!_traces.TryGetValue(running.Job.Id, out JobTrace? trace))
            return;
        GenerationProgress last = running.Progress.Last;
        Record(running.Job, trace, trace.Enter(last.ImageIndex, NameOf(last.Phase), last.Steps, _time.GetTimestamp()));
    }

    /// <summary>The engine is done with an image, which is written now.</summary>
    public void Saves(Job job, int image)
    {
        if (_traces.TryGetValue(job.Id, out JobTrace? trace))
            Record(job, trace, trace.Enter(image, Saving, steps: 0, _time.GetTimestamp()));
    }

    /// <summary>An image is on disk.</summary>
    public void Saved(Job job, int image)
    {
        if (_traces.TryGetValue(job.Id, out JobTrace? trace))
            Record(job, trace, trace.Leave(image));
    }

    private void Begin(Job job)
    {
        if (!IsWatched)
            return;
        JobTrace trace = _traces.GetOrAdd(job.Id, _ => new JobTrace());
        if (job.StartedAt is { } started)
            _waits.Record(Math.Max(0, started - job.QueuedAt) / 1000.0, Tags(job));
        trace.Start(Source.CreateActivity("job", ActivityKind.Internal, trace.Parent), job);
    }

    private void End(Job job, int images)
    {
        if (!_traces.TryRemove(job.Id, out JobTrace? trace))
            return;
        TagList tags = Tags(job);
        if (images > 0)
            _images.Add(images, tags);
        if (job.ModelLoadingMs > 0)
            _loads.Add(1, new TagList { { Model, job.Settings.Model } });
        tags.Add("status", job.Status);
        if (job.ErrorCode is { } code)
            tags.Add("error.type", code);
        if (job is { StartedAt: { } started, CompletedAt: { } ended })
            _durations.Record(Math.Max(0, ended - started) / 1000.0, tags);
        if (job.CompletedAt is { } answered)
            RecordRequest(job, answered);
        trace.Stop(job.Status == JobStatus.Failed ? ActivityStatusCode.Error : ActivityStatusCode.Ok);
    }

    private void RecordRequest(Job job, long ended)
    {
        var tags = new TagList { { "gen_ai.operation.name", "generate_content" }, { "gen_ai.request.model", job.Settings.Model } };
        if (job.ErrorCode is { } code)
            tags.Add("error.type", code);
        _requests?.Record(Math.Max(0, ended - job.QueuedAt) / 1000.0, tags);
    }

    private void Record(Job job, JobTrace trace, TracedPhase? ended)
    {
        if (ended is not { } phase)
            return;
        TagList tags = Tags(job);
        TimeSpan took = _time.GetElapsedTime(phase.Since);
        if (phase.Steps > 0)
            _steps.Record(took.TotalSeconds / phase.Steps, tags);
        tags.Add("phase", phase.Name);
        _phases.Record(took.TotalSeconds, tags);
        if (trace.Activity is not { } parent)
            return;
        DateTimeOffset now = _time.GetUtcNow();
        using Activity? activity = Source.StartActivity(phase.Name, ActivityKind.Internal, parent.Context, startTime: now - took);
        activity?.SetEndTime(now.UtcDateTime);
    }

    private static TagList Tags(Job job) => new() { { "type", job.Settings.Type }, { Model, job.Settings.Model } };

    private static string NameOf(GenerationPhase phase) => phase switch
    {
        GenerationPhase.Load => "load",
        GenerationPhase.Encode => "encode",
        GenerationPhase.Sample => "sample",
        GenerationPhase.Decode => "decode",
        _ => "upscale",
    };
}
