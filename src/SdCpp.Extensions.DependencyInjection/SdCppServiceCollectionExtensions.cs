using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using SdCpp.Interop;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers models of stable-diffusion.cpp.</summary>
public static class SdCppServiceCollectionExtensions
{
    /// <summary>Registers <see cref="SdCppModel"/>: one model, loaded when somebody first asks for it.</summary>
    /// <param name="services">The application's services.</param>
    /// <param name="configure">Names the model.</param>
    public static IServiceCollection AddSdCpp(this IServiceCollection services, Action<SdCppOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configure);
        services.AddOptions<SdCppOptions>().Configure(configure);
        services.TryAddSingleton(provider => Make(provider, Options.Options.DefaultName));
        return services;
    }

    /// <summary>Registers a further <see cref="SdCppModel"/> under a key, which <c>[FromKeyedServices(name)]</c> asks for.</summary>
    /// <param name="services">The application's services.</param>
    /// <param name="name">The key.</param>
    /// <param name="configure">Names the model.</param>
    public static IServiceCollection AddSdCpp(this IServiceCollection services, string name, Action<SdCppOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(configure);
        services.AddOptions<SdCppOptions>(name).Configure(configure);
        services.TryAddKeyedSingleton(name, static (provider, key) => Make(provider, (string)key!));
        return services;
    }

    /// <summary>Adds a health check: whether the model is loaded, or its files are there and whole.</summary>
    /// <param name="builder">The application's health checks.</param>
    /// <param name="name">The check's name.</param>
    public static IHealthChecksBuilder AddSdCpp(this IHealthChecksBuilder builder, string name = "sdcpp")
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.Add(new HealthCheckRegistration(name, provider => new SdCppHealthCheck(provider.GetRequiredService<SdCppModel>()), failureStatus: null, tags: null));
    }

    private static SdCppModel Make(IServiceProvider provider, string name) => new(
        provider.GetRequiredService<IOptionsMonitor<SdCppOptions>>().Get(name), provider.GetService<ILogger<SdCppModel>>() ?? NullLogger<SdCppModel>.Instance);
}
