using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace SdCpp.Interop.Native;

/// <summary>The managed end of one native call's callbacks. Lives on the generating thread, for the length of the call.</summary>
internal sealed unsafe class NativeCallScope : IDisposable
{
    private readonly SdCallbacks? _callbacks;
    private readonly Action? _stop;
    private readonly CoreTurn? _turn;
    private readonly RunningCall? _running = RunningCall.Current;
    private readonly CancellationToken _abandoned;
    private GCHandle<NativeCallScope> _self;
    private ExceptionDispatchInfo? _thrown;

    /// <param name="callbacks">What the caller wants to hear; may be null.</param>
    /// <param name="arena">Keeps the tag for the length of the call.</param>
    /// <param name="stop">Stops the call when a callback throws; null where the engine cannot be stopped.</param>
    /// <param name="turn">The cores that the call takes turns for; null when it does not.</param>
    /// <param name="abandoned">Signalled when nobody waits for the call any more: then nobody hears of it either.</param>
    public NativeCallScope(SdCallbacks? callbacks, Utf8Arena arena, Action? stop = null, CoreTurn? turn = null, CancellationToken abandoned = default)
    {
        _callbacks = callbacks;
        _stop = stop;
        _turn = turn;
        _abandoned = abandoned;
        _self = new GCHandle<NativeCallScope>(this);
        Call = new NativeCall
        {
            Size = (uint)sizeof(NativeCall),
            Progress = callbacks?.Progress is null && turn is null ? null : &OnProgress,
            Log = callbacks?.Log is null ? null : &OnLog,
            User = GCHandle<NativeCallScope>.ToIntPtr(_self),
            Tag = arena.Add(callbacks?.Tag, nameof(SdCallbacks.Tag)),
            Preview = callbacks?.Preview is null ? null : &OnPreview,
            PreviewMode = callbacks?.Preview is null ? null : arena.Add(NameOf(callbacks.PreviewMode), nameof(SdCallbacks.PreviewMode)),
            PreviewInterval = callbacks?.PreviewInterval ?? 1,
        };
    }

    public NativeCall Call;

    /// <summary>Throws what a callback threw, with its own stack.</summary>
    public void ThrowIfCallbackThrew() => _thrown?.Throw();

    public void Dispose() => _self.Dispose();

    private bool IsOver => _thrown is not null || _abandoned.IsCancellationRequested;

    // While user code runs, the engine computes nothing: whoever waits for the cores may have them, also when this code waits for him.
    private void EnterCallback()
    {
        _turn?.GiveBack();
        _running?.EnterCallback();
    }

    private void LeaveCallback()
    {
        _running?.LeaveCallback();
        _turn?.Take();
    }

    // An exception must not unwind through native frames: it is kept until the native call has returned.
    private void Keep(Exception exception)
    {
        _thrown ??= ExceptionDispatchInfo.Capture(exception);
        _stop?.Invoke();
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnProgress(NativeProgress* progress, nint user)
    {
        NativeCallScope scope = GCHandle<NativeCallScope>.FromIntPtr(user).Target;
        if (scope.IsOver)
            return;
        if (scope._callbacks?.Progress is not { } listener)
        {
            scope._turn?.Pass();
            return;
        }

        scope.EnterCallback();
        try
        {
            listener.Report(new GenerationProgress(
                (GenerationPhase)progress->Phase, progress->Step, progress->Steps, progress->ImageIndex, progress->ImageCount,
                progress->SecondsPerStep, progress->Pass));
        }
        catch (Exception exception)
        {
            scope.Keep(exception);
        }
        finally
        {
            scope.LeaveCallback();
        }
    }

    private static string NameOf(PreviewMode mode) => mode switch
    {
        PreviewMode.Projection => "proj",
        PreviewMode.Taesd => "tae",
        PreviewMode.Vae => "vae",
        _ => "none",
    };

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnPreview(NativePreview* preview, nint user)
    {
        NativeCallScope scope = GCHandle<NativeCallScope>.FromIntPtr(user).Target;
        if (scope.IsOver)
            return;
        scope.EnterCallback();
        try
        {
            var image = ImageBuffer.FromPixels(
                new ReadOnlySpan<byte>(preview->Pixels, checked((int)(preview->Width * preview->Height * preview->Channels))),
                (int)preview->Width, (int)preview->Height, (int)preview->Channels);
            scope._callbacks!.Preview!(new SdPreview(preview->Step, preview->ImageIndex, image));
        }
        catch (Exception exception)
        {
            scope.Keep(exception);
        }
        finally
        {
            scope.LeaveCallback();
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnLog(int level, byte* text, nint user)
    {
        NativeCallScope scope = GCHandle<NativeCallScope>.FromIntPtr(user).Target;
        if (scope.IsOver)
            return;
        scope.EnterCallback();
        try
        {
            scope._callbacks!.Log!(new SdLogLine((SdLogLevel)level, Marshal.PtrToStringUTF8((nint)text) ?? ""));
        }
        catch (Exception exception)
        {
            scope.Keep(exception);
        }
        finally
        {
            scope.LeaveCallback();
        }
    }
}
