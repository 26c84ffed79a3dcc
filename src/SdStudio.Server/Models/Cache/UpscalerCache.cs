using Microsoft.Extensions.Options;
using SdCpp.Interop;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Models.Cache;

/// <summary>Keeps the upscaler that was used last.</summary>
internal sealed class UpscalerCache(IOptions<StudioOptions> options, TimeProvider time) : IAsyncDisposable
{
    private (string Path, Upscaler Upscaler)? _resident;

    /// <summary>The upscaler, loaded. One caller at a time uses it: the job worker.</summary>
    public async Task<(Upscaler Upscaler, TimeSpan Loading)> AcquireAsync(string path, SdCallbacks callbacks, CancellationToken cancellation)
    {
        if (_resident is { } resident)
        {
            if (resident.Path == path)
                return (resident.Upscaler, TimeSpan.Zero);
            _resident = null;
            await resident.Upscaler.DisposeAsync().ConfigureAwait(false);
        }

        long start = time.GetTimestamp();
        Upscaler upscaler = await Upscaler.LoadAsync(
            new UpscalerOptions(path) { Threads = options.Value.Threads }, callbacks, cancellation).ConfigureAwait(false);
        _resident = (path, upscaler);
        return (upscaler, time.GetElapsedTime(start));
    }

    public async ValueTask DisposeAsync()
    {
        if (_resident is { } resident)
            await resident.Upscaler.DisposeAsync().ConfigureAwait(false);
    }
}
