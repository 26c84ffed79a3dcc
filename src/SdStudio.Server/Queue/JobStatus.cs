namespace SdStudio.Server.Queue;

/// <summary>The words for where a job is, as the REST document has them.</summary>
internal static class JobStatus
{
    public const string Pending = "pending";
    public const string Processing = "processing";
    public const string Completed = "completed";
    public const string Failed = "failed";
    public const string Cancelled = "cancelled";

    public static readonly string[] All = [Pending, Processing, Completed, Failed, Cancelled];

    /// <summary>Whether nothing more happens to such a job by itself.</summary>
    public static bool IsFinal(string status) => status is Completed or Failed or Cancelled;
}
