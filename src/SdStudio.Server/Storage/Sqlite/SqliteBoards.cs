using Microsoft.Data.Sqlite;
using SdStudio.Server.Gallery;

namespace SdStudio.Server.Storage.Sqlite;

/// <summary>Boards in SQLite.</summary>
internal sealed class SqliteBoards(StudioDatabase database, TimeProvider time) : IBoards
{
    private const string Select =
        "SELECT id, name, owner, created_at, (SELECT coalesce(sum(n), 0) FROM counts WHERE kind = 'board' AND counts.name = boards.id), " +
        "(SELECT images.id FROM images WHERE board = boards.id AND board IS NOT NULL ORDER BY number DESC LIMIT 1) FROM boards";

    public ValueTask<IReadOnlyList<Board>> ListAsync(OwnerScope scope, CancellationToken cancellation) => database.ReadAsync<IReadOnlyList<Board>>(reader =>
        reader.Query($"{Select} WHERE {JobRows.InScope} ORDER BY name, owner", ToBoard, JobRows.OwnerOf(scope)));

    // An id before a name, and one's own before another's.
    public ValueTask<Board?> FindAsync(string idOrName, OwnerScope scope, CancellationToken cancellation) => database.ReadAsync(reader =>
        reader.Query($"{Select} WHERE (id = $name OR name = $name) AND {JobRows.InScope} ORDER BY id = $name DESC, created_at LIMIT 1", ToBoard, ("$name", idOrName), JobRows.OwnerOf(scope)).FirstOrDefault());

    public ValueTask<Board?> AddAsync(string name, string owner, CancellationToken cancellation)
    {
        var board = new Board(Guid.CreateVersion7().ToString(), name, owner, time.GetUtcNow().ToUnixTimeMilliseconds(), Images: 0, CoverId: null);
        return database.Writer.WriteAsync(
            writer => writer.Query(
                "INSERT INTO boards (id, owner, name, created_at) VALUES ($id, $owner, $name, $now) ON CONFLICT DO NOTHING RETURNING 1", row => board,
                ("$id", board.Id), ("$owner", owner), ("$name", name), ("$now", board.CreatedAt)).FirstOrDefault(),
            cancellation);
    }

    public ValueTask<bool> RenameAsync(Board board, string name, CancellationToken cancellation) => database.Writer.WriteAsync(
        writer =>
        {
            writer.Execute("UPDATE OR IGNORE boards SET name = $name WHERE id = $id", ("$name", name), ("$id", board.Id));
            return writer.Query("SELECT 1 FROM boards WHERE id = $id AND name = $name", row => true, ("$name", name), ("$id", board.Id)).Count > 0;
        },
        cancellation);

    public ValueTask DeleteAsync(Board board, CancellationToken cancellation) => database.ExecuteAsync("DELETE FROM boards WHERE id = $id", cancellation, ("$id", board.Id));

    private static Board ToBoard(SqliteDataReader row) => new(row.GetString(0), row.GetString(1), row.GetString(2), row.GetInt64(3), row.GetInt64(4), JobRows.Text(row, 5));
}
