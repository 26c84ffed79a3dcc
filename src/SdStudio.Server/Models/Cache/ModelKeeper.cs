using SdCpp.Interop;
using SdStudio.Server.Models.Catalogue;

namespace SdStudio.Server.Models.Cache;

/// <summary>Loads what the catalogue wants loaded from the start, and unloads what was not used for long.</summary>
internal sealed class ModelKeeper(EngineHost engineHost, ModelCatalogue catalogue, ModelCache cache, TimeProvider time) : BackgroundService
{
    private const string Preload = "preload";
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await engineHost.Ready.WaitAsync(stoppingToken).ConfigureAwait(false);
            foreach (ModelDefinition model in catalogue.Models.Where(model => model is { Mode: Preload, Unsupported: null, Remote: null }))
                await cache.LoadOrLogAsync(model, pin: true, stoppingToken).ConfigureAwait(false);
            using var timer = new PeriodicTimer(LookEvery, time);
            while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false))
            {
                foreach (DeviceModels device in cache.Devices)
                    await device.StopIdleAsync().ConfigureAwait(false);
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or SdException)
        {
            // The server stops, or there is no engine: nothing is loaded and nothing to unload.
        }
        finally
        {
            await cache.StopLoadingAsync().ConfigureAwait(false);
        }
    }
}
