using System.Diagnostics;
using System.Globalization;
using SdCpp.Interop;

namespace SdCpp.Benchmarks;

/// <summary>
/// Loads, generates and frees the demo model over and over, and cancels calls at random moments. Every image that is delivered must be the
/// expected one, to the byte; a call that is cancelled must end with that and leave its model usable.
/// </summary>
internal sealed class Soak
{
    private const int Kinds = 20;
    private readonly DemoModelFiles _files;
    private readonly Random _random;
    private byte[] _expected = [];
    private TimeSpan _loading;
    private TimeSpan _generating;
    private int _cancelled;
    private int _asked;

    private Soak(DemoModelFiles files, int seed)
    {
        _files = files;
        _random = new Random(seed);
    }

    private static TextToImageRequest Request { get; } =
        new() { Prompt = "a red circle on a blue background", Width = 64, Height = 64, Steps = 2, CfgScale = 1, Seed = 7 };

    // One thread: models generate side by side, and the sum of their threads should not exceed the cores.
    private DiffusionModelOptions Options => _files.ToOptions(threads: 1);

    /// <summary>Runs cycles and cancels by turns, in equal blocks.</summary>
    /// <param name="files">The demo model.</param>
    /// <param name="seed">Of the random moments.</param>
    /// <param name="cycles">Load, generate, free; in all.</param>
    /// <param name="cancels">In all.</param>
    /// <param name="blocks">How many parts; memory is read after each.</param>
    /// <param name="say">Hears a line after each block.</param>
    /// <returns>Memory of the process after each block, bytes.</returns>
    public static async Task<List<long>> RunAsync(DemoModelFiles files, int seed, int cycles, int cancels, int blocks, Action<string> say)
    {
        var soak = new Soak(files, seed);
        await soak.LearnAsync();
        List<long> memory = [];
        for (int block = 1; block <= blocks; block++)
        {
            long began = Stopwatch.GetTimestamp();
            await soak.CyclesAsync(cycles / blocks);
            await soak.CancelsAsync(cancels / blocks);
            // What the collector has not looked at yet, or keeps for later, is no leak.
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            GC.WaitForPendingFinalizers();
            memory.Add(Environment.WorkingSet);
            say(FormattableString.Invariant(
                $"{block * (cycles / blocks)} cycles, {block * (cancels / blocks)} cancels ({soak._cancelled} came before the end): RSS {memory[^1] / 1048576.0:F1} MiB{Parts()}, {Stopwatch.GetElapsedTime(began).TotalSeconds:F0} s"));
        }

        return memory;
    }

    /// <summary>What a leak would show in, apart from pages of files, which the system takes and gives as it likes.</summary>
    private static string Parts()
    {
        const string status = "/proc/self/status";
        if (!File.Exists(status))
            return "";
        string anonymous = File.ReadLines(status).First(line => line.StartsWith("RssAnon", StringComparison.Ordinal));
        long kilobytes = long.Parse(anonymous.Split(':')[1].Replace("kB", "", StringComparison.Ordinal), CultureInfo.InvariantCulture);
        return FormattableString.Invariant(
            $" ({kilobytes / 1024.0:F1} without files, {GC.GetGCMemoryInfo().TotalCommittedBytes / 1048576.0:F1} of them the collector's)");
    }

    /// <summary>What an image looks like and how long things take, undisturbed.</summary>
    private async Task LearnAsync()
    {
        long began = Stopwatch.GetTimestamp();
        await using DiffusionModel model = await DiffusionModel.LoadAsync(Options);
        _loading = Stopwatch.GetElapsedTime(began);
        using (GenerationResult first = await model.TextToImageAsync(Request))
            _expected = first.Images[0].Image.Span.ToArray();
        began = Stopwatch.GetTimestamp();
        await GenerateAsync(model, null, CancellationToken.None);
        _generating = Stopwatch.GetElapsedTime(began);
    }

