using System.Data.Common;
using SdStudio.Server.Gallery;
using SdStudio.Server.Storage.Sqlite;

namespace SdStudio.Server.Storage.Postgres;

/// <summary>Boards in PostgreSQL.</summary>
internal sealed class PostgresBoards(PostgresDatabase database) : IBoards
{
    private const string Select =
        "SELECT id, name, owner, created_at, (SELECT coalesce(sum(n), 0)::bigint FROM totals WHERE kind = 'board' AND totals.name = boards.id), " +
        "(SELECT images.id FROM images WHERE board = boards.id ORDER BY number DESC LIMIT 1) FROM boards";

    public async ValueTask<IReadOnlyList<Board>> ListAsync(OwnerScope scope, CancellationToken cancellation) =>
        await database.QueryAsync($"{Select} WHERE {PostgresRows.InScope} ORDER BY name COLLATE \"C\", owner COLLATE \"C\"", ToBoard, cancellation, PostgresRows.OwnerOf(scope)).ConfigureAwait(false);

    // An id before a name, and one's own before another's.
    public ValueTask<Board?> FindAsync(string idOrName, OwnerScope scope, CancellationToken cancellation) => database.FirstAsync(
        $"{Select} WHERE (id = @name OR name = @name) AND {PostgresRows.InScope} ORDER BY (id = @name) DESC, created_at LIMIT 1", ToBoard, cancellation,
        ("name", idOrName), PostgresRows.OwnerOf(scope));

    public async ValueTask<Board?> AddAsync(string name, string owner, CancellationToken cancellation) => (await database.WriteAsync(
        "INSERT INTO boards (id, owner, name, created_at) VALUES (@id, @owner, @name, sdstudio_now()) ON CONFLICT DO NOTHING RETURNING id, name, owner, created_at, 0::bigint, NULL::text",
        ToBoard, cancellation, ("id", Guid.CreateVersion7().ToString()), ("owner", owner), ("name", name)).ConfigureAwait(false)).FirstOrDefault();

    public async ValueTask<bool> RenameAsync(Board board, string name, CancellationToken cancellation) => (await database.WriteAsync(
        "UPDATE boards SET name = @name WHERE id = @id AND NOT EXISTS (SELECT 1 FROM boards AS other WHERE other.owner = boards.owner AND other.name = @name AND other.id <> boards.id) RETURNING true",
        row => true, cancellation, ("name", name), ("id", board.Id)).ConfigureAwait(false)).Count > 0;

    public ValueTask DeleteAsync(Board board, CancellationToken cancellation) => database.ExecuteAsync("DELETE FROM boards WHERE id = @id", cancellation, ("id", board.Id));

    private static Board ToBoard(DbDataReader row) => new(row.GetString(0), row.GetString(1), row.GetString(2), row.GetInt64(3), row.GetInt64(4), JobRows.Text(row, 5));
}
