using SdCpp.Interop;
using SdStudio.Server.Generation;

namespace SdStudio.Server.Queue;

/// <summary>How far a running job is, from what the engine reports, weighted by what the phases cost for this model.</summary>
internal sealed class JobProgress(double[] predicted, TimeProvider time, Action changed) : IProgress<GenerationProgress>
{
    // The last bit is writing the files.
    private const double Generated = 0.99;
    private readonly Lock _lock = new();
    private readonly double[] _measured = new double[predicted.Length];
    private readonly Dictionary<int, double> _shares = [];
    private GenerationProgress _last = new(GenerationPhase.Load, 0, 0, 0, 1, 0);
    private long _phaseStart = time.GetTimestamp();
    private int _steps;
    private double _fraction;

    /// <summary>0 to 1; never goes back.</summary>
    public double Fraction
    {
        get
        {
            lock (_lock)
                return _fraction;
        }
    }

    /// <summary>What the engine said last.</summary>
    public GenerationProgress Last
    {
        get
        {
            lock (_lock)
                return _last;
        }
    }

    /// <summary>Estimated milliseconds until the images are done, from this job and earlier ones.</summary>
    public double RemainingMs
    {
        get
        {
            lock (_lock)
            {
                var phase = (int)_last.Phase;
                double done = DoneOf(_last);
                double elapsed = time.GetElapsedTime(_phaseStart).TotalMilliseconds;
                int images = Math.Max(1, _last.ImageCount);
                double share = phase == 0 ? 1 : 1.0 / images;
                // Its own pace is the better teacher, once there is one.
                double current = done > 0.05 ? elapsed * (1 - done) / done : Math.Max(0, (predicted[phase] * share) - elapsed);
                double others = phase == 0 ? 0 : Math.Max(0, images - 1 - _shares.Where(image => image.Key != _last.ImageIndex).Sum(image => image.Value));
                // Several devices work on it as many images have begun and are not complete.
                int devices = Math.Max(1, _shares.Values.Count(part => part < 1));
                return (current + (predicted.Skip(phase + 1).Sum() * share) + (predicted.Skip(1).Sum() * others / images)) / devices;
            }
        }
    }

    public void Report(GenerationProgress value)
    {
        lock (_lock)
        {
            if (value.Phase != _last.Phase)
                EndPhase();
            if (value.Phase == GenerationPhase.Sample && value.Steps > 0)
                _steps = value.Steps;
            _last = value;
            if (value.Phase == GenerationPhase.Load)
                Move(predicted[0] * DoneOf(value));
            else
                Move(value.ImageIndex, ShareOf(value), value.ImageCount);
        }

        changed();
    }

    /// <summary>An image is stored.</summary>
    public void Complete(int image, int count)
    {
        lock (_lock)
            Move(image, 1, count);
    }

    /// <summary>What the job's phases took, for the next one's prediction.</summary>
    public ModelCosts Measure(GenerationSettings settings, TimeSpan loading)
    {
        lock (_lock)
        {
            EndPhase();
            double megapixels = settings.Megapixels();
            return new ModelCosts(
                loading.TotalMilliseconds, _measured[(int)GenerationPhase.Encode],
                _steps > 0 ? _measured[(int)GenerationPhase.Sample] / (_steps * megapixels) : 0,
                _measured[(int)GenerationPhase.Decode] / megapixels, _measured[(int)GenerationPhase.Upscale] / megapixels, Jobs: 1);
        }
    }

    // The model is loaded once; the other phases come again with every image.
    private void Move(int image, double share, int count)
    {
        _shares[image] = Math.Max(share, _shares.GetValueOrDefault(image));
        Move(predicted[0] + (predicted.Skip(1).Sum() * _shares.Values.Sum() / Math.Max(1, count)));
    }

    private void Move(double done) => _fraction = Math.Max(_fraction, Generated * Math.Min(1, done / Math.Max(1, predicted.Sum())));

    private double ShareOf(GenerationProgress value)
    {
        var phase = (int)value.Phase;
        return Math.Min(1, (predicted.Skip(1).Take(phase - 1).Sum() + (predicted[phase] * DoneOf(value))) / Math.Max(1, predicted.Skip(1).Sum()));
    }

    private static double DoneOf(GenerationProgress value) => value.Steps > 0 ? Math.Min(1, (double)value.Step / value.Steps) : 0;

    private void EndPhase()
    {
        _measured[(int)_last.Phase] += time.GetElapsedTime(_phaseStart).TotalMilliseconds;
        _phaseStart = time.GetTimestamp();
    }
}
