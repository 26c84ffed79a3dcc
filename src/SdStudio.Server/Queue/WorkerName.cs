namespace SdStudio.Server.Queue;

/// <summary>Who runs the jobs of this process.</summary>
internal static class WorkerName
{
    /// <summary>No other process ever has this name: jobs that another one left can be told apart from those that this one runs.</summary>
    public static string OfThisProcess { get; } = $"{Environment.MachineName}-{Guid.CreateVersion7()}";
}
