namespace SdStudio.Server.Storage.Postgres;

/// <summary>A file that is a row of the database, as it was written once.</summary>
/// <param name="Name">The file's.</param>
/// <param name="Length">In bytes.</param>
/// <param name="Written">When, by the database's clock.</param>
internal sealed record BlobRow(string Name, int Length, long Written)
{
    private const int PartBytes = 4 << 20;

    /// <returns>Null when there is none.</returns>
    public static ValueTask<BlobRow?> FindAsync(PostgresDatabase database, string name, CancellationToken cancellation) => database.FirstAsync(
        "SELECT length(data), written_at FROM blobs WHERE name = @name", row => new BlobRow(name, row.GetInt32(0), row.GetInt64(1)), cancellation, ("name", name));

    /// <summary>Copies it part by part: neither side has a large file in memory, and the database reads only the part.</summary>
    /// <returns>False when it was written again or deleted meanwhile.</returns>
    public async ValueTask<bool> CopyAsync(PostgresDatabase database, Stream to, CancellationToken cancellation)
    {
        for (int at = 0; at < Length; at += PartBytes)
        {
            byte[]? part = await database.FirstAsync(
                "SELECT substring(data FROM @from FOR @count) FROM blobs WHERE name = @name AND written_at = @written AND length(data) = @length", row => row.GetFieldValue<byte[]>(0),
                cancellation, ("from", at + 1), ("count", PartBytes), ("name", Name), ("written", Written), ("length", Length)).ConfigureAwait(false);
            if (part is null)
                return false;
            await to.WriteAsync(part, cancellation).ConfigureAwait(false);
        }

        return true;
    }
}
