using SdStudio.Server.Generation;

namespace SdStudio.Server.Storage.Postgres;

/// <summary>Presets in PostgreSQL.</summary>
internal sealed class PostgresPresets(PostgresDatabase database) : IPresetStore
{
    public async ValueTask<IReadOnlyList<Preset>> ListAsync(string owner, CancellationToken cancellation) => await database.QueryAsync(
        "SELECT name, settings FROM presets WHERE owner = @owner ORDER BY name COLLATE \"C\"", row => new Preset(row.GetString(0), row.GetString(1)), cancellation, ("owner", owner)).ConfigureAwait(false);

    public ValueTask<Preset?> FindAsync(string name, string owner, CancellationToken cancellation) => database.FirstAsync(
        "SELECT name, settings FROM presets WHERE owner = @owner AND name = @name", row => new Preset(row.GetString(0), row.GetString(1)), cancellation, ("owner", owner), ("name", name));

    public async ValueTask PutAsync(IReadOnlyList<Preset> presets, string owner, CancellationToken cancellation) => await database.WriteAsync(
        async session =>
        {
            foreach (Preset preset in presets)
            {
                await session.ExecuteAsync(
                    "INSERT INTO presets (owner, name, settings) VALUES (@owner, @name, @settings) ON CONFLICT (owner, name) DO UPDATE SET settings = excluded.settings",
                    ("owner", owner), ("name", preset.Name), ("settings", preset.Settings)).ConfigureAwait(false);
            }

            return true;
        },
        cancellation).ConfigureAwait(false);

    public async ValueTask<bool> DeleteAsync(string name, string owner, CancellationToken cancellation) => (await database.WriteAsync(
        "DELETE FROM presets WHERE owner = @owner AND name = @name RETURNING true", row => true, cancellation, ("owner", owner), ("name", name)).ConfigureAwait(false)).Count > 0;
}
