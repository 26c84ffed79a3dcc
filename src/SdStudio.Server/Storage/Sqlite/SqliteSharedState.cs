using SdStudio.Server.Queue;

namespace SdStudio.Server.Storage.Sqlite;

/// <summary>Small things that were set, in a table of names and texts.</summary>
internal sealed class SqliteSharedState(StudioDatabase database) : ISharedState
{
    internal const string PausedKey = "queue_paused";

    public bool IsShared => false;

    public ValueTask SetPausedAsync(bool paused, CancellationToken cancellation) => ChangeTextAsync(PausedKey, _ => paused ? "true" : "false", cancellation);

    public ValueTask<string?> TextAsync(string key, CancellationToken cancellation) => database.ReadAsync(reader => Text(reader, key));

    public async ValueTask ChangeTextAsync(string key, Func<string?, string> change, CancellationToken cancellation) => await database.Writer.WriteAsync(
        writer =>
        {
            writer.Execute(
                "INSERT INTO studio_state VALUES ($key, $value) ON CONFLICT (key) DO UPDATE SET value = $value",
                ("$key", key), ("$value", change(Text(writer, key))));
            return true;
        },
        cancellation).ConfigureAwait(false);

    public async ValueTask<bool> RecoverAloneAsync(Func<Task> work, CancellationToken cancellation)
    {
        await work().ConfigureAwait(false);
        return true;
    }

    private static string? Text(SqliteSession session, string key) =>
        session.Query("SELECT value FROM studio_state WHERE key = $key", row => row.GetString(0), ("$key", key)).FirstOrDefault();
}
