using SdCpp.Interop.Native;

namespace SdCpp.Interop.Tests;

/// <summary>Calls that wait for a model: who sees them, who ends them, and what a callback may do.</summary>
public sealed class CallQueueTests(Demo demo)
{
    private static readonly TextToImageRequest Long = Demo.Request with { Steps = 1000 };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private Task<DiffusionModel> LoadAsync(DiffusionModelOptions? options = null) => DiffusionModel.LoadAsync(options ?? demo.Files.ToOptions(threads: 1), null, Cancellation);

    [Fact]
    public async Task Disposing_cancels_what_waits_and_lets_the_running_call_finish()
    {
        DiffusionModel model = await LoadAsync();
        using var held = new HeldCall(model);
        await held.Entered;
        Task<GenerationResult>[] waiting = [.. Enumerable.Range(0, 3).Select(_ => model.TextToImageAsync(Long, null, Cancellation))];
        Assert.Equal((true, 3), (model.IsBusy, model.WaitingCalls));

        ValueTask disposing = model.DisposeAsync();
        foreach (Task<GenerationResult> call in waiting)
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        held.Release();
        await disposing;
        Assert.NotEmpty((await held.Call).Images);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => model.TextToImageAsync(Demo.Request, null, Cancellation));
    }

    [Fact]
    public async Task Cancelling_all_stops_what_runs_too_and_the_model_stays_usable()
    {
        await using DiffusionModel model = await LoadAsync();
        using var held = new HeldCall(model, Long);
        await held.Entered;
        Task<GenerationResult> waiting = model.TextToImageAsync(Long, null, Cancellation);
        model.CancelAll();
        held.Release();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => held.Call);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        Assert.Equal((false, 0), (model.IsBusy, model.WaitingCalls));
        model.CancelAll();
        (await model.TextToImageAsync(Demo.Request, null, Cancellation)).Dispose();
    }

    [Fact]
    public async Task The_queue_has_a_bound()
    {
        await using DiffusionModel model = await LoadAsync(demo.Files.ToOptions(threads: 1) with { MaxWaitingCalls = 2 });
        using var held = new HeldCall(model);
        await held.Entered;
        Task<GenerationResult>[] waiting = [model.TextToImageAsync(Demo.Request, null, Cancellation), model.TextToImageAsync(Demo.Request, null, Cancellation)];
        SdException full = await Assert.ThrowsAsync<SdException>(() => model.TextToImageAsync(Demo.Request, null, Cancellation));
        Assert.Equal(SdError.Busy, full.Code);
        Assert.Contains("2 calls are waiting", full.Message, StringComparison.Ordinal);
        held.Release();
        foreach (Task<GenerationResult> call in waiting)
            (await call).Dispose();
    }

    [Fact]
    public async Task A_refused_caller_never_makes_an_idle_thread_look_busy()
    {
        var thread = new EngineThread("Test", WhenBusy.Throw, maxWaiting: 10);
        long ran = 0;
        using var stop = new CancellationTokenSource();
        EngineCall<bool> NewCall() => new(() => Interlocked.Increment(ref ran) > 0, CancellationToken.None);
        Task[] others = [.. Enumerable.Range(0, 2).Select(_ => Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
                await thread.RunAsync(NewCall()).ContinueWith(static _ => { }, TaskScheduler.Default);
        }, Cancellation))];
        for (int i = 0; i < 5000; i++)
        {
            long before = Interlocked.Read(ref ran);
            Task<bool> call = thread.RunAsync(NewCall());
            await call.ContinueWith(static _ => { }, TaskScheduler.Default);
            // Refused is right only while another call is there, which then runs.
            Assert.True(call.IsCompletedSuccessfully || SpinWait.SpinUntil(() => Interlocked.Read(ref ran) > before, TimeSpan.FromSeconds(10)), $"refused while idle, in round {i}");
        }

        await stop.CancelAsync();
        await Task.WhenAll(others);
        thread.End();
    }

    [Fact]
    public async Task A_cancelled_load_ends_at_once_and_its_callbacks_too()
    {
        using var cancel = new CancellationTokenSource();
        using var leave = new ManualResetEventSlim();
        var entered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        int heard = 0;
        var callbacks = new SdCallbacks
        {
            Progress = new Recorder([], _ =>
            {
                heard++;
                entered.TrySetResult();
                leave.Wait(CancellationToken.None);
            }),
        };
        Task<DiffusionModel> load = DiffusionModel.LoadAsync(demo.Files.ToOptions(threads: 1), callbacks, cancel.Token);
        await entered.Task;
        await cancel.CancelAsync();
        // The engine is still held in the callback.
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => load);
        leave.Set();
        await using DiffusionModel next = await LoadAsync();
        Assert.Equal(1, heard);
    }

    [Fact]
    public async Task A_cancelled_upscale_ends_at_once_and_the_next_one_works()
    {
        await using Upscaler upscaler = await Upscaler.LoadAsync(new UpscalerOptions(demo.Files.UpscalerX2) { Threads = 1 }, null, Cancellation);
        using ImageBuffer image = ImageBuffer.Create(32, 32);
        using var cancel = new CancellationTokenSource();
        using var leave = new ManualResetEventSlim();
        var entered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var callbacks = new SdCallbacks
        {
            Progress = new Recorder([], _ =>
            {
                entered.TrySetResult();
                leave.Wait(CancellationToken.None);
            }),
        };
        Task<ImageBuffer> running = upscaler.UpscaleAsync(image, callbacks, cancel.Token);
        await entered.Task;
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        leave.Set();
        using ImageBuffer upscaled = await upscaler.UpscaleAsync(image, null, Cancellation);
        Assert.Equal(64, upscaled.Width);
    }

    [Theory]
    [InlineData("waits")]
    [InlineData("waits for another thread that waits")]
    [InlineData("waits for another model whose callback waits")]
    [InlineData("disposes on another thread")]
    public async Task A_callback_that_waits_for_its_own_model_is_told_so(string how)
    {
        await using DiffusionModel model = await LoadAsync(), other = await LoadAsync();
        Exception? told = null;
        var callbacks = new SdCallbacks { Progress = new Recorder([], _ => told ??= Record.Exception(Wait)) };
        (await model.TextToImageAsync(Demo.Request, callbacks, Cancellation)).Dispose();

        Assert.IsType<InvalidOperationException>(told is AggregateException many ? many.Flatten().InnerException : told);
        (await model.TextToImageAsync(Demo.Request, null, Cancellation)).Dispose();

        void Wait()
        {
#pragma warning disable xUnit1031 // the point of it
            switch (how)
            {
                case "waits":
                    model.TextToImageAsync(Demo.Request, null, Cancellation).Wait(Cancellation);
                    break;
                case "waits for another thread that waits":
                    Task.Run(() => model.TextToImageAsync(Demo.Request, null, Cancellation).Wait(Cancellation), Cancellation).Wait(Cancellation);
                    break;
                case "disposes on another thread":
                    Task.Run(model.Dispose, Cancellation).Wait(Cancellation);
                    break;
                default:
                    var inner = new SdCallbacks { Progress = new Recorder([], _ => model.TextToImageAsync(Demo.Request, null, Cancellation).Wait(Cancellation)) };
                    other.TextToImageAsync(Demo.Request, inner, Cancellation).Wait(Cancellation);
                    break;
            }
#pragma warning restore xUnit1031
        }
    }

    [Fact]
    public async Task A_callback_may_start_a_call_on_its_own_model_and_wait_for_another_model()
    {
        await using DiffusionModel other = await LoadAsync(demo.Files.ToOptions()), model = await LoadAsync(demo.Files.ToOptions());
        Task<GenerationResult>? started = null;
        int waited = 0;
        var callbacks = new SdCallbacks
        {
            Progress = new Recorder([], progress =>
            {
                if (waited++ > 0)
                {
                    started ??= model.TextToImageAsync(Demo.Request, null, Cancellation);
                    return;
                }

#pragma warning disable xUnit1031 // the point of it
                using GenerationResult generated = other.TextToImageAsync(Demo.Request, null, Cancellation).GetAwaiter().GetResult();
#pragma warning restore xUnit1031
                Assert.Single(generated.Images);
            }),
        };
        (await model.TextToImageAsync(Demo.Request, callbacks, Cancellation)).Dispose();
        Assert.Single((await started!).Images);
    }

    [Fact]
    public async Task A_log_sink_may_replace_itself()
    {
        int heard = 0;
        SdEngine.SetLogSink(_ =>
        {
            heard++;
            SdEngine.SetLogSink(null);
        });
        // Freeing a model logs outside of any call.
        await (await LoadAsync()).DisposeAsync();
        await (await LoadAsync()).DisposeAsync();
        Assert.InRange(heard, 1, 2);
    }

    /// <summary>A call that is held in its first callback.</summary>
    private sealed class HeldCall : IDisposable
    {
        private readonly TaskCompletionSource _entered = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly ManualResetEventSlim _leave = new();

        public HeldCall(DiffusionModel model, TextToImageRequest? request = null)
        {
            var callbacks = new SdCallbacks
            {
                Progress = new Recorder([], _ =>
                {
                    _entered.TrySetResult();
                    _leave.Wait(CancellationToken.None);
                }),
            };
            Call = model.TextToImageAsync(request ?? Demo.Request, callbacks, Cancellation);
        }

        public Task Entered => _entered.Task;

        public Task<GenerationResult> Call { get; }

        public void Release() => _leave.Set();

        public void Dispose()
        {
            Release();
            Call.ContinueWith(static _ => { }, TaskScheduler.Default).Wait(CancellationToken.None);
            _leave.Dispose();
        }
    }
}
