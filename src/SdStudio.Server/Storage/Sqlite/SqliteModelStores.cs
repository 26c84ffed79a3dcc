using SdStudio.Server.Models.Cache;
using SdStudio.Server.Models.Files;

namespace SdStudio.Server.Storage.Sqlite;

/// <summary>Hashes of files of this machine.</summary>
internal sealed class SqliteFileHashStore(StudioDatabase database) : IFileHashStore
{
    public IReadOnlyDictionary<string, FileHash> All() => database.Read(reader => reader.Query(
        "SELECT path, bytes, changed, sha256 FROM file_hashes",
        row => (row.GetString(0), new FileHash(row.GetInt64(1), row.GetInt64(2), row.GetString(3))))).ToDictionary(StringComparer.Ordinal);

    public ValueTask SaveAsync(string path, FileHash hash, CancellationToken cancellation) => database.ExecuteAsync(
        "INSERT INTO file_hashes VALUES ($path, $bytes, $changed, $hash) " +
        "ON CONFLICT (path) DO UPDATE SET bytes = $bytes, changed = $changed, sha256 = $hash",
        cancellation, ("$path", path), ("$bytes", hash.Bytes), ("$changed", hash.Changed), ("$hash", hash.Sha256));
}

/// <summary>What models take of this machine's memory.</summary>
internal sealed class SqliteModelMemoryStore(StudioDatabase database) : IModelMemoryStore
{
    public IReadOnlyDictionary<string, ModelMemory> All() => database.Read(reader => reader.Query(
        "SELECT key, ram, vram FROM model_memory", row => (row.GetString(0), new ModelMemory(row.GetInt64(1), row.GetInt64(2))))).ToDictionary(StringComparer.Ordinal);

    public ValueTask SaveAsync(string key, ModelMemory memory, CancellationToken cancellation) => database.ExecuteAsync(
        "INSERT INTO model_memory VALUES ($key, $ram, $vram) ON CONFLICT (key) DO UPDATE SET ram = $ram, vram = $vram",
        cancellation, ("$key", key), ("$ram", memory.Ram), ("$vram", memory.Vram));
}
