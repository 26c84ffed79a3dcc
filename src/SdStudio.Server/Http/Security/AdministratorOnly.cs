namespace SdStudio.Server.Http.Security;

/// <summary>Marks what concerns everybody: the queue as a whole, models in memory, the log. Named keys may not.</summary>
internal sealed class AdministratorOnly
{
    public static AdministratorOnly Instance { get; } = new();
}
