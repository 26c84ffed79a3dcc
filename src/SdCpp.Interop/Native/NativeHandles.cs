using Microsoft.Win32.SafeHandles;

namespace SdCpp.Interop.Native;

internal sealed class ContextHandle : SafeHandleZeroOrMinusOneIsInvalid
{
    public ContextHandle(nint value) : base(ownsHandle: true) => SetHandle(value);

    protected override bool ReleaseHandle()
    {
        NativeMethods.sdcpp_context_free(handle);
        return true;
    }
}

internal sealed class UpscalerHandle : SafeHandleZeroOrMinusOneIsInvalid
{
    public UpscalerHandle(nint value) : base(ownsHandle: true) => SetHandle(value);

    protected override bool ReleaseHandle()
    {
        NativeMethods.sdcpp_upscaler_free(handle);
        return true;
    }
}
