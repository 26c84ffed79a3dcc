using NetVips;
using SdCpp.Interop;
using SdStudio.Server.Images;
using SdStudio.Server.Models.Catalogue;
using SdStudio.Server.Queue;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Workers;

/// <summary>Why a job failed, in words for its owner.</summary>
internal sealed class FailureReasons(ModelCatalogue catalogue, DataFolders folders)
{
    public JobFailure Of(Exception exception, RunningJob running) => new(
        MessageOf(exception, running.Job),
        exception is StorageUnavailableException { Problem: StorageProblem.Full } ? JobFailure.DiskFull : ((exception as SdException)?.Code ?? SdError.Internal).ToString(),
        running.Progress.Fraction);

    private string MessageOf(Exception exception, Job job) => exception switch
    {
        SdException => WithoutServerPaths(exception.Message, job),
        StorageUnavailableException { Problem: StorageProblem.Full } => "The image could not be written: the disk is full. Free some space and try again",
        StorageUnavailableException { Problem: StorageProblem.Refused } => "The database does not accept the image's settings; the server's log says why",
        StorageUnavailableException => "The image could not be written to disk: is the data directory read-only?",
        FileNotFoundException or DirectoryNotFoundException when job.Settings.InputImage is not null =>
            "The image could not be written to disk, or the job's input image is gone: is the disk full or was the data directory changed?",
        IOException or UnauthorizedAccessException or VipsException =>
            "The image could not be written to disk: is the disk full or the data directory read-only?",
        ImageFormatException => exception.Message,
        _ => "Internal error; the server's log says more.",
    };

    // The binding names files by their full path, which is right for a library and not for an answer over HTTP.
    private string WithoutServerPaths(string message, Job job)
    {
        foreach (ModelFileEntry file in catalogue.Find(job.Settings.Model)?.Files ?? [])
            message = message.Replace(file.FullPath, Path.GetFileName(file.FullPath), StringComparison.Ordinal);
        return message.Replace(folders.Root + Path.DirectorySeparatorChar, "", StringComparison.Ordinal);
    }
}
