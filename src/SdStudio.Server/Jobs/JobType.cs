namespace SdStudio.Server.Jobs;

/// <summary>The kinds of jobs, as the REST document has them.</summary>
internal static class JobType
{
    public const string Generate = "generate";
    public const string Edit = "edit";
    public const string Variation = "variation";
    public const string Upscale = "upscale";

    public static readonly string[] All = [Generate, Edit, Variation, Upscale];
}
