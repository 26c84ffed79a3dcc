using System.Runtime.InteropServices;

namespace SdCpp.Interop.Native;

/// <summary>Status codes of the bridge, and their way into exceptions.</summary>
internal static unsafe class NativeStatus
{
    private const int Ok = 0;
    private const int Cancelled = 6;

    public static NativeError NewError() => new() { Size = (uint)sizeof(NativeError) };

    public static void ThrowIfFailed(int status, in NativeError error, CancellationToken cancellation = default)
    {
        if (status == Ok)
            return;
        if (status == Cancelled)
            throw new OperationCanceledException("The generation was cancelled.", cancellation);
        fixed (byte* text = error.Message, name = error.Option)
        {
            string option = Marshal.PtrToStringUTF8((nint)name) ?? "";
            string message = OptionNames.InWords(Marshal.PtrToStringUTF8((nint)text) ?? "", option);
            throw new SdException((SdError)status, message) { Option = OptionNames.PropertyOf(option) };
        }
    }
}
