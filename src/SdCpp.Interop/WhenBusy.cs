namespace SdCpp.Interop;

/// <summary>What a second call does while another one is running on the same model.</summary>
public enum WhenBusy
{
    /// <summary>It waits its turn.</summary>
    Wait = 0,

    /// <summary>It fails at once with <see cref="SdError.Busy"/>.</summary>
    Throw = 1,
}
