namespace SdStudio.Server.Queue;

/// <summary>How the deletion of an image went.</summary>
/// <param name="Image">The image; null when there is none.</param>
/// <param name="IsRunning">Whether its job still runs or waits, so that it stays.</param>
/// <param name="Job">Its job, when it was the last image and the job went with it.</param>
/// <param name="Owner">Whose it was.</param>
internal sealed record DeletedImage(JobImage? Image, bool IsRunning, DeletedJob? Job, string Owner = "");
