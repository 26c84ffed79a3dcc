using System.Text;
using System.Text.Json;
using SdStudio.Server.Queue;

namespace SdStudio.Server.Storage.Postgres;

/// <summary>The channels on which the machines of a studio hear of each other. What is told is in the tables: a bell that is not heard loses nothing.</summary>
internal static class PostgresBells
{
    /// <summary>What has happened to a waiting job, as JSON; without it, the line is not what it was.</summary>
    public const string Queue = "sdstudio_queue";

    /// <summary>The job of that id has ended.</summary>
    public const string Ended = "sdstudio_ended";

    /// <summary>The job of that id is to end.</summary>
    public const string Cancelled = "sdstudio_cancelled";

    /// <summary>There are new events.</summary>
    public const string Events = "sdstudio_events";

    /// <summary>An event that is soon outdated, as JSON.</summary>
    public const string Latest = "sdstudio_latest";

    /// <summary>The file of that name is gone.</summary>
    public const string Forgotten = "sdstudio_forgotten";

    /// <summary>A file that all machines have was changed.</summary>
    public const string Shared = "sdstudio_shared";

    public static readonly string[] All = [Queue, Ended, Cancelled, Events, Latest, Forgotten, Shared];

    /// <summary>A notice of PostgreSQL has less than 8,000 bytes.</summary>
    public const int MaxNotice = 7900;

    /// <summary>Tells of a waiting job.</summary>
    public static void Ring(PostgresSession session, LineNews news)
    {
        byte[] notice = JsonSerializer.SerializeToUtf8Bytes(news, PostgresJson.Default.LineNews);
        session.Ring(Queue, notice.Length <= MaxNotice ? Encoding.UTF8.GetString(notice) : "");
    }
}
