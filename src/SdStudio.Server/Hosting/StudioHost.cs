using System.Runtime.InteropServices;
using Microsoft.Extensions.Options;
using SdStudio.Server.Events;
using SdStudio.Server.Http.A1111;
using SdStudio.Server.Http.OpenAi;
using SdStudio.Server.Http.OpenApi;
using SdStudio.Server.Http.Page;
using SdStudio.Server.Http.Pipeline;
using SdStudio.Server.Http.Requests;
using SdStudio.Server.Http.Rest;
using SdStudio.Server.Http.Security;
using SdStudio.Server.Images;
using SdStudio.Server.Models.Cache;
using SdStudio.Server.Models.Catalogue;
using SdStudio.Server.Models.Downloads;
using SdStudio.Server.Models.Files;
using SdStudio.Server.Queue;
using SdStudio.Server.Settings;
using SdStudio.Server.Telemetry;
using SdStudio.Server.Workers;

namespace SdStudio.Server.Hosting;

/// <summary>Puts the server together: the same for the program and for its tests.</summary>
public static class StudioHost
{
    private const string DefaultUrl = "http://localhost:3000";

    /// <summary>Runs the server until it is told to stop.</summary>
    /// <param name="args">The command line.</param>
    /// <returns>The exit code: 0, or 1 with a sentence about what keeps it from starting.</returns>
    public static int Run(string[] args)
    {
        string dataDirectory = new StudioOptions().DataDirectory;
        try
        {
            if (StartFailure.OfThisProcess() is { } limit)
                throw new InvalidOperationException(limit);
            WebApplicationBuilder builder = Builder(args);
            dataDirectory = builder.Configuration["SdStudio:DataDirectory"] is { Length: > 0 } named ? named : dataDirectory;
            using WebApplication app = Build(builder);
            // A closed terminal is no crash: the running job goes back into the queue, as at every stop.
            using PosixSignalRegistration? hangUp = OperatingSystem.IsWindows() ? null : PosixSignalRegistration.Create(PosixSignal.SIGHUP, signal =>
            {
                signal.Cancel = true;
                app.Lifetime.StopApplication();
            });
            app.Run();
            return 0;
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            Console.Error.WriteLine($"SdStudio cannot start: {StartFailure.Explain(exception, dataDirectory) ?? exception.ToString()}");
            return 1;
        }
    }

    /// <summary>Builds the server; nothing runs before it is started.</summary>
    /// <param name="args">The command line: <c>--SdStudio:DataDirectory=…</c>, <c>--urls=…</c> and every other setting.</param>
    public static WebApplication Build(string[] args) => Build(Builder(args));

