using System.Text.Json;
using System.Data.Common;
using SdStudio.Server.Generation;
using SdStudio.Server.Queue;

namespace SdStudio.Server.Storage.Sqlite;

/// <summary>Between rows and jobs.</summary>
internal static class JobRows
{
    public const string Columns =
        "number, id, settings, owner, priority, status, progress, error, error_code, attempts, cancel_requested, created_at, queued_at, " +
        "updated_at, started_at, completed_at, model_loading_ms, generation_ms, (SELECT count(*) FROM images WHERE job_id = jobs.id), device";

    /// <summary>How many <see cref="Columns"/> there are: where those behind them begin.</summary>
    public const int ColumnCount = 20;

    /// <summary>The condition of a scope, for statements with the value of <see cref="OwnerOf"/>.</summary>
    public const string InScope = "($owner IS NULL OR owner = $owner)";

    /// <summary>The same beside images, which have an owner too.</summary>
    public const string InScopeOfJobs = "($owner IS NULL OR jobs.owner = $owner)";

    public static (string Name, object? Value) OwnerOf(OwnerScope scope) => ("$owner", scope.Owner);

    public static Job ToJob(DbDataReader row) => ToJob(row, ToSettings(row.GetString(2)));

    /// <summary>The same where the settings are known: they are the largest part to read.</summary>
    public static Job ToJob(DbDataReader row, GenerationSettings settings) => new(
        row.GetInt64(0), row.GetString(1), settings, row.GetString(3), row.GetInt32(4), row.GetString(5), row.GetDouble(6),
        Text(row, 7), Text(row, 8), row.GetInt32(9), row.GetBoolean(10), row.GetInt64(11), row.GetInt64(12), row.GetInt64(13), Long(row, 14),
        Long(row, 15), Long(row, 16), Long(row, 17), row.GetInt32(18))
    {
        Device = Text(row, 19),
    };

    public static string ToText(GenerationSettings settings) => JsonSerializer.Serialize(settings, StorageJson.Default.GenerationSettings);

    public static string? Text(DbDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);

    public static GenerationSettings ToSettings(string text) => JsonSerializer.Deserialize(text, StorageJson.Default.GenerationSettings)!;

    private static long? Long(DbDataReader row, int column) => row.IsDBNull(column) ? null : row.GetInt64(column);
}
