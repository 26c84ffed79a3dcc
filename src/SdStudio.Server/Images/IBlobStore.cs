namespace SdStudio.Server.Images;

/// <summary>
/// Keeps files under names such as <c>images/ID.png</c>. Whatever ends the process in the middle, a file is whole or not there.
/// </summary>
internal interface IBlobStore
{
    /// <summary>Whether other machines write here too: a file that belongs to no row may be of a job that one of them has now.</summary>
    bool IsShared { get; }

    /// <summary>Writes a file, in place of one that has the name. It is on disk when this ends.</summary>
    ValueTask PutAsync(string name, Action<Stream> write, CancellationToken cancellation);

    /// <summary>Where a file lies on this machine, to be read; null when there is none.</summary>
    ValueTask<string?> FindAsync(string name, CancellationToken cancellation);

    /// <summary>Gives a file another name. False when there is none.</summary>
    ValueTask<bool> MoveAsync(string name, string to, CancellationToken cancellation);

    /// <summary>Removes a file. What is gone already is not missed.</summary>
    ValueTask DeleteAsync(string name, CancellationToken cancellation);

    /// <summary>The names that begin with a folder's, with the time when each was written (UTC). What is being written is not among them.</summary>
    IAsyncEnumerable<(string Name, DateTime Written)> ListAsync(string folder, CancellationToken cancellation);
}
