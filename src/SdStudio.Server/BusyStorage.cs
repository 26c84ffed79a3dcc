namespace SdStudio.Server;

/// <summary>What a database or a disk that is busy costs: time, not a generated image and not a start.</summary>
internal static class BusyStorage
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    /// <summary>Reads or writes, again and again for as long as the storage is busy.</summary>
    /// <param name="work">Does all of it.</param>
    /// <param name="isBusy">Told why, before each wait.</param>
    /// <param name="cancellation">Ends the waiting, not the work.</param>
    /// <exception cref="StorageUnavailableException">It will not become better by waiting.</exception>
    public static async ValueTask<T> RetriedAsync<T>(Func<ValueTask<T>> work, Action<string> isBusy, CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                return await work().ConfigureAwait(false);
            }
            catch (StorageUnavailableException exception) when (exception.Problem == StorageProblem.Busy)
            {
                isBusy(exception.Message);
                await Task.Delay(RetryDelay, cancellation).ConfigureAwait(false);
            }
        }
    }
}
