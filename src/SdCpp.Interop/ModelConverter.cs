using SdCpp.Interop.Native;

namespace SdCpp.Interop;

/// <summary>Writes models with their weights in another type.</summary>
public static class ModelConverter
{
    /// <summary>Converts a model to GGUF. The output has its name only when it is whole.</summary>
    /// <param name="inputPath">A model file of any kind that the engine reads.</param>
    /// <param name="outputPath">The GGUF file to write; one that is there is replaced.</param>
    /// <param name="weightType">The engine's name of a weight type, e.g. <c>q8_0</c>, <c>q4_K</c>, <c>f16</c>.</param>
    /// <param name="callbacks">What to hear meanwhile.</param>
    /// <param name="cancellation">Gives the result up. The engine cannot be stopped while it converts.</param>
    /// <exception cref="SdException">
    /// <see cref="SdError.NotSupported"/> where <see cref="SdEngine.CanConvert"/> is false; the file is missing, damaged or none that the engine
    /// converts; or the type is none of the engine's.
    /// </exception>
    public static async Task ConvertAsync(
        string inputPath, string outputPath, string weightType, SdCallbacks? callbacks = null, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(inputPath);
        ArgumentException.ThrowIfNullOrEmpty(outputPath);
        ArgumentException.ThrowIfNullOrEmpty(weightType);
        cancellation.ThrowIfCancellationRequested();
        if (!SdEngine.Load().CanConvert)
            throw new SdException(SdError.NotSupported, "The loaded engine cannot convert models; one that is built from source can.");
        string temporary = outputPath + ".part";
        try
        {
            await Task.Factory.StartNew(
                () => Convert(inputPath, temporary, weightType, callbacks, cancellation), cancellation, TaskCreationOptions.LongRunning, TaskScheduler.Default).ConfigureAwait(false);
            using (var written = new FileStream(temporary, FileMode.Open, FileAccess.ReadWrite))
                written.Flush(flushToDisk: true);
            File.Move(temporary, outputPath, overwrite: true);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    private static unsafe void Convert(string inputPath, string outputPath, string weightType, SdCallbacks? callbacks, CancellationToken cancellation)
    {
        // The engine ends the process on headers that are wrong.
        ModelFile.Inspect(inputPath);
        using var arena = new Utf8Arena();
        using var scope = new NativeCallScope(callbacks, arena, stop: null);
        NativeError error = NativeStatus.NewError();
        int status;
        fixed (NativeCall* call = &scope.Call)
        {
            status = NativeMethods.sdcpp_convert(
                arena.Add(inputPath, nameof(inputPath)), arena.Add(outputPath, nameof(outputPath)), arena.Add(ValueNames.Normalize("wtype", weightType), nameof(weightType)), call, &error);
        }

        scope.ThrowIfCallbackThrew();
        NativeStatus.ThrowIfFailed(status, error, cancellation);
        cancellation.ThrowIfCancellationRequested();
    }
}
