namespace SdStudio.Server.Jobs;

/// <summary>The words for where a job is, as the REST document has them.</summary>
internal static class JobStatus
{
    public const string Pending = "pending";
    public const string Processing = "processing";
    public const string Completed = "completed";
    public const string Failed = "failed";
}