    private static WebApplicationBuilder Builder(string[] args)
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
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = context.Configuration.GetValue("SdStudio:Limits:MaxRequestBytes", new LimitOptions().MaxRequestBytes);
        });
        return builder;
    }

    private static WebApplication Build(WebApplicationBuilder builder)
    {
        bool started = false;
        // An address that is taken is said in a sentence, by Run; the log would say it with a stack.
        builder.Logging.AddFilter("Microsoft.AspNetCore.Server.Kestrel", level => Volatile.Read(ref started) && level >= LogLevel.Warning);
        builder.Logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", level => Volatile.Read(ref started) && level >= LogLevel.Critical);
        WebApplication app = builder.Build();
        app.Lifetime.ApplicationStarted.Register(() => Volatile.Write(ref started, true));
        ListenAddressGuard.Refuse(app.Configuration, app.Services.GetRequiredService<IOptions<StudioOptions>>().Value);
        UseMiddleware(app);
        RouteGroupBuilder root = app.MapGroup("");
        root.WithHead();
        root.MapApiDescription();
        root.MapEventsApi();
        root.MapPage();
        RouteGroupBuilder api = root.MapGroup("/api");
        api.MapStatusApi();
        api.MapLoginApi();
        api.MapParametersApi();
        api.MapModelsApi();
        api.MapUpscalersApi();
        api.MapDevicesApi();
        api.MapDownloadsApi();
        api.MapConvertApi();
        api.MapGenerateApi();
        api.MapQueueApi();
        api.MapGenerationsApi();
        api.MapImagesApi();
        api.MapPeopleApi();
        api.MapLogsApi();
        root.MapA1111Api(documentShapes: false);
        api.MapA1111Api(documentShapes: true);
        root.MapA1111ControlNetApi();
        root.MapOpenAiApi();
        api.MapOpenAiApi();
        return app;
    }

    private static void UseMiddleware(WebApplication app)
    {
        app.UseRequestLog();
        app.UseSecurityHeaders();
        app.UseApiErrors();
        app.UseSingleSlashes();
        app.UseRouting();
        app.UseWebSockets(new WebSocketOptions { KeepAliveInterval = TimeSpan.FromSeconds(30), KeepAliveTimeout = TimeSpan.FromSeconds(30) });
        app.Use(next => context => app.Services.GetRequiredService<CrossOriginGuard>().CheckAsync(context, next));
        app.UseCors();
        app.Use(next => context => app.Services.GetRequiredService<ApiKeys>().CheckAsync(context, next));
        app.UseRateLimiter();
        app.UseOptionsAnswers();
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
        services.AddSqlite();
        services.AddQueue();
        services.AddSingleton<IEventLog, RingEventLog>();
        services.AddRequestReading();
        services.AddA1111Api();
        services.AddOpenAiApi();
        services.AddSingleton<QueueViews>();
        services.AddSingleton<ModelViews>();
        services.AddSingleton<QueueAnswers>();
        services.AddSingleton<ModelFileCache>();
        services.AddSingleton<FileHashes>();
        services.AddSingleton<LoraFolder>();
        services.AddSingleton<ControlNetFolder>();
        services.AddSingleton<ControlNetFits>();
        services.AddSingleton<WrongKeys>();
        services.AddSingleton<ApiKeys>();
        services.AddSingleton<CrossOriginGuard>();
        services.AddApiDescription();
        services.AddJobRateLimit();
        services.AddCors(cors => cors.AddDefaultPolicy(policy => policy
            .WithOrigins([.. builder.Configuration.GetSection("SdStudio:Security:CorsOrigins").Get<string[]>() ?? []]).AllowAnyHeader().AllowAnyMethod()
            .WithExposedHeaders("X-Total-Count", "Retry-After")));
        services.AddSingleton<ServerPaths>();
        services.AddSingleton<ILoggerProvider, LogStoreProvider>();
        builder.Logging.AddFilter<LogStoreProvider>(null, LogLevel.Warning).AddFilter<LogStoreProvider>("SdStudio", LogLevel.Debug);
        services.AddSingleton<JobRunner>();
        services.AddSingleton<JobCallbacks>();
        services.AddSingleton<IJobRunner, UpscaleRunner>();
        services.AddSingleton<IJobRunner, ConvertRunner>();
        services.AddSingleton<IJobRunner, RemoteRunner>();
        services.AddSingleton<IJobRunner, TextImageRunner>();
        services.AddSingleton<JobInputs>();
        services.AddSingleton<GenerationPasses>();
        services.AddSingleton<LowMemoryLadder>();
        services.AddSingleton<ImageSaver>();
        services.AddSingleton<JobExecution>();
        services.AddSingleton<FailureReasons>();
        services.AddSingleton<JobDevices>();
        services.AddSingleton<IWarmModels>(provider => provider.GetRequiredService<JobDevices>());
        services.AddSingleton<IJobDevices>(provider => provider.GetRequiredService<JobDevices>());
        services.AddSingleton<RemoteGenerator>();
        services.AddSingleton<RemoteAnswers>();
        services.AddSingleton<Hub>();
        services.AddSingleton<FileDownload>();
        services.AddSingleton<ModelDownloads>();
        services.AddStudioHttpClients();
        services.AddSingleton<ImageFiles>();
        services.AddSingleton<ModelCatalogue>();
        services.AddSingleton<ComputeDevices>();
        services.AddSingleton<MemoryBudget>();
        services.AddSingleton<ModelMeasurements>();
        services.AddSingleton<ModelStates>();
        services.AddSingleton<ModelLoader>();
        services.AddSingleton<ModelCache>();
        services.AddSingleton<DecodeGate>();
        services.AddSingleton<EngineHost>();
        services.AddHostedService(provider => provider.GetRequiredService<ModelCatalogue>());
        services.AddHostedService(provider => provider.GetRequiredService<EngineHost>());
        services.AddHostedService<ModelKeeper>();
        services.AddHostedService(provider => provider.GetRequiredService<ModelDownloads>());
        services.AddHostedService<JobRecovery>();
        services.AddHostedService<JobWorker>();
        services.AddHostedService<StartupBanner>();
    }
}
