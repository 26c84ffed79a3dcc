using SdStudio.Server.Generation;

namespace SdStudio.Server.Storage.Sqlite;

/// <summary>Presets in SQLite.</summary>
internal sealed class SqlitePresets(StudioDatabase database) : IPresetStore
{
    public ValueTask<IReadOnlyList<Preset>> ListAsync(string owner, CancellationToken cancellation) => database.ReadAsync<IReadOnlyList<Preset>>(reader =>
        reader.Query("SELECT name, settings FROM presets WHERE owner = $owner ORDER BY name", row => new Preset(row.GetString(0), row.GetString(1)), ("$owner", owner)));

    public ValueTask<Preset?> FindAsync(string name, string owner, CancellationToken cancellation) => database.ReadAsync(reader =>
        reader.Query("SELECT name, settings FROM presets WHERE owner = $owner AND name = $name", row => new Preset(row.GetString(0), row.GetString(1)), ("$owner", owner), ("$name", name)).FirstOrDefault());

    public async ValueTask PutAsync(IReadOnlyList<Preset> presets, string owner, CancellationToken cancellation) => await database.Writer.WriteAsync(
        writer =>
        {
            foreach (Preset preset in presets)
            {
                writer.Execute(
                    "INSERT INTO presets (owner, name, settings) VALUES ($owner, $name, $settings) ON CONFLICT DO UPDATE SET settings = excluded.settings",
                    ("$owner", owner), ("$name", preset.Name), ("$settings", preset.Settings));
            }

            return true;
        },
        cancellation).ConfigureAwait(false);

    public ValueTask<bool> DeleteAsync(string name, string owner, CancellationToken cancellation) => database.Writer.WriteAsync(
        writer => writer.Query("DELETE FROM presets WHERE owner = $owner AND name = $name RETURNING 1", row => true, ("$owner", owner), ("$name", name)).Count > 0, cancellation);
}
