using System.Collections.Concurrent;
using System.Text.Json;
using SdCpp.Interop;
using SdStudio.Server.Events;
using SdStudio.Server.Models.Catalogue;

namespace SdStudio.Server.Models.Downloads;

/// <summary>Downloads the files of models; what a stop or a crash interrupted is resumed after the next start.</summary>
internal sealed partial class ModelDownloads(
    ModelCatalogue catalogue, Hub hub, FileDownload files, IDownloadStore store, IEventLog events, TimeProvider time, ILogger<ModelDownloads> logger) : BackgroundService
{
    private const long Spare = 256L * 1024 * 1024;
    private const int AtOnce = 2;
    private static readonly TimeSpan TellEvery = TimeSpan.FromMilliseconds(500);
    private readonly ConcurrentDictionary<string, ModelDownload> _running = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, SemaphoreSlim> _targets = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _turns = new(AtOnce);
    private readonly SemaphoreSlim _starting = new(1, 1);
    private readonly CancellationTokenSource _stop = new();

    /// <summary>Begins to download what a model or an upscaler lacks; a second call for one that is being downloaded is the same download.</summary>
    /// <returns>The download's id.</returns>
    public async Task<string> StartAsync(string model, CancellationToken cancellation)
    {
        await _starting.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            if (_running.Values.FirstOrDefault(running => running.Model == model && !running.IsCancelled) is { } same)
                return same.Id;
            var download = new ModelDownload(Guid.CreateVersion7(time.GetUtcNow()).ToString(), model, time);
            await store.AddAsync(download.Id, model, cancellation).ConfigureAwait(false);
            Begin(download);
            return download.Id;
        }
        finally
        {
            _starting.Release();
        }
    }

    /// <summary>The downloads that run, oldest first.</summary>
    public IEnumerable<(DownloadRow Row, ModelDownload? Running)> Running =>
        _running.Values.OrderBy(running => running.Id, StringComparer.Ordinal).Select(running => (running.ToRow(running.Status), (ModelDownload?)running));

    /// <summary>A download as it is now; null when there never was one.</summary>
    public async ValueTask<(DownloadRow Row, ModelDownload? Running)?> FindAsync(string id, CancellationToken cancellation)
    {
        if (_running.TryGetValue(id, out ModelDownload? running))
            return (running.ToRow(running.Status), running);
        return await store.FindAsync(id, cancellation).ConfigureAwait(false) is { } row ? (row, null) : null;
    }

    /// <summary>Ends a download and deletes what it has of files that are not whole.</summary>
    /// <returns>Whether it was running.</returns>
    public bool Cancel(string id) => _running.TryGetValue(id, out ModelDownload? download) && download.Cancel();

    public override void Dispose()
    {
        _stop.Dispose();
        _turns.Dispose();
        _starting.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        foreach (DownloadRow row in await BusyStorage.RetriedAsync(() => store.UnfinishedAsync(stoppingToken), LogBusy, stoppingToken).ConfigureAwait(false))
        {
            LogGoesOn(row.Model);
            Begin(new ModelDownload(row.Id, row.Model, time));
        }

        using var timer = new PeriodicTimer(TellEvery, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false))
            {
                foreach (ModelDownload download in _running.Values.Where(running => !running.IsCancelled))
                {
                    download.Measure();
                    Tell("download_progress", download.ToRow("downloading"), download);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The next start takes up the same files: this one lets go of them first.
            List<Task> work = [.. _running.Values.Select(download => download.Work)];
            await _stop.CancelAsync().ConfigureAwait(false);
            await Task.WhenAll(work).ConfigureAwait(false);
        }
    }

    private void Begin(ModelDownload download)
    {
        _running[download.Id] = download;
        download.Work = Task.Run(() => RunAsync(download), CancellationToken.None);
    }

    private async Task RunAsync(ModelDownload download)
    {
        DownloadRow? end;
        using (var either = CancellationTokenSource.CreateLinkedTokenSource(download.Cancelled, _stop.Token))
            end = await EndingOfAsync(download, either.Token).ConfigureAwait(false);
        if (end is not null)
            await SaveAsync(end).ConfigureAwait(false);
        _running.TryRemove(download.Id, out _);
        // The last one counts for those too who come back later.
        if (end is not null)
            events.Publish(EventChannel.Models, $"download_{end.Status}", owner: null, DataOf(end, running: null));
        download.Dispose();
    }

    // Null when the server stops: then it is not ended.
    private async Task<DownloadRow?> EndingOfAsync(ModelDownload download, CancellationToken cancellation)
    {
        try
        {
            await _turns.WaitAsync(cancellation).ConfigureAwait(false);
            try
            {
                await FetchAsync(download, cancellation).ConfigureAwait(false);
            }
            finally
            {
                _turns.Release();
            }

            catalogue.Added();
            LogDone(download.Model, download.TotalBytes);
            return download.ToRow("completed", UnverifiedNote(download));
        }
        catch (OperationCanceledException) when (download.Cancelled.IsCancellationRequested)
        {
            DeleteParts(download.Model);
            return download.ToRow("cancelled");
        }
        catch (OperationCanceledException)
        {
            return null;
        }
        catch (Exception exception)
        {
            LogFailed(exception is SdException ? null : exception, download.Model, exception.Message);
            return download.ToRow("failed", exception switch
            {
                SdException => exception.Message,
                _ when exception is IOException || StorageUnavailableException.ProblemOf(exception) != StorageProblem.Other =>
                    "The file cannot be written: is the disk full or the folder read-only?",
                _ => "Internal error; the server's log says more",
            });
        }
    }

    private async Task FetchAsync(ModelDownload download, CancellationToken cancellation)
    {
        IReadOnlyList<HubEntry> entries = catalogue.HubFilesOf(download.Model)
            ?? throw new SdException(SdError.InvalidArgument, $"Model {download.Model} is no longer in the catalogue");
        List<HubFile> stated = [];
        foreach (HubEntry entry in entries.Where(entry => !File.Exists(entry.FullPath)))
            stated.Add(await hub.LookAsync(entry, cancellation).ConfigureAwait(false));
        download.TotalBytes = stated.Sum(file => file.Bytes);
        ThrowIfNoRoom(stated);
        foreach (HubFile file in stated)
        {
            download.CurrentFile = file.Entry.Written;
            SemaphoreSlim target = _targets.GetOrAdd(file.Entry.FullPath, _ => new SemaphoreSlim(1));
            // Two models that share a file fetch it once.
            await target.WaitAsync(cancellation).ConfigureAwait(false);
            try
            {
                if (File.Exists(file.Entry.FullPath))
                {
                    download.Add(file.Bytes);
                    continue;
                }

                download.Add(PartFile.BytesOf(file));
                if (!await files.FetchAsync(file, count => download.Add(count), cancellation).ConfigureAwait(false))
                    download.Unverified.Add(file.Entry.Written);
            }
            finally
            {
                target.Release();
            }
        }
    }

    // Checked before the first byte: a full disk hurts more than a missing model.
    private static void ThrowIfNoRoom(List<HubFile> stated)
    {
        foreach (IGrouping<string, HubFile> drive in stated.GroupBy(file => DriveOf(file.Entry.FullPath), StringComparer.Ordinal))
        {
            long needed = drive.Sum(file => file.Bytes - PartFile.BytesOf(file));
            long free = new DriveInfo(drive.Key).AvailableFreeSpace;
            if (needed + Spare > free)
            {
                throw new SdException(
                    SdError.Internal, $"The download needs {needed >> 20} MiB and {free >> 20} MiB are free on the disk, of which {Spare >> 20} MiB stay free; nothing was downloaded");
            }
        }
    }

    // The nearest folder that is there: it may be the mount of another disk.
    private static string DriveOf(string path)
    {
        string? folder = Path.GetDirectoryName(path);
        while (folder is not null && !Directory.Exists(folder))
            folder = Path.GetDirectoryName(folder);
        return DriveInfo.GetDrives().Select(drive => drive.Name).Where(name => (folder + Path.DirectorySeparatorChar).StartsWith(
            name.EndsWith(Path.DirectorySeparatorChar) ? name : name + Path.DirectorySeparatorChar, StringComparison.Ordinal)).MaxBy(name => name.Length) ?? folder ?? path;
    }

    private void DeleteParts(string model)
    {
        foreach (HubEntry entry in catalogue.HubFilesOf(model) ?? [])
        {
            // Not those that another download is just fetching.
            if (_targets.TryGetValue(entry.FullPath, out SemaphoreSlim? target) && !target.Wait(0))
                continue;
            try
            {
                PartFile.Delete(entry.FullPath);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                LogFailed(exception, model, exception.Message);
            }

            target?.Release();
        }
    }

    private async Task SaveAsync(DownloadRow row)
    {
        try
        {
            await store.SaveAsync(row, CancellationToken.None).ConfigureAwait(false);
        }
        catch (StorageUnavailableException exception)
        {
            // It stays unfinished in the database: the next start finds its files there and ends it.
            LogFailed(exception, row.Model, exception.Message);
        }
    }

    private void Tell(string type, DownloadRow row, ModelDownload? running) => events.PublishLatest(EventChannel.Models, type, row.Id, owner: null, DataOf(row, running));

    private static byte[] DataOf(DownloadRow row, ModelDownload? running) =>
        JsonSerializer.SerializeToUtf8Bytes(DownloadView.Of(row, running), DownloadJson.Default.DownloadView);

    private string? UnverifiedNote(ModelDownload download)
    {
        if (download.Unverified.Count == 0)
            return null;
        string note = $"Not verified, the hub states no hash: {string.Join(", ", download.Unverified)}";
        LogUnverified(download.Model, note);
        return note;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Downloaded model {Model} ({Bytes} bytes)")]
    private partial void LogDone(string model, long bytes);

    [LoggerMessage(Level = LogLevel.Information, Message = "Resuming the interrupted download of model {Model}")]
    private partial void LogGoesOn(string model);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Interrupted downloads are not resumed yet: {Reason}")]
    private partial void LogBusy(string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Model {Model}: {Note}")]
    private partial void LogUnverified(string model, string note);

    [LoggerMessage(Level = LogLevel.Error, Message = "Could not download model {Model}: {Reason}")]
    private partial void LogFailed(Exception? exception, string model, string reason);
}
