using Microsoft.AspNetCore.Cors.Infrastructure;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;
using SdStudio.Server.Events;
using SdStudio.Server.Gallery;
using SdStudio.Server.Generation;
using SdStudio.Server.Http.A1111;
using SdStudio.Server.Http.Mcp;
using SdStudio.Server.Http.Nodes;
using SdStudio.Server.Http.OpenAi;
using SdStudio.Server.Http.OpenApi;
using SdStudio.Server.Http.Pipeline;
using SdStudio.Server.Http.Requests;
using SdStudio.Server.Http.Rest;
using SdStudio.Server.Http.SdServer;
using SdStudio.Server.Http.Security;
using SdStudio.Server.Images;
using SdStudio.Server.Images.Videos;
using SdStudio.Server.Models.Cache;
using SdStudio.Server.Models.Catalogue;
using SdStudio.Server.Models.Downloads;
using SdStudio.Server.Models.Files;
using SdStudio.Server.Queue;
using SdStudio.Server.Settings;
using SdStudio.Server.Storage.Postgres;
using SdStudio.Server.Storage.Sqlite;
using SdStudio.Server.Telemetry;
using SdStudio.Server.Webhooks;
using SdStudio.Server.Workers;

namespace SdStudio.Server.Hosting;

/// <summary>The services of each room. Hosted ones start in the order in which they stand here, and stop in the other.</summary>
internal static class RoomServices
{
    private const string RequestDiagnostics = "Microsoft.AspNetCore.Hosting.Diagnostics";

    public static void AddSettings(this IServiceCollection services)
    {
        services.AddSingleton(TimeProvider.System);
        services.AddOptions<StudioOptions>().Configure<IConfiguration>((options, configuration) => SettingsBinding.Bind(configuration, options)).ValidateOnStart()
            .Validate<IConfiguration>(
                (_, configuration) => configuration[$"{SettingsBinding.Section}:{nameof(StudioOptions.Devices)}"] is null or "" or StudioOptions.AutoDevices,
                $"SdStudio:Devices is one word; allowed is {StudioOptions.AutoDevices}, or a list as in SdStudio:Devices:0:Name");
        services.AddSingleton<IValidateOptions<StudioOptions>, StudioOptionsValidator>();
        services.AddSingleton<DataFolders>();
    }

    /// <summary>What is only this machine's: its files' hashes, what models take of its memory, its downloads and its log.</summary>
    public static void AddLocalStorage(this IServiceCollection services)
    {
        services.AddSingleton<StudioDatabase>();
        services.AddSingleton<IModelMemoryStore, SqliteModelMemoryStore>();
        services.AddSingleton<IFileHashStore, SqliteFileHashStore>();
        services.AddSingleton<IDownloadStore, SqliteDownloadStore>();
        services.AddSingleton<ILogStore, SqliteLogStore>();
        services.AddHostedService<DatabaseBackups>();
    }

