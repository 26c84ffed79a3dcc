using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace SdCpp.Interop;

public sealed partial class DiffusionModel
{
    /// <summary>One image in one line, with what the model generates best (<see cref="Defaults"/>) and a random seed.</summary>
    /// <param name="prompt">What to generate.</param>
    /// <param name="cancellation">As in <see cref="TextToImageAsync"/>.</param>
    /// <returns>The image; dispose it to give its memory back.</returns>
    /// <exception cref="SdException">As in <see cref="TextToImageAsync"/>.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public async Task<ImageBuffer> GenerateAsync(string prompt, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        GenerationResult result = await TextToImageAsync(new TextToImageRequest { Prompt = prompt }, null, cancellation).ConfigureAwait(false);
        return result.Images[0].Image;
    }

    /// <summary>
    /// Generates images and tells what happens meanwhile. Each image comes as soon as it is finished, not when all are: a call for each, with
    /// the seeds that a batch has. Ending the loop early cancels the rest.
    /// </summary>
    /// <param name="request">What to generate: a <see cref="TextToImageRequest"/> or an <see cref="ImageToImageRequest"/>.</param>
    /// <param name="previews">How previews are made; none unless asked for.</param>
    /// <param name="cancellation">Stops the engine at its next step.</param>
    /// <exception cref="SdException">As in <see cref="TextToImageAsync"/>, when the first update is asked for.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled; the images that came before stay.</exception>
    public async IAsyncEnumerable<GenerationUpdate> StreamAsync(
        ImageRequest request, PreviewMode previews = PreviewMode.None, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Channel<GenerationUpdate> updates = Channel.CreateUnbounded<GenerationUpdate>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });
        Task writing = WriteAsync(request, previews, updates.Writer, stop.Token);
        try
        {
            await foreach (GenerationUpdate update in updates.Reader.ReadAllAsync(CancellationToken.None).ConfigureAwait(false))
                yield return update;
            await writing.ConfigureAwait(false);
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            await writing.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default).ConfigureAwait(false);
            while (updates.Reader.TryRead(out GenerationUpdate? unread))
                Discard(unread);
        }
    }

    private async Task WriteAsync(ImageRequest request, PreviewMode previews, ChannelWriter<GenerationUpdate> to, CancellationToken cancellation)
    {
        try
        {
            // The numbers of the whole are checked by the bridge where they are wrong; one that is right becomes calls of one.
            int count = request.BatchCount is >= 1 and <= ImageRequest.MaxBatchCount ? request.BatchCount : 1;
            long seed = request.Seed ?? Random.Shared.NextInt64(1L << 32);
            for (int i = 0; i < count; i++)
            {
                ImageRequest one = count == 1 ? request with { Seed = seed } : request with { Seed = seed + i, BatchCount = 1 };
                GenerationResult result = await RunAsync(one, Callbacks(previews, i, count, to), cancellation, default).ConfigureAwait(false);
                to.TryWrite(new ImageUpdate(result.Images[0], i));
            }
        }
        finally
        {
            to.Complete();
        }
    }

    private static SdCallbacks Callbacks(PreviewMode previews, int index, int count, ChannelWriter<GenerationUpdate> to) => new()
    {
        Progress = SdCallbacks.OnProgress(progress => to.TryWrite(new ProgressUpdate(progress with { ImageIndex = index, ImageCount = count }))).Progress,
        PreviewMode = previews,
        Preview = previews == PreviewMode.None ? null : preview => to.TryWrite(new PreviewUpdate(preview with { ImageIndex = index })),
    };

    private static void Discard(GenerationUpdate update)
    {
        switch (update)
        {
            case PreviewUpdate preview:
                preview.Preview.Image.Dispose();
                break;
            case ImageUpdate image:
                image.Image.Image.Dispose();
                break;
        }
    }
}
