using System.Diagnostics;
using SdCpp.Interop.Native;

namespace SdCpp.Interop.Tests;

/// <summary>Calls that may use every core use them one after the other.</summary>
public sealed class CoreTurnTests(Demo demo)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Only_one_has_the_cores_and_passing_lets_each_go_on()
    {
        int computing = 0, most = 0;
        var order = new System.Collections.Concurrent.ConcurrentQueue<int>();
        await Task.WhenAll(Enumerable.Range(0, 4).Select(worker => Task.Factory.StartNew(
            () =>
            {
                using var turn = new CoreTurn();
                turn.Take();
                for (int step = 0; step < 500; step++)
                {
                    most = Math.Max(most, Interlocked.Increment(ref computing));
                    order.Enqueue(worker);
                    Interlocked.Decrement(ref computing);
                    turn.Pass();
                }
            },
            Cancellation, TaskCreationOptions.LongRunning, TaskScheduler.Default)));

        Assert.Equal(1, most);
        Assert.Equal(2000, order.Count);
        Assert.Equal(0, CoreTurn.WaitingCalls);
    }

    [Fact]
    public async Task A_cancelled_call_does_not_wait_for_its_turn()
    {
        await using DiffusionModel busy = await LoadAsync(), waits = await LoadAsync();
        using var cancel = new CancellationTokenSource();
        using var stop = new CancellationTokenSource();
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var callbacks = new SdCallbacks { Progress = new Recorder([], _ => begun.TrySetResult()) };
        Task<GenerationResult> long1 = busy.TextToImageAsync(Demo.Request with { Steps = 1000 }, callbacks, stop.Token);
        await begun.Task;
        Task<GenerationResult> second = waits.TextToImageAsync(Demo.Request with { Steps = 1000 }, null, cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        Assert.False(long1.IsCompleted);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => long1);
    }

    [Fact]
    public async Task Two_models_that_name_no_threads_generate_side_by_side_what_each_generates_alone()
    {
        await using DiffusionModel first = await LoadAsync(), second = await LoadAsync();
        byte[] alone = await GenerateAsync(first);
        byte[][] both = await Task.WhenAll(GenerateAsync(first), GenerateAsync(second));
        Assert.All(both, image => Assert.Equal(alone, image));
        Assert.Equal(0, CoreTurn.WaitingCalls);
    }

    [Fact]
    public async Task The_default_is_no_slower_than_one_thread_where_there_is_one_processor()
    {
        string output = await RunAsync("taskset", ["-c", "0"], [ThreadProgram.Command, Path.GetDirectoryName(demo.Files.DiffusionModel)!]);
        // Its own two lines and nothing of the engine's: a program may write an image there.
        Assert.Equal(3, output.Split('\n').Length);
        double[] seconds = [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => double.Parse(line, System.Globalization.CultureInfo.InvariantCulture))];
        Assert.Equal(2, seconds.Length);
        // Nine times as long without it.
        Assert.InRange(seconds[1], 0, seconds[0] * 3);
    }

    [Fact]
    public async Task The_default_is_the_share_that_the_process_has_of_the_processors()
    {
        int all = int.Parse(await RunAsync("env", [], [ThreadProgram.Count]), System.Globalization.CultureInfo.InvariantCulture);
        Assert.InRange(all, 1, Environment.ProcessorCount);
        Assert.Equal("1\n", await RunAsync("taskset", ["-c", "0"], [ThreadProgram.Count]));
        // What .NET makes of a container's quota; whoever runs the container may say it too.
        Assert.Equal("1\n", await RunAsync("env", ["DOTNET_PROCESSOR_COUNT=1"], [ThreadProgram.Count]));
        Assert.Equal(all.ToString(System.Globalization.CultureInfo.InvariantCulture) + "\n", await RunAsync("env", ["DOTNET_PROCESSOR_COUNT=64"], [ThreadProgram.Count]));
    }

    [Fact]
    public async Task The_default_follows_the_quota_of_a_container()
    {
        const string Processors = "/sys/fs/cgroup/cpu";
        string group = Path.Combine(Processors, "sdcpp-test-" + Guid.NewGuid().ToString("N"));
        bool canLimit = false;
        try
        {
            if (File.Exists(Path.Combine(Processors, "cpu.cfs_quota_us")))
            {
                Directory.CreateDirectory(group);
                await File.WriteAllTextAsync(Path.Combine(group, "cpu.cfs_quota_us"), "100000", Cancellation);
                canLimit = true;
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Only root may, and not in every container: what .NET makes of a quota is then taken from the test before.
        }

        try
        {
            string[] limited = ["-c", $"echo $$ > {group}/cgroup.procs && exec \"$@\"", "sh"];
            Assert.Equal("1\n", canLimit ? await RunAsync("sh", limited, [ThreadProgram.Count]) : await RunAsync("env", ["DOTNET_PROCESSOR_COUNT=1"], [ThreadProgram.Count]));
        }
        finally
        {
            if (Directory.Exists(group))
                Directory.Delete(group);
        }
    }

    // This program again, begun by another one.
    private static async Task<string> RunAsync(string by, string[] before, string[] arguments)
    {
        string[] self = Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet" ? [Environment.ProcessPath!, typeof(CoreTurnTests).Assembly.Location] : [Environment.ProcessPath!];
        using Process program = Process.Start(new ProcessStartInfo(by, [.. before, .. self, .. arguments]) { RedirectStandardOutput = true })!;
        string output = await program.StandardOutput.ReadToEndAsync(Cancellation);
        await program.WaitForExitAsync(Cancellation);
        Assert.Equal(0, program.ExitCode);
        return output;
    }

    private Task<DiffusionModel> LoadAsync() => DiffusionModel.LoadAsync(demo.Files.ToOptions(), null, Cancellation);

    private static async Task<byte[]> GenerateAsync(DiffusionModel model)
    {
        using GenerationResult result = await model.TextToImageAsync(Demo.Request with { Width = 32, Height = 32, Steps = 2 }, null, Cancellation);
        return result.Images[0].Image.Span.ToArray();
    }
}
