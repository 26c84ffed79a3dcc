namespace SdStudio.Server.Workers;

/// <summary>What a database or a disk that is busy costs a generated image: time, not the image.</summary>
internal static class BusyStorage
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    /// <summary>Writes, again and again for as long as the storage is busy.</summary>
    /// <param name="write">Writes all of it.</param>
    /// <param name="isBusy">Told why, before each wait.</param>
    /// <param name="cancellation">Ends the waiting, not the writing.</param>
    /// <exception cref="StorageUnavailableException">It will not become better by waiting.</exception>
    public static async ValueTask<T> WrittenAsync<T>(Func<ValueTask<T>> write, Action<string> isBusy, CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                return await write().ConfigureAwait(false);
            }
            catch (StorageUnavailableException exception) when (exception.Problem == StorageProblem.Busy)
            {
                isBusy(exception.Message);
                await Task.Delay(RetryDelay, cancellation).ConfigureAwait(false);
            }
        }
    }
}
