using SdStudio.Server.Generation;

namespace SdStudio.Server.Http.Requests;

/// <summary>What every surface reads requests with.</summary>
internal static class RequestServices
{
    public static IServiceCollection AddRequestReading(this IServiceCollection services) => services
        .AddSingleton<LiveLimits>().AddSingleton<Lookups>().AddSingleton<PromptReader>().AddSingleton<PromptTokens>().AddSingleton<Presets>().AddSingleton<RequestImages>()
        .AddSingleton<JobSubmission>().AddSingleton<JobWaiter>().AddSingleton<ClientModels>();
}
