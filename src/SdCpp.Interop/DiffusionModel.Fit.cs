using System.Runtime.InteropServices;
using SdCpp.Interop.Native;

namespace SdCpp.Interop;

public sealed partial class DiffusionModel
{
    /// <summary>
    /// Asks whether a model would fit, and where its parts would have to go, without reading its weights: takes a fraction of the time of a
    /// load and none of its memory.
    /// </summary>
    /// <param name="options">As for <see cref="LoadAsync"/>, without <see cref="DiffusionModelOptions.Backend"/> and <see cref="DiffusionModelOptions.ParamsBackend"/>, which are what is looked for; <see cref="DiffusionModelOptions.MaxVram"/> limits it.</param>
    /// <param name="width">Width of the images that shall be generated, pixels; memory depends on it.</param>
    /// <param name="height">Height of the images, pixels.</param>
    /// <param name="prompt">A usual prompt; its length matters a little.</param>
    /// <param name="callbacks">Optional log callback.</param>
    /// <param name="cancellation">Ends the wait; the engine cannot be stopped while it measures.</param>
    /// <returns>The plan. That nothing fits is one too: <see cref="ModelFit.Fits"/>.</returns>
    /// <exception cref="SdException">
    /// <see cref="SdError.NotSupported"/> without the feature <c>fit</c> (<see cref="SdEngineInfo.Features"/>); a file or value was refused, as by
    /// <see cref="LoadAsync"/>.
    /// </exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static async Task<ModelFit> FitAsync(
        DiffusionModelOptions options, int width, int height, string prompt = "", SdCallbacks? callbacks = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(prompt);
        NullChecks.Check(options);
        cancellation.ThrowIfCancellationRequested();
        return await Task.Factory.StartNew(
            () => Fit(options, width, height, prompt, callbacks), cancellation, TaskCreationOptions.LongRunning, TaskScheduler.Default).WaitAsync(cancellation).ConfigureAwait(false);
    }

    private static unsafe ModelFit Fit(DiffusionModelOptions options, int width, int height, string prompt, SdCallbacks? callbacks)
    {
        if (!SdEngine.Load().Info.Features.Contains("fit"))
            throw new SdException(SdError.NotSupported, "This engine build cannot tell what fits before a model is loaded.");
        ModelFileInfo[] files = ModelFiles.Check(options);
        using var arena = new Utf8Arena();
        using var scope = new NativeCallScope(callbacks, arena);
        NativeContextParams parameters = ToNative(options, files, arena);
        var fit = new NativeFit { Size = (uint)sizeof(NativeFit) };
        NativeError error = NativeStatus.NewError();
        int status;
        fixed (NativeCall* call = &scope.Call)
            status = NativeMethods.sdcpp_fit_model(&parameters, width, height, arena.Add(prompt, nameof(prompt)), call, &fit, &error);
        scope.ThrowIfCallbackThrew();
        NativeStatus.ThrowIfFailed(status, error);
        return new ModelFit
        {
            Fits = fit.Fits == 1, NeedsChanges = fit.Changed == 1, StreamLayers = fit.StreamLayers == 1, VaeTiling = fit.VaeTiling == 1, Report = Text(fit.Report),
            Backend = Text(fit.Backend) is { Length: > 0 } backend ? backend : null, ParamsBackend = Text(fit.ParamsBackend) is { Length: > 0 } weights ? weights : null,
        };

        static string Text(byte* utf8) => Marshal.PtrToStringUTF8((nint)utf8) ?? "";
    }
}
