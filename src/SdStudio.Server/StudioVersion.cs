using System.Reflection;

namespace SdStudio.Server;

/// <summary>Which build of SdStudio this is: the tag it was built from, or how many commits after it.</summary>
internal static class StudioVersion
{
    private static readonly string[] Parts =
        (typeof(StudioVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "").Split('+');

    /// <summary>Such as 1.2.3, or 1.2.4-dev.0.17 for a build between two tags.</summary>
    public static string Text { get; } = Parts[0];

    /// <summary>The commit it was built from; empty where that is not known.</summary>
    public static string Commit { get; } = Parts.ElementAtOrDefault(1) ?? "";
}
