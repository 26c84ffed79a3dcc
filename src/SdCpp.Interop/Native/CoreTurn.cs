namespace SdCpp.Interop.Native;

/// <summary>
/// The processor cores, taken in turns by the calls that may use all of them: the engine's threads wait by spinning, so two such calls at
/// once take many times as long as one after the other. A turn changes hands between two steps and while a callback runs.
/// </summary>
internal sealed class CoreTurn : IDisposable
{
    private static readonly Lock Gate = new();
    private static readonly LinkedList<CoreTurn> Waiting = [];
    private static CoreTurn? _holder;

    // Waits without spinning: somebody computes.
    private readonly ManualResetEventSlim _granted = new(initialState: false, spinCount: 0);
    private bool _isCancelled;

    /// <summary>Calls that wait for their turn.</summary>
    internal static int WaitingCalls
    {
        get
        {
            lock (Gate)
                return Waiting.Count;
        }
    }

    /// <summary>Waits for the turn; not at all once the call is cancelled, which has little left to do.</summary>
    public void Take()
    {
        lock (Gate)
        {
            if (_isCancelled || _holder == this)
                return;
            if (_holder is null)
            {
                _holder = this;
                return;
            }

            _granted.Reset();
            Waiting.AddLast(this);
        }

        _granted.Wait();
    }

    public void GiveBack()
    {
        lock (Gate)
        {
            if (_holder != this)
                return;
            _holder = Waiting.First?.Value;
            if (_holder is null)
                return;
            Waiting.RemoveFirst();
            _holder._granted.Set();
        }
    }

    /// <summary>Lets those who wait have their turn first.</summary>
    public void Pass()
    {
        lock (Gate)
        {
            if (_holder == this && Waiting.Count == 0)
                return;
        }

        GiveBack();
        Take();
    }

    /// <summary>Ends the wait. May be called on any thread, and after <see cref="Dispose"/>.</summary>
    public void Cancel()
    {
        lock (Gate)
        {
            if (_isCancelled)
                return;
            _isCancelled = true;
            if (Waiting.Remove(this))
                _granted.Set();
        }
    }

    public void Dispose()
    {
        Cancel();
        GiveBack();
        _granted.Dispose();
    }
}
