namespace SdCpp.Interop.Native;

/// <summary>A call that waits for its thread, or runs on it.</summary>
internal abstract class EngineCall
{
    private protected EngineThread? Thread { get; private set; }

    /// <summary>Whether the token was signalled before the call had begun. Changes under the thread's lock.</summary>
    public bool IsCancelled { get; internal set; }

    public abstract void Run();

    public abstract void Cancel(CancellationToken cancellation);

    public abstract void Refuse(Exception why);

    public virtual void Queue(EngineThread thread, CallerLink? caller) => Thread = thread;
}

/// <inheritdoc/>
/// <param name="work">Makes the native call.</param>
/// <param name="cancellation">Cancels it while it waits; while it runs, that is the work's own business unless it can be abandoned.</param>
internal sealed class EngineCall<T>(Func<T> work, CancellationToken cancellation) : EngineCall
{
    private readonly TaskCompletionSource<T> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private CancellationTokenRegistration _registration;
    private CallerLink? _caller;
    private int _released;

    /// <summary>Called once when the work will not touch its inputs any more.</summary>
    public Action? Release { get; init; }

    /// <summary>
    /// For work that cannot be stopped: a cancelled call ends at once, the work goes on, and this gets its result. Null for work that
    /// looks at the token itself.
    /// </summary>
    public Action<T>? Discard { get; init; }

    public Task<T> Task => _completion.Task;

    public override void Queue(EngineThread thread, CallerLink? caller)
    {
        base.Queue(thread, caller);
        _caller = caller;
        _registration = cancellation.UnsafeRegister(static (call, token) => ((EngineCall<T>)call!).OnCancelled(token), this);
    }

    /// <summary>Ends the call before it has begun.</summary>
    public override void Refuse(Exception why)
    {
        _registration.Unregister();
        ReleaseOnce();
        _ = why is OperationCanceledException ? _completion.TrySetCanceled(cancellation) : _completion.TrySetException(why);
    }

    public override void Cancel(CancellationToken token)
    {
        _registration.Unregister();
        ReleaseOnce();
        _completion.TrySetCanceled(token);
    }

    public override void Run()
    {
        if (Discard is null)
            _registration.Unregister();
        Action complete;
        RunningCall.Current = new RunningCall(Thread!, _caller);
        try
        {
            complete = _completion.Task.IsCompleted ? static () => { } : Try();
        }
        finally
        {
            RunningCall.Current = null;
            ReleaseOnce();
            Thread!.Leave();
        }

        _registration.Unregister();
        complete();
    }

    // In the queue, or on its way there; a call that runs is left to its work, or abandoned.
    private void OnCancelled(CancellationToken token)
    {
        bool waited = Thread!.CancelWaiting(this);
        if (waited)
            ReleaseOnce();
        if (waited || Discard is not null)
            _completion.TrySetCanceled(token);
    }

    private Action Try()
    {
        try
        {
            T result = work();
            return () =>
            {
                if (!_completion.TrySetResult(result))
                    Discard?.Invoke(result);
            };
        }
        catch (OperationCanceledException exception)
        {
            return () => _completion.TrySetCanceled(exception.CancellationToken);
        }
        catch (Exception exception)
        {
            return () => _completion.TrySetException(exception);
        }
    }

    private void ReleaseOnce()
    {
        if (Interlocked.Exchange(ref _released, 1) == 0)
            Release?.Invoke();
    }
}
