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
    private Task? _closed;

    public EngineThread(string name)
    {
        _thread = new Thread(Run) { IsBackground = true, Name = name };
        _thread.Start();
    }

    /// <summary>Runs <paramref name="work"/> after what is already waiting. Cancelled while it waits, it never starts.</summary>
    /// <exception cref="ObjectDisposedException">The handle is being disposed.</exception>
    public Task<T> RunAsync<T>(object owner, Func<T> work, CancellationToken cancellation)
    {
        var completion = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        CancellationTokenRegistration waiting = cancellation.Register(() => completion.TrySetCanceled(cancellation));
        void Execute()
        {
            waiting.Dispose();
            if (completion.Task.IsCompleted)
                return;
            try
            {
                completion.SetResult(work());
            }
            catch (OperationCanceledException exception)
            {
                completion.SetCanceled(exception.CancellationToken);
            }
            catch (Exception exception)
            {
                completion.SetException(exception);
            }
        }

        try
        {
            _work.Add(Execute, CancellationToken.None);
        }
        catch (InvalidOperationException)
        {
            waiting.Dispose();
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
                _closed = RunAsync(owner, () => Free(handle), CancellationToken.None);
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

    /// <summary>Takes no more work; the thread ends after what is waiting.</summary>
    public void End() => _work.CompleteAdding();

    private void Run()
    {
        foreach (Action work in _work.GetConsumingEnumerable())
            work();
    }
}
