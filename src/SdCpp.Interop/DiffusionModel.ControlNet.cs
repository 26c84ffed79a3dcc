using SdCpp.Interop.Native;

namespace SdCpp.Interop;

public sealed partial class DiffusionModel
{
    /// <summary>The ControlNet that the model has at the moment; null for none.</summary>
    public string? ControlNetPath { get; private set; }

    /// <summary>
    /// Gives a loaded model another ControlNet in place of the one that it has, when the calls before this one have ended. Only this file is
    /// read; the model stays in memory. What fails leaves the model without one.
    /// </summary>
    /// <param name="path">The file, for the model's own family; null for none.</param>
    /// <param name="callbacks">Optional progress and log callbacks.</param>
    /// <param name="cancellation">Cancels the call while it waits. The engine cannot be stopped while it reads.</param>
    /// <exception cref="SdException">
    /// <see cref="SdError.ModelFileNotFound"/>, <see cref="SdError.ModelFileInvalid"/> for a file that is no ControlNet or one of another family,
    /// <see cref="SdError.ModelLoadFailed"/> with the engine's words; <see cref="SdError.NotSupported"/> without the feature
    /// <c>control-net-swap</c> (<see cref="SdEngineInfo.Features"/>): then <see cref="DiffusionModelOptions.ControlNetPath"/> is the way.
    /// </exception>
    /// <exception cref="OperationCanceledException">It was cancelled before it began.</exception>
    public Task SetControlNetAsync(string? path, SdCallbacks? callbacks = null, CancellationToken cancellation = default) =>
        _thread.RunAsync(new EngineCall<bool>(() => SetControlNet(path, callbacks), cancellation));

    private unsafe bool SetControlNet(string? path, SdCallbacks? callbacks)
    {
        if (path is not null)
            ModelFiles.CheckControlNet(path, _main);
        using var arena = new Utf8Arena();
        using var scope = new NativeCallScope(callbacks, arena);
        ControlNetPath = null;
        NativeError error = NativeStatus.NewError();
        int status;
        fixed (NativeCall* call = &scope.Call)
            status = NativeMethods.sdcpp_context_set_control_net(_handle, arena.Add(path, nameof(path)), call, &error);
        scope.ThrowIfCallbackThrew();
        NativeStatus.ThrowIfFailed(status, error);
        ControlNetPath = path;
        return true;
    }
}
