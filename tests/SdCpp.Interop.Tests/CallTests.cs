using System.Diagnostics;

namespace SdCpp.Interop.Tests;

/// <summary>Progress, log, cancellation and the order of calls.</summary>
public sealed class CallTests(Demo demo)
{
    [Fact]
    public async Task Phases_come_in_order_and_steps_never_go_back()
    {
        List<GenerationProgress> seen = [];
        using GenerationResult result = await demo.Model.TextToImageAsync(
            Demo.Request with { BatchCount = 2 }, new SdCallbacks { Progress = new Recorder(seen) }, TestContext.Current.CancellationToken);

        Assert.Equal([GenerationPhase.Encode, GenerationPhase.Sample, GenerationPhase.Decode], seen.Select(p => p.Phase).Distinct());
        Assert.Equal(seen.Select(p => p.Phase).Order(), seen.Select(p => p.Phase));
        foreach (IGrouping<(GenerationPhase, int), GenerationProgress> part in seen.GroupBy(p => (p.Phase, p.ImageIndex)))
            Assert.Equal(part.Select(p => p.Step).Order(), part.Select(p => p.Step));
        for (int image = 0; image < 2; image++)
            Assert.Contains(seen, p => p is { Phase: GenerationPhase.Sample, Step: 4, Steps: 4, ImageCount: 2 } && p.ImageIndex == image);
    }

    [Fact]
    public async Task Loading_reports_tensors_up_to_the_last()
    {
        List<GenerationProgress> seen = [];
        await using DiffusionModel model = await DiffusionModel.LoadAsync(
            demo.Files.ToOptions(1), new SdCallbacks { Progress = new Recorder(seen) }, TestContext.Current.CancellationToken);

        Assert.All(seen, progress => Assert.Equal(GenerationPhase.Load, progress.Phase));
        Assert.Equal(seen[^1].Steps, seen[^1].Step);
        Assert.True(seen[^1].Steps > 100);
        Assert.Equal("Z-Image", model.Family);
    }

    [Fact]
    public async Task Log_lines_come_to_their_own_call()
    {
        List<SdLogLine> first = [], second = [];
        await LogAsync(111, first);
        await LogAsync(222, second);

        Assert.Contains(first, line => line.Text.Contains("seed 111", StringComparison.Ordinal));
        Assert.DoesNotContain(first, line => line.Text.Contains("seed 222", StringComparison.Ordinal));
        Assert.Contains(second, line => line.Text.Contains("seed 222", StringComparison.Ordinal));
        Assert.DoesNotContain(second, line => line.Text.Contains("seed 111", StringComparison.Ordinal));

        async Task LogAsync(long seed, List<SdLogLine> lines) => (await demo.Model.TextToImageAsync(
            Demo.Request with { Seed = seed }, new SdCallbacks { Log = lines.Add }, TestContext.Current.CancellationToken)).Dispose();
    }

    [Fact]
    public async Task Two_models_at_the_same_time_generate_as_each_alone_and_report_to_their_own_calls()
    {
        byte[] expected = await demo.GenerateAsync(Demo.Request with { Steps = 6 });
        await using DiffusionModel other = await DiffusionModel.LoadAsync(demo.Files.ToOptions(1), null, TestContext.Current.CancellationToken);
        for (int round = 0; round < 5; round++)
        {
            List<GenerationProgress> first = [], second = [];
            Task<GenerationResult> a = demo.Model.TextToImageAsync(
                Demo.Request with { Steps = 6 }, new SdCallbacks { Progress = new Recorder(first) }, TestContext.Current.CancellationToken);
            Task<GenerationResult> b = other.TextToImageAsync(
                Demo.Request with { Steps = 4, BatchCount = 2 }, new SdCallbacks { Progress = new Recorder(second) }, TestContext.Current.CancellationToken);
            using GenerationResult generated = await a;
            (await b).Dispose();

            Assert.Equal(expected, generated.Images[0].Image.Span.ToArray());
            AssertSampled(first, steps: 6, images: 1);
            AssertSampled(second, steps: 4, images: 2);
        }

        static void AssertSampled(List<GenerationProgress> seen, int steps, int images)
        {
            Assert.Equal(seen.Select(p => p.Phase).Order(), seen.Select(p => p.Phase));
            IEnumerable<int> done = seen.Where(p => p.Phase == GenerationPhase.Sample && p.Steps > 0 && p.Step > 0).Select(p => p.Step);
            Assert.Equal(Enumerable.Repeat(Enumerable.Range(1, steps), images).SelectMany(range => range), done);
            Assert.All(seen, p => Assert.Equal(images, p.ImageCount));
        }
    }

