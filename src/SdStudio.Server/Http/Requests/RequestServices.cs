namespace SdStudio.Server.Http.Requests;

/// <summary>What every surface reads requests with.</summary>
internal static class RequestServices
{
    public static IServiceCollection AddRequestReading(this IServiceCollection services) => services
        .AddSingleton<LiveLimits>().AddSingleton<RequestImages>().AddSingleton<KnownFiles>().AddSingleton<PromptReader>().AddSingleton<Presets>().AddSingleton<JobSubmission>().AddSingleton<JobWaiter>().AddSingleton<ClientModels>();
}
