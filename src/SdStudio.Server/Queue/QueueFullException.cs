namespace SdStudio.Server.Queue;

/// <summary>As many jobs wait as may.</summary>
internal sealed class QueueFullException(int maxWaiting) : Exception($"The queue is full: {maxWaiting} jobs are waiting. Try again when some of them are done");