    [Fact]
    public async Task A_cancelled_job_of_200_steps_ends_within_two_steps_and_the_model_still_works()
    {
        byte[] expected = await demo.GenerateAsync(Demo.Request);
        using var cancel = new CancellationTokenSource();
        List<GenerationProgress> seen = [];
        long cancelledAt = 0;
        var callbacks = new SdCallbacks
        {
            Progress = new Recorder(seen, progress =>
            {
                if (progress is { Phase: GenerationPhase.Sample, Step: 5 })
                {
                    cancelledAt = Stopwatch.GetTimestamp();
                    cancel.Cancel();
                }
            }),
        };

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => demo.Model.TextToImageAsync(Demo.Request with { Steps = 200, Width = 256, Height = 256 }, callbacks, cancel.Token));

        Assert.True(cancelledAt > 0);
        Assert.InRange(seen[^1].Step, 5, 7);
        Assert.Equal(expected, await demo.GenerateAsync(Demo.Request));
    }

    [Fact]
    public async Task A_cancel_from_another_thread_reaches_the_running_call()
    {
        using var cancel = new CancellationTokenSource();
        var sampling = new TaskCompletionSource();
        List<GenerationProgress> seen = [];
        var callbacks = new SdCallbacks
        {
            Progress = new Recorder(seen, progress =>
            {
                if (progress is { Phase: GenerationPhase.Sample, Step: 2 })
                    sampling.TrySetResult();
            }),
        };
        Task<GenerationResult> running = demo.Model.TextToImageAsync(Demo.Request with { Steps = 1000 }, callbacks, cancel.Token);
        await sampling.Task;
        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        Assert.InRange(seen[^1].Step, 2, 999);
    }

    [Fact]
    public async Task A_call_cancelled_while_it_waits_never_starts()
    {
        using var cancel = new CancellationTokenSource();
        using var cancelWaiting = new CancellationTokenSource();
        Task<GenerationResult> running = demo.Model.TextToImageAsync(Demo.Request with { Steps = 1000 }, null, cancel.Token);
        List<GenerationProgress> seen = [];
        Task<GenerationResult> waiting =
            demo.Model.TextToImageAsync(Demo.Request, new SdCallbacks { Progress = new Recorder(seen) }, cancelWaiting.Token);

        await cancelWaiting.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        Assert.NotEmpty(await demo.GenerateAsync(Demo.Request));
        Assert.Empty(seen);
    }

    [Fact]
    public async Task An_exception_of_a_callback_stops_the_call_and_comes_out_of_it()
    {
        var callbacks = new SdCallbacks { Progress = new Recorder([], _ => throw new InvalidDataException("mine")) };

        InvalidDataException thrown = await Assert.ThrowsAsync<InvalidDataException>(
            () => demo.Model.TextToImageAsync(Demo.Request with { Steps = 1000 }, callbacks, TestContext.Current.CancellationToken));
        Assert.Equal("mine", thrown.Message);
        Assert.NotEmpty(await demo.GenerateAsync(Demo.Request));
    }

    [Fact]
    public async Task Calls_from_many_threads_run_one_after_the_other()
    {
        byte[] expected = await demo.GenerateAsync(Demo.Request);
        byte[][] generated = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Task.Run(() => demo.GenerateAsync(Demo.Request))));

        Assert.All(generated, image => Assert.Equal(expected, image));
    }

    [Fact]
    public async Task Disposing_waits_for_the_running_call_and_refuses_later_ones()
    {
        DiffusionModel model = await DiffusionModel.LoadAsync(demo.Files.ToOptions(1), null, TestContext.Current.CancellationToken);
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var callbacks = new SdCallbacks { Progress = new Recorder([], _ => begun.TrySetResult()) };
        Task<GenerationResult> running = model.TextToImageAsync(Demo.Request, callbacks, TestContext.Current.CancellationToken);
        await begun.Task;
        await model.DisposeAsync();

        (await running).Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => model.TextToImageAsync(Demo.Request, null, TestContext.Current.CancellationToken));
        await model.DisposeAsync();
    }

    [Fact]
    public async Task A_model_cannot_be_disposed_from_its_own_callback()
    {
        await using DiffusionModel model = await DiffusionModel.LoadAsync(demo.Files.ToOptions(1), null, TestContext.Current.CancellationToken);
        var callbacks = new SdCallbacks { Progress = new Recorder([], _ => model.Dispose()) };

        await Assert.ThrowsAsync<InvalidOperationException>(
            () => model.TextToImageAsync(Demo.Request, callbacks, TestContext.Current.CancellationToken));
    }
}
