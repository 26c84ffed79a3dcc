using System.Diagnostics;
using SdCpp.Interop;

namespace SdStudio.GpuCheck;

/// <summary>What generating an image took.</summary>
/// <param name="Pixels">RGB.</param>
/// <param name="Side">Width and height.</param>
/// <param name="Seconds">The whole call.</param>
/// <param name="StepSeconds">A step, the median.</param>
/// <param name="DecodeSeconds">Latents to pixels.</param>
/// <param name="PeakMib">The most that was in use of the device's memory, by anybody.</param>
/// <param name="VaeBufferMib">The decoder's compute buffer as the engine tells it; null when it does not.</param>
internal sealed record TimedImage(byte[] Pixels, int Side, double Seconds, double StepSeconds, double DecodeSeconds, double PeakMib, double? VaeBufferMib);

/// <summary>A loaded model whose calls are timed.</summary>
internal sealed class TimedModel : IAsyncDisposable
{
    private readonly DiffusionModel _model;
    private readonly CheckModel _kind;
    private readonly SdDevice? _device;

    private TimedModel(DiffusionModel model, CheckModel kind, SdDevice? device, EngineLog log, double loadSeconds, double loadPeak)
    {
        _model = model;
        _kind = kind;
        _device = device;
        Log = log;
        LoadSeconds = loadSeconds;
        LoadPeakMib = loadPeak;
    }

    public EngineLog Log { get; }

    public double LoadSeconds { get; }

    /// <summary>The most that was in use of the device's memory while loading, MiB.</summary>
    public double LoadPeakMib { get; }

    public static async Task<TimedModel> LoadAsync(
        CheckContext context, CheckModel kind, string device, Func<DiffusionModelOptions, DiffusionModelOptions>? change = null)
    {
        var log = new EngineLog();
        DiffusionModelOptions options = context.OptionsOf(kind, device);
        SdDevice? watched = context.DeviceOf(device);
        using MemoryWatch watch = MemoryWatch.Start(watched);
        long start = Stopwatch.GetTimestamp();
        DiffusionModel model = await DiffusionModel.LoadAsync(change?.Invoke(options) ?? options, new SdCallbacks { Log = log.Add });
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        return new TimedModel(model, kind, watched, log, seconds, watch.Stop());
    }

    public async Task<TimedImage> GenerateAsync(ImageRun run, VaeTiling? tiling = null)
    {
        Log.TakeDecoderBuffer();
        var phases = new Phases();
        using MemoryWatch watch = MemoryWatch.Start(_device);
        long start = Stopwatch.GetTimestamp();
        using GenerationResult result = await _model.TextToImageAsync(
            CheckContext.RequestOf(_kind, run) with { VaeTiling = tiling }, new SdCallbacks { Log = Log.Add, Progress = phases });
        long end = Stopwatch.GetTimestamp();
        ImageBuffer image = result.Images[0].Image;
        return new TimedImage(
            image.Span.ToArray(), image.Width, Stopwatch.GetElapsedTime(start, end).TotalSeconds, phases.StepSeconds,
            phases.DecodeSecondsUntil(end), watch.Stop(), Log.TakeDecoderBuffer());
    }

    /// <summary>Generates, and cancels some time after a step has begun.</summary>
    /// <param name="run">What is generated; of so many steps that it does not end before.</param>
    /// <param name="afterStep">The step after which it is cancelled.</param>
    /// <param name="into">How far into the next step, seconds.</param>
    /// <returns>Seconds from the cancel to the end of the call.</returns>
    public async Task<double> CancelAsync(ImageRun run, int afterStep, double into)
    {
        using var stop = new CancellationTokenSource();
        long asked = 0;
        await using var timer = new Timer(_ =>
        {
            asked = Stopwatch.GetTimestamp();
            stop.Cancel();
        });
        var progress = new Phases(step =>
        {
            if (step == afterStep)
                timer.Change(TimeSpan.FromSeconds(into), Timeout.InfiniteTimeSpan);
        });
        try
        {
            (await _model.TextToImageAsync(CheckContext.RequestOf(_kind, run), new SdCallbacks { Log = Log.Add, Progress = progress }, stop.Token)).Dispose();
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return Stopwatch.GetElapsedTime(asked).TotalSeconds;
        }

        throw new InvalidOperationException($"The image of {run.Steps} steps was generated to its end before it was cancelled.");
    }

    public ValueTask DisposeAsync() => _model.DisposeAsync();

    /// <summary>Notes when steps end and when decoding begins, on the generating thread.</summary>
    private sealed class Phases(Action<int>? onStep = null) : IProgress<GenerationProgress>
    {
        private readonly List<long> _steps = [];
        private long _decoding;

        /// <summary>The median; of a single step that one.</summary>
        public double StepSeconds
        {
            get
            {
                List<double> times = [.. _steps.Zip(_steps.Skip(1), (from, to) => Stopwatch.GetElapsedTime(from, to).TotalSeconds).Order()];
                return times.Count == 0 ? 0 : times[times.Count / 2];
            }
        }

        public double DecodeSecondsUntil(long end) => Stopwatch.GetElapsedTime(_decoding == 0 ? _steps.LastOrDefault(end) : _decoding, end).TotalSeconds;

        public void Report(GenerationProgress value)
        {
            if (value.Phase == GenerationPhase.Sample)
            {
                _steps.Add(Stopwatch.GetTimestamp());
                onStep?.Invoke(value.Step);
            }
            else if (value.Phase == GenerationPhase.Decode && _decoding == 0)
            {
                _decoding = Stopwatch.GetTimestamp();
            }
        }
    }
}
