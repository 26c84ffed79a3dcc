namespace SdStudio.Server.Generation;

/// <summary>Named sets of settings. Each owner has its own.</summary>
internal interface IPresetStore
{
    /// <summary>By name.</summary>
    ValueTask<IReadOnlyList<Preset>> ListAsync(string owner, CancellationToken cancellation);

    ValueTask<Preset?> FindAsync(string name, string owner, CancellationToken cancellation);

    /// <summary>Adds presets, or puts them in place of those with their names; all of them or none.</summary>
    ValueTask PutAsync(IReadOnlyList<Preset> presets, string owner, CancellationToken cancellation);

    /// <returns>Whether there was one.</returns>
    ValueTask<bool> DeleteAsync(string name, string owner, CancellationToken cancellation);
}

/// <param name="Name">What people call it.</param>
/// <param name="Settings">Fields of requests, as a JSON object.</param>
internal sealed record Preset(string Name, string Settings);
