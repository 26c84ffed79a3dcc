using Microsoft.Extensions.Options;
using SdStudio.Server.Api;
using SdStudio.Server.Images;
using SdStudio.Server.Jobs;
using SdStudio.Server.Models;
using SdStudio.Server.Storage;

namespace SdStudio.Server;

/// <summary>Puts the server together: the same for the program and for its tests.</summary>
public static class ServerBuilder
{
    private const string DefaultUrl = "http://localhost:3000";

    /// <summary>Builds the server; nothing runs before it is started.</summary>
    /// <param name="args">The command line: <c>--SdStudio:DataDirectory=…</c>, <c>--urls=…</c> and every other setting.</param>
    public static WebApplication Build(string[] args)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions
        {
            Args = args,
            // The settings lie beside the program, wherever it is started from.
            ContentRootPath = AppContext.BaseDirectory,
        });
        if (!NamesAnAddress(builder.Configuration))
            builder.WebHost.UseUrls(DefaultUrl);
        builder.Logging.AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.TimestampFormat = "HH:mm:ss ";
        });
        AddServices(builder);
        WebApplication app = builder.Build();
        app.UseApiErrors();
        RouteGroupBuilder api = app.MapGroup("/api");
        api.MapStatusApi();
        api.MapModelsApi();
        api.MapGenerateApi();
        api.MapGenerationsApi();
        return app;
    }

    // The settings that ASP.NET Core reads an address from.
    private static bool NamesAnAddress(ConfigurationManager configuration) =>
        !string.IsNullOrEmpty(configuration[WebHostDefaults.ServerUrlsKey])
        || !string.IsNullOrEmpty(configuration[WebHostDefaults.HttpPortsKey])
        || configuration.GetSection("Kestrel:Endpoints").Exists();

    private static void AddServices(WebApplicationBuilder builder)
    {
        IServiceCollection services = builder.Services;
        services.AddOptions<StudioOptions>().Bind(builder.Configuration.GetSection("SdStudio")).ValidateOnStart();
        services.AddSingleton<IValidateOptions<StudioOptions>, StudioOptionsValidator>();
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton<DataFolders>();
        services.AddSingleton<StudioDatabase>();
        services.AddSingleton<JobStore>();
        services.AddSingleton<JobQueue>();
        services.AddSingleton<JobRunner>();
        services.AddSingleton<ImageStore>();
        services.AddSingleton<ModelCatalogue>();
        services.AddSingleton<ModelCache>();
        services.AddSingleton<EngineHost>();
        services.AddHostedService(provider => provider.GetRequiredService<EngineHost>());
        services.AddHostedService<JobWorker>();
        services.AddHostedService<WelcomeNote>();
    }
}
