namespace SdStudio.Server.Events;

/// <summary>The channels that clients subscribe to.</summary>
internal static class EventChannel
{
    public const string Queue = "queue";
    public const string Generations = "generations";
    public const string Models = "models";

    /// <summary>Pictures as they grow; apart, because they are large.</summary>
    public const string Previews = "previews";

    public static readonly string[] All = [Queue, Generations, Models, Previews];
}