    private async Task CyclesAsync(int count)
    {
        for (int done = 0; done < count;)
        {
            // Mostly one, sometimes two or three models at once.
            int together = Math.Min(count - done, (done % 10) switch { 0 => 3, 5 => 2, _ => 1 });
            await Task.WhenAll(Enumerable.Range(0, together).Select(_ => CycleAsync(null, CancellationToken.None)));
            done += together;
        }
    }

    private async Task CycleAsync(SdCallbacks? callbacks, CancellationToken cancellation)
    {
        await using DiffusionModel model = await DiffusionModel.LoadAsync(Options, callbacks, cancellation);
        await GenerateAsync(model, callbacks, cancellation);
    }

    private async Task CancelsAsync(int count)
    {
        await using DiffusionModel first = await DiffusionModel.LoadAsync(Options);
        await using DiffusionModel second = await DiffusionModel.LoadAsync(Options);
        for (int until = _asked + count; _asked < until;)
        {
            // Partly on two models at once.
            if (_asked % 4 == 3 && _asked + 1 < until)
                await Task.WhenAll(CancelAsync(first, _asked++), CancelAsync(second, _asked++));
            else
                await CancelAsync(first, _asked++);
        }

        await GenerateAsync(first, null, CancellationToken.None);
        await GenerateAsync(second, null, CancellationToken.None);
    }

    private async Task CancelAsync(DiffusionModel model, int number)
    {
        using var cancel = new CancellationTokenSource();
        switch (number % Kinds)
        {
            case 0: // before it begins
                await cancel.CancelAsync();
                if (!await IsCancelledAsync(GenerateAsync(model, null, cancel.Token)))
                    throw new InvalidOperationException("A call with a cancelled token was not cancelled.");
                break;
            case 1: // after it ended
                await GenerateAsync(model, null, cancel.Token);
                await cancel.CancelAsync();
                break;
            case 2: // while it waits for another call
                Task running = GenerateAsync(model, null, CancellationToken.None);
                Task<bool> waiting = IsCancelledAsync(GenerateAsync(model, null, cancel.Token));
                cancel.CancelAfter(_random.NextDouble() * _generating);
                await Task.WhenAll(running, waiting);
                break;
            case 3: // while the model is disposed
                await CancelOfDisposedAsync(cancel);
                break;
            case 4: // somewhere between the beginning of a load and the end of the image
                cancel.CancelAfter(_random.NextDouble() * (_loading + _generating));
                await IsCancelledAsync(CycleAsync(null, cancel.Token));
                break;
            case < 12: // in a callback: load, encode, sample, decode
                await IsCancelledAsync(GenerateAsync(model, CancelAt(_random.Next(8), cancel), cancel.Token));
                break;
            default: // at any time, from another thread
                cancel.CancelAfter(1.1 * _random.NextDouble() * _generating);
                await IsCancelledAsync(GenerateAsync(model, null, cancel.Token));
                break;
        }
    }

    private async Task CancelOfDisposedAsync(CancellationTokenSource cancel)
    {
        DiffusionModel model = await DiffusionModel.LoadAsync(Options);
        Task<bool> generating = IsCancelledAsync(GenerateAsync(model, null, cancel.Token));
        ValueTask disposing = model.DisposeAsync();
        cancel.CancelAfter(_random.NextDouble() * _generating);
        await disposing;
        await generating;
    }

    private static SdCallbacks CancelAt(int report, CancellationTokenSource cancel)
    {
        int seen = 0;
        return new SdCallbacks
        {
            Progress = new Listener(_ =>
            {
                if (seen++ == report)
                    cancel.Cancel();
            }),
        };
    }

    private async Task<bool> IsCancelledAsync(Task call)
    {
        try
        {
            await call;
            return false;
        }
        catch (OperationCanceledException)
        {
            Interlocked.Increment(ref _cancelled);
            return true;
        }
    }

    private async Task GenerateAsync(DiffusionModel model, SdCallbacks? callbacks, CancellationToken cancellation)
    {
        using GenerationResult result = await model.TextToImageAsync(Request, callbacks, cancellation);
        if (!result.Images[0].Image.Span.SequenceEqual(_expected))
            throw new InvalidDataException("An image differs from the first one of the same seed.");
    }
}
