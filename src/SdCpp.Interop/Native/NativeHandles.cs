using Microsoft.Win32.SafeHandles;

namespace SdCpp.Interop.Native;

/// <summary>A handle of the bridge, and the native memory behind it, which the garbage collector must know of: it may be what frees it.</summary>
internal abstract class EngineHandle : SafeHandleZeroOrMinusOneIsInvalid
{
    private readonly long _bytes;

    protected EngineHandle(nint value, long bytes) : base(ownsHandle: true)
    {
        SetHandle(value);
        _bytes = IsInvalid ? 0 : bytes;
        if (_bytes > 0)
            GC.AddMemoryPressure(_bytes);
    }

    protected sealed override bool ReleaseHandle()
    {
        Free();
        if (_bytes > 0)
            GC.RemoveMemoryPressure(_bytes);
        return true;
    }

    protected abstract void Free();
}

internal sealed class ContextHandle(nint value, long bytes = 0) : EngineHandle(value, bytes)
{
    protected override void Free() => NativeMethods.sdcpp_context_free(handle);
}

internal sealed class UpscalerHandle(nint value, long bytes = 0) : EngineHandle(value, bytes)
{
    protected override void Free() => NativeMethods.sdcpp_upscaler_free(handle);
}
