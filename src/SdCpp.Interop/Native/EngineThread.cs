using System.Collections.Concurrent;
using System.Runtime.InteropServices;

namespace SdCpp.Interop.Native;

/// <summary>
/// The one thread that makes the native calls of a handle, in order: the engine crashes when two threads use one context, and its calls
/// are too long for the thread pool.
/// </summary>
internal sealed class EngineThread
{
    private readonly BlockingCollection<Action> _work = [];
    private readonly Thread _thread;
    private readonly Lock _closeLock = new();
    private readonly WhenBusy _whenBusy;
    private Task? _closed;
    private int _calls;

    public EngineThread(string name, WhenBusy whenBusy)
    {
        _whenBusy = whenBusy;
        _thread = new Thread(Run) { IsBackground = true, Name = name };
        _thread.Start();
    }

    /// <summary>Runs <paramref name="work"/> after what is already waiting. Cancelled while it waits, it never starts.</summary>
    /// <exception cref="ObjectDisposedException">The handle is being disposed.</exception>
    /// <exception cref="SdException"><see cref="SdError.Busy"/>, when another call is running or waiting and this one shall not wait.</exception>
    public Task<T> RunAsync<T>(object owner, Func<T> work, CancellationToken cancellation)
    {
        if (Interlocked.Increment(ref _calls) > 1 && _whenBusy == WhenBusy.Throw)
        {
            Interlocked.Decrement(ref _calls);
            throw new SdException(SdError.Busy, $"Another call is running on this {owner.GetType().Name}; wait for it, or load with {nameof(WhenBusy)}.{nameof(WhenBusy.Wait)}.");
        }

        return AddAsync(owner, work, cancellation);
    }

    private Task<T> AddAsync<T>(object owner, Func<T> work, CancellationToken cancellation)
    {
        var completion = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        int left = 0;
        // Before the caller hears of the end: its next call must not find this one.
        void Leave()
        {
            if (Interlocked.Exchange(ref left, 1) == 0)
                Interlocked.Decrement(ref _calls);
        }

        CancellationTokenRegistration waiting = cancellation.Register(() =>
        {
            Leave();
            completion.TrySetCanceled(cancellation);
        });
        void Execute()
        {
            waiting.Dispose();
            if (completion.Task.IsCompleted)
                return;
            Action complete = Try(work, completion);
            Leave();
            complete();
        }

        try
        {
            _work.Add(Execute, CancellationToken.None);
        }
        catch (InvalidOperationException)
        {
            waiting.Dispose();
            Leave();
            throw new ObjectDisposedException(owner.GetType().Name);
        }

        return completion.Task;
    }

    /// <summary>Takes no more work; frees the handle after what is waiting, and ends. Every call returns the same task.</summary>
    /// <exception cref="InvalidOperationException">Called on this thread, where it would wait for itself.</exception>
    public Task CloseAsync(SafeHandle handle, object owner)
    {
        if (Thread.CurrentThread == _thread)
            throw new InvalidOperationException($"A {owner.GetType().Name} cannot be disposed from a callback of its own call.");
        lock (_closeLock)
        {
            if (_closed is null)
            {
                Interlocked.Increment(ref _calls);
                _closed = AddAsync(owner, () => Free(handle), CancellationToken.None);
                End();
            }
        }

        return _closed;

        static bool Free(SafeHandle handle)
        {
            handle.Dispose();
            return true;
        }
    }

    private static Action Try<T>(Func<T> work, TaskCompletionSource<T> completion)
    {
        try
        {
            T result = work();
            return () => completion.SetResult(result);
        }
        catch (OperationCanceledException exception)
        {
            return () => completion.SetCanceled(exception.CancellationToken);
        }
        catch (Exception exception)
        {
            return () => completion.SetException(exception);
        }
    }

    /// <summary>Takes no more work; the thread ends after what is waiting.</summary>
    public void End() => _work.CompleteAdding();

    private void Run()
    {
        foreach (Action work in _work.GetConsumingEnumerable())
            work();
    }
}
