using Microsoft.Extensions.Options;
using SdCpp.Interop;
using SdStudio.Server.Generation;
using SdStudio.Server.Models.Cache;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Http.Requests;

/// <summary>The parameters' limits as the settings and the engine have them now.</summary>
internal sealed class LiveLimits(EngineHost engineHost, IOptions<StudioOptions> options)
{
    private readonly ParameterLimits _settings = Of(options.Value.Limits);

    /// <summary>Those of the settings, and of the engine when it is loaded.</summary>
    public ParameterLimits Now => engineHost.Loaded is { } engine ? With(engine) : _settings;

    /// <summary>Waits for the engine.</summary>
    public async Task<ParameterLimits> ReadyAsync(CancellationToken cancellation) => With(await engineHost.Ready.WaitAsync(cancellation));

    private static ParameterLimits Of(LimitOptions limits) =>
        new(limits.MaxSide, limits.MaxPixels, limits.MaxSteps, limits.MaxImages, limits.MaxPromptBytes);

    private ParameterLimits With(SdEngine engine) => _settings with { Samplers = engine.Samplers, Schedulers = engine.Schedulers };
}
