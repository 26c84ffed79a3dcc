using SdCpp.Interop.Native;

namespace SdCpp.Interop;

public sealed partial class DiffusionModel
{
    /// <summary>Generates a video.</summary>
    /// <param name="request">What to generate, and from what. Its images may be disposed once this has returned its task.</param>
    /// <param name="callbacks">Optional progress, log and preview callbacks. A preview shows the first frame.</param>
    /// <param name="cancellation">Stops the engine at its next step; while it decodes, after that. Nothing is delivered.</param>
    /// <returns>The video; dispose it to give its memory back.</returns>
    /// <exception cref="SdException">
    /// A value was refused, the model makes no videos (<see cref="SdError.NotSupported"/>), the engine failed, or it is <see cref="SdError.Busy"/>.
    /// </exception>
    /// <exception cref="OperationCanceledException">It was cancelled; nothing is delivered.</exception>
    /// <exception cref="ArgumentException">A value is null where it cannot be; it is named.</exception>
    /// <exception cref="ObjectDisposedException">The model, or an image of the request, is disposed.</exception>
    /// <exception cref="InvalidOperationException">A callback of this model's own call waits for this one, which can only begin when that callback has returned.</exception>
    public Task<GeneratedVideo> GenerateVideoAsync(VideoRequest request, SdCallbacks? callbacks = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        NullChecks.Check(request);
        request = Defaults.Complete(request);
        return _thread.RunAsync(new EngineCall<GeneratedVideo>(() => Generate(request, callbacks, cancellation), cancellation)
        {
            Release = InputLease.Take([.. RequestMarshaller.ImagesOf(request).Select(named => named.Image)]),
        });
    }

    /// <summary>A video in one line, with what the model generates best (<see cref="Defaults"/>) and a random seed.</summary>
    /// <param name="prompt">What to generate.</param>
    /// <param name="frames">Number of frames; null for the model's own.</param>
    /// <param name="cancellation">As in <see cref="GenerateVideoAsync"/>.</param>
    /// <returns>The video; dispose it to give its memory back.</returns>
    /// <exception cref="SdException">As in <see cref="GenerateVideoAsync"/>.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public Task<GeneratedVideo> TextToVideoAsync(string prompt, int? frames = null, CancellationToken cancellation = default) =>
        GenerateVideoAsync(new VideoRequest { Prompt = prompt, Frames = frames }, null, cancellation);

    /// <summary>As <see cref="TextToVideoAsync"/>, from an image on, in its size.</summary>
    /// <param name="prompt">What to generate.</param>
    /// <param name="startImage">The first frame; may be disposed once this has returned its task.</param>
    /// <param name="frames">Number of frames; null for the model's own.</param>
    /// <param name="cancellation">As in <see cref="GenerateVideoAsync"/>.</param>
    /// <returns>The video; dispose it to give its memory back.</returns>
    /// <exception cref="SdException">As in <see cref="GenerateVideoAsync"/>.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public Task<GeneratedVideo> ImageToVideoAsync(string prompt, ImageBuffer startImage, int? frames = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(startImage);
        return GenerateVideoAsync(new VideoRequest { Prompt = prompt, StartImage = startImage, Frames = frames }, null, cancellation);
    }

    private unsafe GeneratedVideo Generate(VideoRequest request, SdCallbacks? callbacks, CancellationToken cancellation)
    {
        ModelFiles.CheckLoras(request.Loras, _files);
        using var arena = new Utf8Arena();
        NativeVideoParams parameters = RequestMarshaller.ToNative(request, arena);
        ImageBuffer[] frames = RequestMarshaller.RentFrames(parameters);
        try
        {
            NativeVideoResult result = RequestMarshaller.ToVideoResult(frames, arena);
            NativeVideoParams* sent = &parameters;
            NativeVideoResult* received = &result;
            try
            {
                Run(arena, callbacks, (call, error) => NativeMethods.sdcpp_video(_handle, sent, call, received, error), cancellation, CancellationToken.None);
                return new GeneratedVideo(frames, result.Fps, parameters.Seed, RequestMarshaller.ToAudio(result.Audio));
            }
            finally
            {
                NativeMethods.sdcpp_audio_free(result.Audio);
            }
        }
        catch
        {
            foreach (ImageBuffer frame in frames)
                frame.Dispose();
            throw;
        }
    }
}
