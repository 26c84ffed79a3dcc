using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace SdCpp.Interop.Native;

/// <summary>
/// The one thread that makes the native calls of a handle, in order: the engine crashes when two threads use one context, and its calls
/// are too long for the thread pool. An idle one refers to nothing of its last call.
/// </summary>
internal sealed class EngineThread
{
    // The engine reads prompts and rules by recursion; some systems give new threads little.
    private const int StackBytes = 8 << 20;

    // How long a callback may block before a call of its own is told that it waits for itself.
    private static readonly TimeSpan WatchEvery = TimeSpan.FromMilliseconds(250);

    // A monitor, not a Lock: the thread waits on it.
    private readonly object _lock = new();
    private readonly LinkedList<EngineCall> _waiting = [];
    private readonly Thread _thread;
    private readonly string _owner;
    private readonly WhenBusy _whenBusy;
    private readonly int _maxWaiting;
    private Task? _closed;
    private bool _hasEnded;
    private bool _isRunning;
    private bool _isStopRequested;
    private Action? _stop;

    /// <param name="owner">The public type whose calls these are, for messages.</param>
    /// <param name="whenBusy">What a second call does.</param>
    /// <param name="maxWaiting">Most calls that wait.</param>
    public EngineThread(string owner, WhenBusy whenBusy, int maxWaiting)
    {
        _owner = owner;
        _whenBusy = whenBusy;
        _maxWaiting = maxWaiting;
        _thread = new Thread(Run, StackBytes) { IsBackground = true, Name = $"SdCpp {owner}" };
        _thread.Start();
    }

    public bool IsRunning
    {
        get
        {
            lock (_lock)
                return _isRunning;
        }
    }

    public int WaitingCalls
    {
        get
        {
            lock (_lock)
                return _waiting.Count;
        }
    }

    /// <summary>Runs <paramref name="call"/> after what is already waiting. Cancelled while it waits, it never starts.</summary>
    public Task<T> RunAsync<T>(EngineCall<T> call)
    {
        CallerLink? caller = CallerLink.Current;
        call.Queue(this, caller);
        if (TryAdd(call) is { } refusal)
            call.Refuse(refusal);
        else if (caller?.MayHold(this) == true)
            _ = WatchAsync(call, caller);
        return call.Task;
    }

    /// <summary>What stops the call that runs; called at once when that has been asked for already. On this thread.</summary>
    public void OnStop(Action stop)
    {
        lock (_lock)
        {
            _stop = stop;
            if (_isStopRequested)
                stop();
        }
    }

    /// <summary>Cancels what waits and stops what runs.</summary>
    public void CancelAll()
    {
        EngineCall[] waiting;
        lock (_lock)
        {
            waiting = [.. _waiting];
            _waiting.Clear();
            _isStopRequested = _isRunning;
            // Not outside of the lock: the next call must not be stopped in its place.
            _stop?.Invoke();
        }

        foreach (EngineCall call in waiting)
            call.Cancel(default);
    }

    /// <summary>Takes no more calls and cancels those that wait; frees the handle after the one that runs, and ends. Every call returns the same task.</summary>
    /// <exception cref="InvalidOperationException">Called from a callback of a call on this thread, which would wait for itself.</exception>
    public async Task CloseAsync(SafeHandle handle)
    {
        if (Thread.CurrentThread == _thread)
            throw WaitsForItself();
        if (CallerLink.Current is { } caller)
        {
            while (caller.MayHold(this))
            {
                await Task.Delay(WatchEvery).ConfigureAwait(false);
                if (IsBlocked && caller.MayHold(this))
                    throw WaitsForItself();
            }
        }

        await BeginClose(handle).ConfigureAwait(false);
    }

    private Task BeginClose(SafeHandle handle)
    {
        EngineCall[] waiting = [];
        lock (_lock)
        {
            if (_closed is null)
            {
                waiting = [.. _waiting];
                _waiting.Clear();
                var free = new EngineCall<bool>(() => Free(handle), CancellationToken.None);
                free.Queue(this, caller: null);
                _closed = free.Task;
                _waiting.AddLast(free);
                End();
            }
        }

        foreach (EngineCall call in waiting)
            call.Cancel(default);
        return _closed;

        static bool Free(SafeHandle handle)
        {
            handle.Dispose();
            return true;
        }
    }

    /// <summary>Takes no more calls; the thread ends after what is waiting.</summary>
    public void End()
    {
        lock (_lock)
        {
            _hasEnded = true;
            Monitor.Pulse(_lock);
        }
    }

    /// <summary>Takes a call out of the queue, or keeps it out; false when it was not there.</summary>
    internal bool CancelWaiting(EngineCall call)
    {
        lock (_lock)
        {
            call.IsCancelled = true;
            return _waiting.Remove(call);
        }
    }

    /// <summary>Before the caller hears of the end: its next call must not find this one.</summary>
    internal void Leave()
    {
        lock (_lock)
        {
            _isRunning = false;
            _isStopRequested = false;
            _stop = null;
        }
    }

    private Exception? TryAdd(EngineCall call)
    {
        lock (_lock)
        {
            if (_hasEnded)
                return new ObjectDisposedException(_owner);
            if (_whenBusy == WhenBusy.Throw && (_isRunning || _waiting.Count > 0))
                return new SdException(SdError.Busy, $"Another call is running on this {_owner}; wait for it, or load with {nameof(WhenBusy)}.{nameof(WhenBusy.Wait)}.");
            if (_waiting.Count >= _maxWaiting)
            {
                return new SdException(
                    SdError.Busy, $"{_waiting.Count} calls are waiting on this {_owner}, as many as {nameof(DiffusionModelOptions.MaxWaitingCalls)} allows; wait for one of them to end.");
            }

            if (call.IsCancelled)
                return new OperationCanceledException();
            _waiting.AddLast(call);
            Monitor.Pulse(_lock);
        }

        return null;
    }

    // A call that comes from a callback is welcome: it runs when that one has ended. But a callback that waits for it waits for ever.
    private async Task WatchAsync(EngineCall call, CallerLink caller)
    {
        do
        {
            await Task.Delay(WatchEvery).ConfigureAwait(false);
            if (IsBlocked && caller.MayHold(this))
            {
                if (CancelWaiting(call))
                    call.Refuse(WaitsForItself());
                return;
            }
        }
        while (caller.MayHold(this));
    }

    private bool IsBlocked => _thread.ThreadState.HasFlag(ThreadState.WaitSleepJoin);

    private InvalidOperationException WaitsForItself() => new(
        $"A callback of this {_owner} waits for another call on it, which can only begin when that callback has returned. Do not wait for it there: start it, or wait when the running call has ended.");

    private void Run()
    {
        while (RunOne())
        {
        }
    }

    // A frame of its own: the last call must not live in this thread's stack while it waits for the next.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool RunOne()
    {
        EngineCall call;
        lock (_lock)
        {
            while (_waiting.Count == 0 && !_hasEnded)
                Monitor.Wait(_lock);
            if (_waiting.First is not { } first)
                return false;
            call = first.Value;
            _waiting.RemoveFirst();
            _isRunning = true;
        }

        call.Run();
        return true;
    }
}
