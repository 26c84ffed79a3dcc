using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;

namespace SdCpp.Interop.Tests;

/// <summary>The model as a service: lazily loaded, shared, watched, freed.</summary>
public sealed class ServiceTests(Demo demo)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_registered_model_is_loaded_once_when_asked_for_and_freed_with_the_services()
    {
        ServiceProvider services = Services(options => options.Model = demo.Files.ToOptions(threads: 1));
        SdCppModel service = services.GetRequiredService<SdCppModel>();
        Assert.False(service.IsLoaded);
        Assert.Equal((HealthStatus.Healthy, "The model is not loaded yet; its file is ZImage."), await HealthAsync(services));

        DiffusionModel[] models = await Task.WhenAll(service.GetAsync(Cancellation), service.GetAsync(Cancellation));
        Assert.Same(models[0], models[1]);
        Assert.True(service.IsLoaded);
        Assert.Equal((HealthStatus.Healthy, "The model is loaded."), await HealthAsync(services));
        (await models[0].TextToImageAsync(Demo.Request, null, Cancellation)).Dispose();

        await services.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => models[0].TextToImageAsync(Demo.Request, null, Cancellation));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => service.GetAsync(Cancellation));
    }

    [Fact]
    public async Task A_wait_may_end_and_the_load_goes_on()
    {
        await using ServiceProvider services = Services(options => options.Model = demo.Files.ToOptions(threads: 1));
        using var cancel = new CancellationTokenSource();
        Task<DiffusionModel> given = services.GetRequiredService<SdCppModel>().GetAsync(cancel.Token);
        await cancel.CancelAsync();
        Task<DiffusionModel> kept = services.GetRequiredService<SdCppModel>().GetAsync(Cancellation);
        Assert.Equal("Z-Image", (await kept).Family);
        Assert.True(given.IsCompleted);
    }

    [Fact]
    public async Task A_model_that_cannot_be_loaded_is_unhealthy_and_tried_again()
    {
        string path = demo.NewPath(".gguf");
        await using ServiceProvider services = Services(options => options.Model = demo.Files.ToOptions(threads: 1) with { DiffusionModelPath = path });
        SdCppModel service = services.GetRequiredService<SdCppModel>();
        Assert.Equal(HealthStatus.Unhealthy, (await HealthAsync(services)).Status);
        Assert.Equal(SdError.ModelFileNotFound, (await Assert.ThrowsAsync<SdException>(() => service.GetAsync(Cancellation))).Code);
        (HealthStatus status, string? said) = await HealthAsync(services);
        Assert.Equal(HealthStatus.Unhealthy, status);
        Assert.Contains(path, said, StringComparison.Ordinal);

        File.Copy(demo.Files.DiffusionModel, path);
        Assert.Equal("Z-Image", (await service.GetAsync(Cancellation)).Family);
    }

    [Fact]
    public async Task Models_have_keys_and_options_that_are_missing_are_told()
    {
        await using ServiceProvider services = new ServiceCollection()
            .AddSdCpp("demo", options => options.Model = demo.Files.ToOptions(threads: 1))
            .AddSdCpp("nothing", _ => { })
            .BuildServiceProvider();
        Assert.Equal("Z-Image", (await services.GetRequiredKeyedService<SdCppModel>("demo").GetAsync(Cancellation)).Family);
        OptionsValidationException told = await Assert.ThrowsAsync<OptionsValidationException>(() => services.GetRequiredKeyedService<SdCppModel>("nothing").GetAsync(Cancellation));
        Assert.Contains("SdCppOptions.Model is not set", told.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_engine_that_cannot_be_had_any_more_is_told_when_the_service_is_made()
    {
        using ServiceProvider services = Services(options => (options.Engine, options.Model) = (new SdEngineOptions { Backend = "cuda" }, demo.Files.ToOptions()));
        Assert.Equal("Backend", Assert.Throws<SdException>(services.GetRequiredService<SdCppModel>).Option);
    }

    private static ServiceProvider Services(Action<SdCppOptions> configure)
    {
        IServiceCollection services = new ServiceCollection().AddLogging().AddSdCpp(options =>
        {
            options.LogEngine = false;
            configure(options);
        });
        services.AddHealthChecks().AddSdCpp();
        return services.BuildServiceProvider();
    }

    private static async Task<(HealthStatus Status, string? Said)> HealthAsync(ServiceProvider services)
    {
        HealthReport report = await services.GetRequiredService<HealthCheckService>().CheckHealthAsync(Cancellation);
        HealthReportEntry entry = Assert.Single(report.Entries).Value;
        return (entry.Status, entry.Description);
    }
}
