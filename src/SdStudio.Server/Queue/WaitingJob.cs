namespace SdStudio.Server.Queue;

/// <summary>What the scheduler looks at.</summary>
internal sealed record WaitingJob(long Number, string Id, string Owner, int Priority, string Model, long QueuedAt)
{
    public string Type { get; init; } = "";

    /// <summary>Of a job that upscales.</summary>
    public string? Upscaler { get; init; }

    /// <summary>The model of the second pass, where it is another one.</summary>
    public string? SecondModel { get; init; }

    /// <summary>The beginning of its model file's SHA-256, where machines share a database and it was known; null for whatever file has the name.</summary>
    public string? ModelHash { get; init; }

    /// <summary>Whether somebody put it where it is.</summary>
    public Placement Placement { get; init; }

    /// <summary>A job that was just put into the queue.</summary>
    public static WaitingJob Of(Job job) => new(job.Number, job.Id, job.Owner, job.Priority, job.Settings.Model, job.QueuedAt)
    {
        Type = job.Settings.Type, Upscaler = job.Settings.Upscaler, SecondModel = job.Settings.Hires?.Model,
    };
}

/// <summary>How a job came to its place in line.</summary>
internal enum Placement
{
    /// <summary>In its turn.</summary>
    Own = 0,

    /// <summary>It was put directly before the job behind it.</summary>
    BeforeNext = 1,

    /// <summary>It was put directly after the job in front of it.</summary>
    AfterPrevious = 2,
}
