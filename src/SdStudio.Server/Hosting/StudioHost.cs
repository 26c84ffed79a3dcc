using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Options;
using SdStudio.Server.Http.A1111;
using SdStudio.Server.Http.Mcp;
using SdStudio.Server.Http.OpenAi;
using SdStudio.Server.Http.OpenApi;
using SdStudio.Server.Http.Page;
using SdStudio.Server.Http.Pipeline;
using SdStudio.Server.Http.Requests;
using SdStudio.Server.Http.Rest;
using SdStudio.Server.Http.SdServer;
using SdStudio.Server.Http.Security;
using SdStudio.Server.Settings;
using SdStudio.Server.Telemetry;

namespace SdStudio.Server.Hosting;

/// <summary>Puts the server together: the same for the program and for its tests.</summary>
public static class StudioHost
{
    private const string DefaultUrl = "http://localhost:3000";

    // SIGXFSZ, which is the same on Linux and macOS.
    private const int FileSizeSignal = 25;

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
            IConfiguration settings = EarlySettings(args);
            dataDirectory = settings["SdStudio:DataDirectory"] is { Length: > 0 } named ? named : dataDirectory;
            if (Watcher.IsWanted(settings["SdStudio:Watch"]))
            {
                using var watcher = new Watcher(args, Addresses(settings), dataDirectory);
                return watcher.Run();
            }

            // A file at the limit of its size is a full disk, which is told; the signal alone would end the process.
            using PosixSignalRegistration? fileTooLarge = OperatingSystem.IsWindows() ? null : PosixSignalRegistration.Create((PosixSignal)FileSizeSignal, signal => signal.Cancel = true);
            WebApplicationBuilder builder = Builder(args);
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
    /// <param name="announces">Whether it says on the terminal where it listens.</param>
    public static WebApplication Build(string[] args, bool announces = true) => Build(Builder(args, announces));

    /// <summary>Where a server with these settings listens.</summary>
    internal static IEnumerable<string> Addresses(IConfiguration settings) => NamesAnAddress(settings) ? ListenAddressGuard.Addresses(settings) : [DefaultUrl];

    // As the builder below reads them, without what only a server needs.
    internal static IConfigurationRoot EarlySettings(string[] args) => new ConfigurationBuilder()
        .AddJsonFile(Path.Combine(AppContext.BaseDirectory, "appsettings.json"), optional: true)
        .AddEnvironmentVariables("ASPNETCORE_").AddEnvironmentVariables("DOTNET_").AddEnvironmentVariables().AddCommandLine(args)
        .Build();

    private static WebApplicationBuilder Builder(string[] args, bool announces = true)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions
        {
            Args = args,
            // The settings lie beside the program, wherever it is started from.
            ContentRootPath = AppContext.BaseDirectory,
        });
        builder.Configuration.AddSecretFiles();
        builder.Configuration.AddSharedSettings();
        if (!NamesAnAddress(builder.Configuration))
            builder.WebHost.UseUrls(DefaultUrl);
        builder.Logging.AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.TimestampFormat = "HH:mm:ss ";
        });
        AddServices(builder.Services, builder.Configuration);
        if (announces)
            builder.Services.AddHostedService<StartupBanner>();
        builder.Services.AddStudioTelemetry(builder.Configuration);
        builder.WebHost.UseKestrelHttpsConfiguration();
        if (ServerChild.IsThisProcess)
            builder.Services.Configure<SocketTransportOptions>(transport => transport.CreateBoundListenSocket = HeldSockets.Open);
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
        root.MapOriginalImages();
        RouteGroupBuilder api = root.MapGroup("/api");
        api.MapStatusApi();
        root.MapHealthProbes();
        api.MapLoginApi();
        api.MapParametersApi();
        api.MapModelsApi();
        api.MapControlNetsApi();
        api.MapIdentitiesApi();
        api.MapUpscalersApi();
        api.MapLorasApi();
        api.MapDevicesApi();
        api.MapNodesApi();
        api.MapDownloadsApi();
        api.MapAddModelApi();
        api.MapConvertApi();
        api.MapGenerateApi();
        api.MapQueueApi();
        api.MapGridsApi();
        api.MapGenerationsApi();
        api.MapImagesApi();
        api.MapPeopleApi();
        api.MapBoardsApi();
        api.MapSettingsApi();
        api.MapWordsApi();
        api.MapAssistantApi();
        api.MapPresetsApi();
        api.MapLogsApi();
        root.MapA1111Api(documentShapes: false);
        api.MapA1111Api(documentShapes: true);
        root.MapA1111ControlNetApi();
        root.MapOpenAiApi();
        api.MapOpenAiApi();
        root.MapSdServerApi();
        root.MapMcpApi();
        return app;
    }

    private static void UseMiddleware(WebApplication app)
    {
        app.UseProxies();
        app.UseRequestLog();
        app.UseSecurityHeaders();
        app.UseApiErrors();
        app.UseRequestSizes();
        app.UseSingleSlashes();
        app.UseRouting();
        app.UseWebSockets(new WebSocketOptions { KeepAliveInterval = TimeSpan.FromSeconds(30), KeepAliveTimeout = TimeSpan.FromSeconds(30) });
        app.Use(next => context => app.Services.GetRequiredService<CrossOriginGuard>().CheckAsync(context, next));
        app.UseCors();
        app.Use(next => context => app.Services.GetRequiredService<ApiKeys>().CheckAsync(context, next));
        app.Use(next => context => app.Services.GetRequiredService<JobRateLimit>().CheckAsync(context, next));
        app.UseOptionsAnswers();
        app.UseStudioMetrics();
    }

    // The settings that ASP.NET Core reads an address from.
    private static bool NamesAnAddress(IConfiguration configuration) =>
        !string.IsNullOrEmpty(configuration[WebHostDefaults.ServerUrlsKey])
        || !string.IsNullOrEmpty(configuration[WebHostDefaults.HttpPortsKey])
        || configuration.GetSection("Kestrel:Endpoints").Exists();

    private static void AddServices(IServiceCollection services, ConfigurationManager settings)
    {
        services.AddSettings();
        services.AddLocalStorage();
        if (string.IsNullOrWhiteSpace(settings["SdStudio:Database"]))
            services.AddSqlite();
        else
            services.AddPostgres();
        services.AddTelemetry();
        services.AddImages();
        services.AddQueue();
        services.AddGallery();
        services.AddModels();
        services.AddHttp();
        services.AddWebhooks();
        services.AddWorkers();
        services.AddSystemd();
        services.AddWindowsService();
        services.AddHostedService<IdleMemory>();
        services.AddHostedService<SystemdWatchdog>();
        services.AddHostedService<WatchedServer>();
    }
}
