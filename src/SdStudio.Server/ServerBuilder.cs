using Microsoft.Extensions.Options;
using SdStudio.Server.Api;
using SdStudio.Server.Api.Description;
using SdStudio.Server.Clients;
using SdStudio.Server.Downloads;
using SdStudio.Server.Events;
using SdStudio.Server.Images;
using SdStudio.Server.Jobs;
using SdStudio.Server.Logs;
using SdStudio.Server.Models;
using SdStudio.Server.Security;
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
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel((context, kestrel) =>
            kestrel.Limits.MaxRequestBodySize = context.Configuration.GetValue("SdStudio:Limits:MaxRequestBytes", new LimitOptions().MaxRequestBytes));
        WebApplication app = builder.Build();
        OpenAccess.Refuse(app.Configuration, app.Services.GetRequiredService<IOptions<StudioOptions>>().Value);
        UseMiddleware(app);
        app.MapApiDescription();
        app.MapEventsApi();
        app.MapPage();
        RouteGroupBuilder api = app.MapGroup("/api");
        api.MapStatusApi();
        api.MapModelsApi();
        api.MapUpscalersApi();
        api.MapDownloadsApi();
        api.MapConvertApi();
        api.MapGenerateApi();
        api.MapQueueApi();
        api.MapGenerationsApi();
        api.MapImagesApi();
        api.MapLogsApi();
        app.MapSdApi(documentShapes: false);
        api.MapSdApi(documentShapes: true);
        app.MapOpenAiApi();
        api.MapOpenAiApi();
        return app;
    }

    private static void UseMiddleware(WebApplication app)
    {
        app.UseRequestLog();
        app.UseApiErrors();
        app.Use(next => context => app.Services.GetRequiredService<ForeignPages>().CheckAsync(context, next));
        app.UseCors();
        app.Use(next => context => app.Services.GetRequiredService<ApiKeys>().CheckAsync(context, next));
        app.UseRouting();
        app.UseRateLimiter();
        app.UseWebSockets(new WebSocketOptions { KeepAliveInterval = TimeSpan.FromSeconds(30), KeepAliveTimeout = TimeSpan.FromSeconds(30) });
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
        services.AddSingleton<JobLists>();
        services.AddSingleton<ImageRows>();
        services.AddSingleton<StudioState>();
        services.AddSingleton<EventHub>();
        services.AddSingleton<JobEvents>();
        services.AddSingleton<JobIntake>();
        services.AddSingleton<JobWait>();
        services.AddSingleton<QueueViews>();
        services.AddSingleton<ModelViews>();
        services.AddSingleton<QueueSnapshots>();
        services.AddSingleton<UpscalerCache>();
        services.AddSingleton<FileFacts>();
        services.AddSingleton<FileHashes>();
        services.AddSingleton<LoraFolder>();
        services.AddSingleton<ClientModels>();
        services.AddSingleton<SdOptions>();
        services.AddSingleton<SdCallers>();
        services.AddSingleton<SdDrawApi>();
        services.AddSingleton<SdExtrasApi>();
        services.AddSingleton<OpenAiDraw>();
        services.AddSingleton<ApiKeys>();
        services.AddSingleton<ForeignPages>();
        services.AddApiDescription();
        services.AddJobRate();
        services.AddCors(cors => cors.AddDefaultPolicy(policy => policy
            .WithOrigins([.. builder.Configuration.GetSection("SdStudio:Security:CorsOrigins").Get<string[]>() ?? []]).AllowAnyHeader().AllowAnyMethod()
            .WithExposedHeaders("X-Total-Count", "Retry-After")));
        services.AddSingleton<LogStore>();
        services.AddSingleton<ILoggerProvider, LogStoreProvider>();
        builder.Logging.AddFilter<LogStoreProvider>(null, LogLevel.Warning).AddFilter<LogStoreProvider>("SdStudio", LogLevel.Debug);
        services.AddSingleton<JobQueue>();
        services.AddSingleton<JobRunner>();
        services.AddSingleton<RemoteDrawing>();
        services.AddSingleton<DownloadStore>();
        services.AddSingleton<Hub>();
        services.AddSingleton<FileDownload>();
        services.AddSingleton<ModelDownloads>();
        services.AddOutgoing();
        services.AddSingleton<ImageStore>();
        services.AddSingleton<ModelCatalogue>();
        services.AddSingleton<ModelCache>();
        services.AddSingleton<EngineHost>();
        services.AddHostedService(provider => provider.GetRequiredService<ModelCatalogue>());
        services.AddHostedService(provider => provider.GetRequiredService<EngineHost>());
        services.AddHostedService(provider => provider.GetRequiredService<ModelCache>());
        services.AddHostedService(provider => provider.GetRequiredService<ModelDownloads>());
        services.AddHostedService<JobWorker>();
        services.AddHostedService<WelcomeNote>();
    }
}
