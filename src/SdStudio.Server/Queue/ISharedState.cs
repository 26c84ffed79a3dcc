namespace SdStudio.Server.Queue;

/// <summary>What was set while the server ran and survives its end.</summary>
internal interface ISharedState
{
    /// <summary>Whether other processes use the same jobs, images and settings.</summary>
    bool IsShared { get; }

    ValueTask SetPausedAsync(bool paused, CancellationToken cancellation);

    /// <summary>What was last kept under a name; null when nothing was.</summary>
    ValueTask<string?> TextAsync(string key, CancellationToken cancellation);

    /// <summary>Changes what is kept under a name: nobody else changes it between the reading and the writing.</summary>
    ValueTask ChangeTextAsync(string key, Func<string?, string> change, CancellationToken cancellation);

    /// <summary>Decides about jobs whose worker is gone, while no other process does.</summary>
    /// <returns>Whether nobody else did.</returns>
    ValueTask<bool> RecoverAloneAsync(Func<Task> work, CancellationToken cancellation);
}
