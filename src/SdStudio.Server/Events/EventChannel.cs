namespace SdStudio.Server.Events;

/// <summary>The channels that clients subscribe to.</summary>
internal static class EventChannel
{
    public const string Queue = "queue";
    public const string Generations = "generations";
    public const string Models = "models";

    /// <summary>Live previews; a channel of their own because they are large.</summary>
    public const string Previews = "previews";

    public static readonly string[] All = [Queue, Generations, Models, Previews];
}
