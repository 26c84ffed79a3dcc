using Microsoft.Extensions.Options;
using SdCpp.Interop;
using SdStudio.Server.Generation;
using SdStudio.Server.Images.Videos;
using SdStudio.Server.Models.Cache;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Http.Requests;

/// <summary>The parameters' limits as the settings and the engine have them now.</summary>
internal sealed class LiveLimits(EngineHost engineHost, VideoFiles videos, IOptions<StudioOptions> options)
{
    private readonly ParameterLimits _settings = Of(options.Value.Limits);

    /// <summary>Those of the settings, and of the engine when it is loaded.</summary>
    public ParameterLimits Now => engineHost.Loaded is { } engine ? With(engine) : _settings with { VideoFormats = videos.Formats };

    /// <summary>Waits for the engine.</summary>
    public async Task<ParameterLimits> ReadyAsync(CancellationToken cancellation) => With(await engineHost.Ready.WaitAsync(cancellation));

    /// <summary>The same for a type of job: a video waits until it is known what it can be written as.</summary>
    public async Task<ParameterLimits> ReadyAsync(string jobType, CancellationToken cancellation)
    {
        if (jobType == JobType.Video)
            await videos.ReadyAsync(cancellation);
        return await ReadyAsync(cancellation);
    }

    private static ParameterLimits Of(LimitOptions limits) =>
        new(limits.MaxSide, limits.MaxPixels, limits.MaxSteps, limits.MaxImages, limits.MaxPromptBytes) { MaxFrames = limits.MaxFrames, MaxVideoPixels = limits.MaxVideoPixels };

    private ParameterLimits With(SdEngine engine) => _settings with { Samplers = engine.Samplers, Schedulers = engine.Schedulers, VideoFormats = videos.Formats };
}
