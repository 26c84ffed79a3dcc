namespace SdCpp.Interop.Native;

/// <summary>
/// A call on its engine thread, as seen from code that its callbacks run, on whatever thread: with it a call that waits for itself is
/// recognised. It refers to nothing but its thread, for captured execution contexts may keep it long.
/// </summary>
internal sealed class RunningCall(EngineThread owner, CallerLink? caller)
{
    private static readonly AsyncLocal<RunningCall?> Flowing = new();

    // Odd while a callback runs, and another odd number in each.
    private long _callback;

    /// <summary>The call whose callback this code comes from; null for none.</summary>
    public static RunningCall? Current
    {
        get => Flowing.Value;
        set => Flowing.Value = value;
    }

    public EngineThread Owner { get; } = owner;

    public CallerLink? Caller { get; } = caller;

    public long Callback => Volatile.Read(ref _callback);

    public void EnterCallback() => Interlocked.Increment(ref _callback);

    public void LeaveCallback() => Interlocked.Increment(ref _callback);
}

/// <summary>The callback that code comes from, and the one that made that call.</summary>
internal sealed class CallerLink
{
    private readonly RunningCall _call;
    private readonly long _callback;
    private readonly CallerLink? _outer;

    private CallerLink(RunningCall call, long callback)
    {
        _call = call;
        _callback = callback;
        _outer = call.Caller;
    }

    /// <summary>Where this code comes from; null when no callback that still runs can wait for it.</summary>
    public static CallerLink? Current => RunningCall.Current is { } call && call.Callback is var callback && callback % 2 == 1 ? new CallerLink(call, callback) : null;

    /// <summary>Whether a callback on that thread, which still runs, may wait for what this code does.</summary>
    public bool MayHold(EngineThread thread)
    {
        for (CallerLink? link = this; link is not null; link = link._outer)
        {
            if (link._call.Owner == thread && link._call.Callback == link._callback)
                return true;
        }

        return false;
    }
}
