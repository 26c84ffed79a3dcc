using System.Diagnostics;
using SdCpp.Interop;
using SdStudio.Benchmarks;
using static SdCpp.Benchmarks.Rounds;

namespace SdCpp.Benchmarks;

/// <summary>What is compared with each other within one run, by turns.</summary>
internal static class Turns
{
    private static readonly (string Name, Func<Task> Run)[] All =
    [
        ("overhead", OverheadAsync), ("load", LoadAsync), ("image", ImageAsync), ("cancel", CancelAsync), ("preview", PreviewAsync), ("words", WordsAsync),
    ];

    /// <returns>0; 1 when there is none of that name.</returns>
    public static async Task<int> RunAsync(string? name)
    {
        if (name is not null && !All.Any(part => part.Name == name))
        {
            await Console.Error.WriteLineAsync($"There is no '{name}'; there are: {string.Join(", ", All.Select(part => part.Name))}.");
            return 1;
        }

        foreach ((string part, Func<Task> run) in All)
        {
            if (name is null || name == part)
                await run();
        }

        return 0;
    }

    /// <summary>The smallest image: what the engine does for it is small enough that 0.1 ms of ours would be seen.</summary>
    private static async Task OverheadAsync()
    {
        await CompareAsync("64 × 64, 1 step, 1 thread", Demo.Request(side: 64, steps: 1), threads: 1, rounds: 200);
        await CompareAsync("256 × 256, 8 steps, 2 threads", Demo.Request(side: 256, steps: 8), threads: 2, rounds: 12);
    }

    private static async Task CompareAsync(string title, TextToImageRequest request, int threads, int rounds)
    {
        using var raw = new RawModel(Demo.Files.ToOptions(threads), request);
        await using DiffusionModel model = await DiffusionModel.LoadAsync(Demo.Files.ToOptions(threads));
        await new Rounds(title)
            .Add("raw call", () => OnOneThread(raw.Generate))
            .Add("safe API", async () => (await model.TextToImageAsync(request)).Dispose())
            .RunAsync(rounds);

        static Task OnOneThread(Action generate)
        {
            generate();
            return Task.CompletedTask;
        }
    }

    private static async Task LoadAsync()
    {
        DemoModelFiles files = Demo.Files;
        string[] paths = [files.DiffusionModel, files.TextEncoder, files.Taesd];
        long before = PageCache.BytesFromDisk();
        if (!PageCache.Drop(paths) || before < 0)
        {
            Say($"\nThe files cannot be taken out of the system's cache here: no cold load.");
            return;
        }

        await LoadOnceAsync(files);
        Say($"\nA cold load fetches {(PageCache.BytesFromDisk() - before) / 1048576.0:F1} MiB of {paths.Sum(path => new FileInfo(path).Length) / 1048576.0:F1} MiB from the disk.");
        await new Rounds("loading the demo model, 2 threads")
            .Add("warm: files in the system's cache", () => LoadOnceAsync(files))
            .Add("cold: from the disk", () => Task.FromResult(PageCache.Drop(paths)), () => LoadOnceAsync(files))
            .RunAsync(10);

        static async Task LoadOnceAsync(DemoModelFiles files) => await (await DiffusionModel.LoadAsync(files.ToOptions())).DisposeAsync();
    }

    /// <summary>A model that stays loaded, one that is loaded for each image, and a process for each image.</summary>
    private static async Task ImageAsync()
    {
        await using DiffusionModel kept = await DiffusionModel.LoadAsync(Demo.Files.ToOptions());
        foreach (int side in new[] { 64, 256 })
        {
            TextToImageRequest request = Demo.Request(side, steps: 8);
            string png = Path.Combine(Demo.Folder, "image.png");
            string[] arguments = [Demo.Folder, $"{side}", "8", Path.Combine(Demo.Folder, "child.png")];
            await new Rounds($"{side} × {side}, 8 steps, saved as PNG")
                .Add("the model stays loaded", () => GenerateAsync(kept, request, png))
                .Add("the model is loaded and freed for each image", async () =>
                {
                    await using DiffusionModel model = await DiffusionModel.LoadAsync(Demo.Files.ToOptions());
                    await GenerateAsync(model, request, png);
                })
                .Add("a process for each image", () => OneImageAsync(arguments))
                .Add("a process that does nothing", () => OneImageAsync([]))
                .RunAsync(6);
        }

        static async Task GenerateAsync(DiffusionModel model, TextToImageRequest request, string png)
        {
            using GenerationResult result = await model.TextToImageAsync(request);
            result.Images[0].Image.Save(png);
        }
    }

