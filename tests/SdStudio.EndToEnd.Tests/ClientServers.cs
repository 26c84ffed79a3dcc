namespace SdStudio.EndToEnd.Tests;

/// <summary>Two servers that the clients meet: one for everybody and one that needs a key.</summary>
public sealed class ClientServers : IAsyncLifetime
{
    /// <summary>Of the second server.</summary>
    public const string Key = "a-key-of-some-length";

    private readonly string[] _folders = [ServerProcess.NewFolder(), ServerProcess.NewFolder()];
    private ServerProcess? _open;
    private ServerProcess? _locked;

    /// <summary>The address of the first, without a slash at its end.</summary>
    public string Open => Address(_open!);

    /// <summary>The address of the second.</summary>
    public string Locked => Address(_locked!);

    internal HttpClient Client => _open!.Client;

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        MovingModel.AddTo(_folders[0], "moving");
        _open = await ServerProcess.StartAsync(_folders[0]);
        _locked = await ServerProcess.StartAsync(_folders[1], ("SdStudio__Security__ApiKey", Key));
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _open?.Dispose();
        _locked?.Dispose();
        foreach (string folder in _folders.Where(Directory.Exists))
            Directory.Delete(folder, recursive: true);
        return ValueTask.CompletedTask;
    }

    private static string Address(ServerProcess server) => server.Client.BaseAddress!.ToString().TrimEnd('/');
}
