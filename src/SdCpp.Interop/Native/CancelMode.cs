namespace SdCpp.Interop.Native;

/// <summary>The values of <c>sdcpp_cancel_mode</c>.</summary>
internal static class CancelMode
{
    public const int None = 0;
    public const int Now = 1;
    public const int AfterImage = 2;
}
