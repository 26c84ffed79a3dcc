using SdStudio.Server.Gallery;
using SdStudio.Server.Images;
using SdStudio.Server.Models.Cache;
using SdStudio.Server.Models.Downloads;
using SdStudio.Server.Models.Files;
using SdStudio.Server.Queue;
using SdStudio.Server.Storage.Sqlite;
using SdStudio.Server.Telemetry;

namespace SdStudio.Server.Hosting;

/// <summary>What is kept where: the only place that names a storage engine.</summary>
internal static class StorageServices
{
    public static void AddSqlite(this IServiceCollection services)
    {
        services.AddSingleton<StudioDatabase>();
        services.AddSingleton<IJobStore, SqliteJobStore>();
        services.AddSingleton<IJobQueries, SqliteJobQueries>();
        services.AddSingleton<IGallery, SqliteGallery>();
        services.AddSingleton<IBoards, SqliteBoards>();
        services.AddSingleton<ISharedState, SqliteSharedState>();
        services.AddSingleton<IModelCostStore, SqliteModelCostStore>();
        services.AddSingleton<IModelMemoryStore, SqliteModelMemoryStore>();
        services.AddSingleton<IFileHashStore, SqliteFileHashStore>();
        services.AddSingleton<IDownloadStore, SqliteDownloadStore>();
        services.AddSingleton<ILogStore, SqliteLogStore>();
        services.AddHostedService<DatabaseBackups>();
    }

    public static void AddGallery(this IServiceCollection services)
    {
        services.AddSingleton<ImageImport>();
        services.AddSingleton<ImageRetention>();
        services.AddHostedService(provider => provider.GetRequiredService<ImageRetention>());
    }

    public static void AddQueue(this IServiceCollection services)
    {
        services.AddSingleton<IQueueSignal, ProcessQueueSignal>();
        services.AddSingleton<JobEvents>();
        services.AddSingleton<JobLine>();
        services.AddSingleton<JobWaiters>();
        services.AddSingleton<RunningJobs>();
        services.AddSingleton<JobQueue>();
        services.AddSingleton<JobDeletion>();
        services.AddSingleton<KeptImages>();
        services.AddHostedService<LeftoverFiles>();
    }
}
