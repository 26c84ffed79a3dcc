using Microsoft.Extensions.AI;
using SdCpp.Interop;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers image generators; further ones follow with <c>UseLogging</c>, <c>UseOpenTelemetry</c> and others of Microsoft.Extensions.AI.</summary>
public static class SdCppImageGeneratorServiceCollectionExtensions
{
    /// <summary>Registers an <see cref="IImageGenerator"/> over a model.</summary>
    /// <param name="services">The application's services.</param>
    /// <param name="model">Gives the model, e.g. <c>(services, cancellation) => services.GetRequiredService&lt;SdCppModel&gt;().GetAsync(cancellation)</c>.</param>
    /// <param name="modelId">What it is called in logs and telemetry.</param>
    public static IServiceCollection AddSdCppImageGenerator(
        this IServiceCollection services, Func<IServiceProvider, CancellationToken, Task<DiffusionModel>> model, string? modelId = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(model);
        return services.AddSingleton<IImageGenerator>(provider => new SdCppImageGenerator(cancellation => model(provider, cancellation), modelId));
    }

    /// <summary>Registers an <see cref="IImageGenerator"/> over a running SdStudio server.</summary>
    /// <param name="services">The application's services.</param>
    /// <param name="http">Gives the client whose base address is the server's.</param>
    /// <param name="modelId">The model that generates where no request names one.</param>
    public static IServiceCollection AddStudioImageGenerator(this IServiceCollection services, Func<IServiceProvider, HttpClient> http, string modelId)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(http);
        return services.AddSingleton<IImageGenerator>(provider => new StudioImageGenerator(http(provider), modelId));
    }
}