    /// <summary>Jobs, images and settings of one machine.</summary>
    public static void AddSqlite(this IServiceCollection services)
    {
        services.AddSingleton<IJobStore, SqliteJobStore>();
        services.AddSingleton<IJobQueries, SqliteJobQueries>();
        services.AddSingleton<IGallery, SqliteGallery>();
        services.AddSingleton<IBoards, SqliteBoards>();
        services.AddSingleton<IPresetStore, SqlitePresets>();
        services.AddSingleton<IWebhookStore, SqliteWebhooks>();
        services.AddSingleton<ISharedState, SqliteSharedState>();
        services.AddSingleton<IModelCostStore, SqliteModelCostStore>();
        services.AddSingleton<IEventLog, RingEventLog>(provider => new RingEventLog(provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<IBlobStore>(provider => provider.GetRequiredService<FolderBlobs>());
        services.AddSingleton(new OtherNodes(areShared: false));
        services.AddSingleton<INodes, OnlyNode>();
    }

    /// <summary>Jobs, images and settings of every machine that has the same connection string.</summary>
    public static void AddPostgres(this IServiceCollection services)
    {
        services.AddSingleton(provider => new PostgresDatabase(provider.GetRequiredService<IOptions<StudioOptions>>().Value.Database));
        services.AddSingleton(provider => NodeIdentity.Of(provider.GetRequiredService<DataFolders>(), provider.GetRequiredService<PostgresDatabase>()));
        services.AddSingleton(provider => new LeaseTime(TimeSpan.FromSeconds(provider.GetRequiredService<IOptions<StudioOptions>>().Value.Queue.LeaseSeconds)));
        services.AddSingleton<IJobStore, PostgresJobStore>();
        services.AddSingleton<IJobQueries, PostgresJobQueries>();
        services.AddSingleton<IGallery, PostgresGallery>();
        services.AddSingleton<IBoards, PostgresBoards>();
        services.AddSingleton<IPresetStore, PostgresPresets>();
        services.AddSingleton<IWebhookStore, PostgresWebhooks>();
        services.AddSingleton<ISharedState, PostgresSharedState>();
        services.AddSingleton<IModelCostStore, PostgresModelCostStore>();
        services.AddSingleton<PostgresEventLog>();
        services.AddSingleton<IEventLog>(provider => provider.GetRequiredService<PostgresEventLog>());
        services.AddHostedService(provider => provider.GetRequiredService<PostgresEventLog>());
        services.AddSingleton<PostgresBlobs>();
        services.AddSingleton<IBlobStore>(provider =>
        {
            DataFolders folders = provider.GetRequiredService<DataFolders>();
            // While the server is put together nothing else runs that this could keep waiting.
            ImagesPlace.CheckAsync(provider.GetRequiredService<PostgresDatabase>(), folders.FilesAreShared ? folders.Files : null, CancellationToken.None).GetAwaiter().GetResult();
            return folders.FilesAreShared ? provider.GetRequiredService<FolderBlobs>() : provider.GetRequiredService<PostgresBlobs>();
        });
        services.AddSingleton(new OtherNodes(areShared: true));
        services.AddSingleton<PostgresNodes>();
        services.AddSingleton<INodes>(provider => provider.GetRequiredService<PostgresNodes>());
        services.AddSingleton<SharedFolders>();
        services.AddHostedService(provider => provider.GetRequiredService<SharedFolders>());
        services.AddSingleton<ListenedTo>();
        services.AddHostedService<PostgresListener>();
        services.AddHostedService<LeaseKeeper>();
        services.AddHostedService<NodePreviews>();
    }

    public static void AddTelemetry(this IServiceCollection services)
    {
        services.AddSingleton<ServerPaths>();
        services.AddSingleton(Restarts.Read());
        services.AddSingleton<ILoggerProvider, LogStoreProvider>();
        // Where a log takes lines of this category, ASP.NET Core begins a trace for every request, which nobody sees: exporters of traces have their own way.
        services.AddLogging(logging => logging.AddFilter<LogStoreProvider>(null, LogLevel.Warning).AddFilter<LogStoreProvider>("SdStudio", LogLevel.Debug)
            .AddFilter<LogStoreProvider>(RequestDiagnostics, LogLevel.None).AddFilter(RequestDiagnostics, LogLevel.None));
    }

    public static void AddImages(this IServiceCollection services)
    {
        services.AddSingleton<FolderBlobs>();
        services.AddSingleton<ImageFiles>();
        services.AddSingleton<KeptImages>();
        services.AddSingleton<PeopleFolder>();
        services.AddSingleton<DecodeGate>();
        services.AddSingleton<VideoFiles>();
        services.AddSingleton<Ffmpeg>();
        services.AddHostedService(provider => provider.GetRequiredService<Ffmpeg>());
    }

    public static void AddQueue(this IServiceCollection services)
    {
        services.AddSingleton<IQueueSignal, ProcessQueueSignal>();
        services.AddSingleton<JobTelemetry>();
        services.AddSingleton<JobEvents>();
        services.AddHostedService<QueueGauges>();
        services.AddSingleton<JobLine>();
        services.AddSingleton<RunningJobs>();
        services.AddSingleton<JobQueue>();
        services.AddSingleton<JobDeletion>();
        services.AddSingleton<NodeReports>();
        services.AddHostedService<LeftoverFiles>();
    }

    public static void AddGallery(this IServiceCollection services)
    {
        services.AddSingleton<ImageImport>();
        services.AddSingleton<ImageRetention>();
        services.AddHostedService(provider => provider.GetRequiredService<ImageRetention>());
    }

    public static void AddWebhooks(this IServiceCollection services) => services.AddHostedService<WebhookSender>();

    public static void AddHttp(this IServiceCollection services)
    {
        services.AddRequestReading();
        services.AddFormLimits();
        services.AddA1111Api();
        services.AddOpenAiApi();
        services.AddSdServerApi();
        services.AddMcpApi();
        services.AddAssistant();
        services.AddApiDescription();
        services.AddSingleton<JobRateLimit>();
        services.AddSingleton<QueueViews>();
        services.AddSingleton<ModelTimes>();
        services.AddSingleton<ModelViews>();
        services.AddSingleton<NodeCalls>();
        services.AddSingleton<NodeModels>();
        services.AddSingleton<PreviewFiles>();
        services.AddSingleton<QueueAnswers>();
        services.AddSingleton<WrongKeys>();
        services.AddSingleton<ApiKeys>();
        services.AddSingleton<CrossOriginGuard>();
        services.AddCors();
        services.AddOptions<CorsOptions>().Configure<IOptions<StudioOptions>>((cors, studio) => cors.AddDefaultPolicy(policy => policy
            .WithOrigins([.. studio.Value.Security.CorsOrigins]).AllowAnyHeader().AllowAnyMethod().WithExposedHeaders("X-Total-Count", "Retry-After")));
        services.AddOptions<KestrelServerOptions>().Configure<IOptions<StudioOptions>>((kestrel, studio) =>
        {
            kestrel.AddServerHeader = false;
            RequestSizes.Set(kestrel.Limits, studio.Value.Limits.MaxRequestBytes);
        });
    }

    public static void AddModels(this IServiceCollection services)
    {
        services.AddStudioHttpClients();
        services.AddSingleton<ModelFileCache>();
        services.AddSingleton<ProcessorSpeed>();
        services.AddSingleton<FileHashes>();
        services.AddSingleton<LoraFolder>();
        services.AddSingleton<LoraShelf>();
        services.AddSingleton<ModelCards>();
        services.AddSingleton<ControlNetFolder>();
        services.AddSingleton<ControlNetFits>();
        services.AddSingleton<IdentityFolder>();
        services.AddSingleton<IdentityFits>();
        services.AddSingleton<EmbeddingFolder>();
        services.AddSingleton<VaeFiles>();
        services.AddSingleton<WildcardFolder>();
        services.AddSingleton<StyleBook>();
        services.AddSingleton<Hub>();
        services.AddSingleton<FileDownload>();
        services.AddSingleton<ModelDownloads>();
        services.AddSingleton<ModelUploads>();
        services.AddSingleton<ModelCatalogue>();
        services.AddSingleton<ComputeDevices>();
        services.AddSingleton<MemoryBudget>();
        services.AddSingleton<ModelMeasurements>();
        services.AddSingleton<ModelStates>();
        services.AddSingleton<ModelLoader>();
        services.AddSingleton<ModelCache>();
        services.AddSingleton<VideoModels>();
        services.AddSingleton<EngineHost>();
        services.AddHostedService(provider => provider.GetRequiredService<ModelCatalogue>());
        services.AddHostedService(provider => provider.GetRequiredService<EngineHost>());
        services.AddHostedService<ModelKeeper>();
        services.AddHostedService(provider => provider.GetRequiredService<ModelDownloads>());
    }

    public static void AddWorkers(this IServiceCollection services)
    {
        services.AddSingleton<JobRunner>();
        services.AddSingleton<JobCallbacks>();
        services.AddSingleton<IJobRunner, UpscaleRunner>();
        services.AddSingleton<IJobRunner, ConvertRunner>();
        services.AddSingleton<IJobRunner, VideoRunner>();
        services.AddSingleton<VideoSaver>();
        services.AddSingleton<TextImageRunner>();
        services.AddSingleton<RemoteRunner>();
        services.AddSingleton<IJobRunner, GridRunner>();
        services.AddSingleton<IJobRunner>(provider => provider.GetRequiredService<RemoteRunner>());
        services.AddSingleton<IJobRunner>(provider => provider.GetRequiredService<TextImageRunner>());
        services.AddSingleton<JobInputs>();
        services.AddSingleton<GenerationPasses>();
        services.AddSingleton<LowMemoryLadder>();
        services.AddSingleton<ImageSaver>();
        services.AddSingleton<JobExecution>();
        services.AddSingleton<BatchHelp>();
        services.AddSingleton<FailureReasons>();
        services.AddSingleton<JobDevices>();
        services.AddSingleton<IWarmModels>(provider => provider.GetRequiredService<JobDevices>());
        services.AddSingleton<IJobDevices>(provider => provider.GetRequiredService<JobDevices>());
        services.AddSingleton<RemoteGenerator>();
        services.AddSingleton<RemoteAnswers>();
        services.AddHostedService<JobRecovery>();
        services.AddHostedService<JobWorker>();
    }
}
