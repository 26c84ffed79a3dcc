using SdCpp.Interop;
using SdStudio.Server.Generation;
using SdStudio.Server.Models.Cache;
using SdStudio.Server.Models.Catalogue;
using SdStudio.Server.Models.Files;

namespace SdStudio.Server.Workers;

/// <summary>
/// What is tried when memory runs out, one step further each time: first what costs nobody anything. An image that came out broken is generated
/// once more where a remedy is known.
/// </summary>
internal sealed partial class LowMemoryLadder(ModelCache cache, ModelFileCache files, ILogger<LowMemoryLadder> logger)
{
    /// <summary>Runs an attempt, and again with less memory for as long as there is something left to try.</summary>
    /// <exception cref="SdException">It does not fit; the message says what was tried.</exception>
    public async Task<T> RunAsync<T>(JobContext job, ModelDefinition definition, Func<ModelDefinition, GenerationSettings, Task<T>> attempt)
    {
        GenerationSettings settings = job.Settings;
        List<string> adjustments = [];
        while (true)
        {
            try
            {
                return await attempt(definition, settings with { Adjustments = adjustments.Count > 0 ? [.. adjustments] : null }).ConfigureAwait(false);
            }
            catch (SdException exception) when (exception.Code == SdError.OutOfMemory)
            {
                (definition, settings) = await WithLessMemoryAsync(job.Models, definition, settings, adjustments, exception).ConfigureAwait(false);
                LogLessMemory(job.Id, adjustments[^1], exception.Message);
            }
            catch (BrokenImageException exception)
            {
                (definition, settings) = await RepairedAsync(job.Models, definition, settings, adjustments, exception).ConfigureAwait(false);
                LogRepair(job.Id, adjustments[^1], exception.Message);
            }
        }
    }

    private async Task<(ModelDefinition Definition, GenerationSettings Settings)> RepairedAsync(
        DeviceModels models, ModelDefinition definition, GenerationSettings settings, List<string> adjustments, BrokenImageException exception)
    {
        string[] tried = [.. adjustments.Where(adjustment => adjustment is Adjustment.VaeTilingOff or Adjustment.VaeScaled)];
        if (tried.Length > 0)
            throw new SdException(SdError.GenerationFailed, $"{exception.Message} (tried: {string.Join(", ", tried)})", exception);
        if (settings.VaeTiling && !adjustments.Contains(Adjustment.VaeTiling))
        {
            adjustments.Add(Adjustment.VaeTilingOff);
            return (definition, settings with { VaeTiling = false });
        }

        // Its VAE leaves the range of 16 bits.
        if (files.Of(ModelFileCache.At(definition.MainFile)) is { Family: ModelFamily.Sdxl } && !definition.Options.ForceSdxlVaeConvScale)
        {
            await models.StopAsync(definition).ConfigureAwait(false);
            adjustments.Add(Adjustment.VaeScaled);
            return (definition with { Options = definition.Options with { ForceSdxlVaeConvScale = true } }, settings);
        }

        throw new SdException(SdError.GenerationFailed, exception.Message, exception);
    }

    private async Task<(ModelDefinition Definition, GenerationSettings Settings)> WithLessMemoryAsync(
        DeviceModels models, ModelDefinition definition, GenerationSettings settings, List<string> adjustments, SdException exception)
    {
        if (!adjustments.Contains(Adjustment.FreedModels) && await cache.StopAllAsync(but: definition).ConfigureAwait(false))
        {
            adjustments.Add(Adjustment.FreedModels);
            return (definition, settings);
        }

        // Tiles help where the latent becomes pixels, and nowhere else; the engine has none for seamless images.
        if (!settings.VaeTiling && !settings.Tiling && exception.Message.Contains("decode", StringComparison.Ordinal))
        {
            adjustments.Add(Adjustment.VaeTiling);
            return (definition, settings with { VaeTiling = true });
        }

        if (models.Device.Kind == DeviceKind.Graphics && !adjustments.Contains(Adjustment.WeightsInRam) && !definition.IsOffloaded && models.Fits(definition))
        {
            await models.StopAsync(definition).ConfigureAwait(false);
            adjustments.Add(Adjustment.WeightsInRam);
            return (definition with { Options = definition.Options with { ParamsBackend = "cpu" } }, settings);
        }

        string tried = adjustments.Count > 0 ? $" (tried: {string.Join(", ", adjustments)})" : "";
        throw new SdException(SdError.OutOfMemory, $"{exception.Message}{tried}; use a smaller size or a smaller model", exception);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "job {Job}: an image is broken, generating it again with {Adjustment}: {Reason}")]
    private partial void LogRepair(string job, string adjustment, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "job {Job}: not enough memory, trying again with {Adjustment}: {Reason}")]
    private partial void LogLessMemory(string job, string adjustment, string reason);
}