    private static async Task OneImageAsync(string[] arguments)
    {
        using Process process = Process.Start("dotnet", [Path.Combine(AppContext.BaseDirectory, "SdCpp.OneImage.dll"), .. arguments]);
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"SdCpp.OneImage ended with exit code {process.ExitCode}.");
    }

    /// <summary>From the cancel to the end of the call, at random moments of sampling.</summary>
    private static async Task CancelAsync()
    {
        const int cancels = 60;
        var random = new Random(1);
        await using DiffusionModel model = await DiffusionModel.LoadAsync(Demo.Files.ToOptions());
        List<double> steps = [], latencies = [];
        for (int number = 0; number < cancels; number++)
        {
            using var cancel = new CancellationTokenSource();
            var sampling = new TaskCompletionSource();
            var callbacks = new SdCallbacks
            {
                Progress = new Listener(progress =>
                {
                    if (progress is not { Phase: GenerationPhase.Sample, Step: > 1 })
                        return;
                    steps.Add(progress.SecondsPerStep * 1000);
                    sampling.TrySetResult();
                }),
            };
            Task<GenerationResult> generating = model.TextToImageAsync(Demo.Request(side: 256, steps: 200), callbacks, cancel.Token);
            await sampling.Task;
            await Task.Delay(TimeSpan.FromMilliseconds(random.NextDouble() * 2 * steps[^1]));
            long asked = Stopwatch.GetTimestamp();
            await cancel.CancelAsync();
            try
            {
                (await generating).Dispose();
                throw new InvalidOperationException("A cancelled call delivered.");
            }
            catch (OperationCanceledException)
            {
                latencies.Add(Stopwatch.GetElapsedTime(asked).TotalMilliseconds);
            }
        }

        double step = Median(steps);
        Say($"\n| from a cancel to the end of the call, 256 × 256, {cancels} cancels | ms | steps |\n|---|---|---|");
        Say($"| one step (median) | {step:F1} | 1 |");
        foreach ((string name, double share) in new[] { ("p50", .5), ("p99", .99), ("most", 1) })
            Say($"| {name} | {At(latencies, share):F1} | {At(latencies, share) / step:F2} |");
    }

    private static async Task PreviewAsync()
    {
        await using DiffusionModel model = await DiffusionModel.LoadAsync(Demo.Files.ToOptions());
        var rounds = new Rounds("256 × 256, 8 steps, a preview at every step");
        rounds.Add("no preview", async () => (await model.TextToImageAsync(Demo.Request(256, 8))).Dispose());
        foreach (PreviewMode mode in new[] { PreviewMode.Projection, PreviewMode.Taesd })
        {
            var callbacks = new SdCallbacks { PreviewMode = mode, Preview = static preview => preview.Image.Dispose() };
            rounds.Add(mode.ToString(), async () => (await model.TextToImageAsync(Demo.Request(256, 8), callbacks)).Dispose());
        }

        await rounds.RunAsync(8);
    }

    /// <summary>What encoding the same words for each image of a batch costs: an engine that keeps no encodings does it once a call.</summary>
    private static async Task WordsAsync()
    {
        await using DiffusionModel demo = await DiffusionModel.LoadAsync(Demo.Files.ToOptions());
        await CompareBatchAsync("demo model, 256 × 256, 8 steps", demo, Demo.Request(256, 8), rounds: 8);
        string path = Path.Combine(Directory.CreateDirectory(Demo.Folder).FullName, "synthetic-sd15.safetensors");
        if (!File.Exists(path))
            new SyntheticSd15().Write(path);
        await using DiffusionModel large = await DiffusionModel.LoadAsync(new DiffusionModelOptions { ModelPath = path });
        await CompareBatchAsync("SD 1.5's size, 64 × 64, 4 steps", large, Demo.Request(64, 4), rounds: 3);
    }

    private static async Task CompareBatchAsync(string title, DiffusionModel model, TextToImageRequest request, int rounds)
    {
        const int images = 4;
        List<double> encoding = [], calls = [];
        await new Rounds($"{images} images of the same words: {title}")
            .Add("one call", async () => (await model.TextToImageAsync(request with { BatchCount = images })).Dispose())
            .Add("a call for each", async () =>
            {
                for (int image = 0; image < images; image++)
                {
                    (long began, long sampling) = (Stopwatch.GetTimestamp(), 0);
                    // Step 0 of sampling is told when the words are encoded.
                    SdCallbacks callbacks = SdCallbacks.OnProgress(progress => sampling = sampling == 0 && progress.Phase == GenerationPhase.Sample ? Stopwatch.GetTimestamp() : sampling);
                    (await model.TextToImageAsync(request with { Seed = request.Seed + image }, callbacks)).Dispose();
                    encoding.Add(Stopwatch.GetElapsedTime(began, sampling).TotalMilliseconds);
                    calls.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
                }
            })
            .RunAsync(rounds);
        Say($"Until sampling begins, words encoded: {Median(encoding):F1} ms of {Median(calls):F1} ms a call ({100 * Median(encoding) / Median(calls):F1} %).");
    }
}
