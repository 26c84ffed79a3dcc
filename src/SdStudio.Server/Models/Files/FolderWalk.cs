namespace SdStudio.Server.Models.Files;

/// <summary>
/// Lists the files of a folder and of those in it. Whatever cannot be read is passed over, hidden files are those of other programs, and a
/// folder that is reached twice, by links that lead in a circle too, is listed once.
/// </summary>
internal static class FolderWalk
{
    private const int MaxDepth = 16;
    private const int MaxFiles = 100_000;

    /// <summary>Full paths, in the order of their names.</summary>
    public static IEnumerable<string> Files(string folder, Func<string, bool> isWanted)
    {
        HashSet<string> seen = new(StringComparer.Ordinal);
        return Files(folder, depth: 0, seen).Where(isWanted).Take(MaxFiles).Order(StringComparer.Ordinal);
    }

    private static IEnumerable<string> Files(string folder, int depth, HashSet<string> seen)
    {
        if (depth > MaxDepth || RealPath(folder) is not { } real || !seen.Add(real))
            yield break;
        foreach (string file in Entries(() => Directory.EnumerateFiles(folder)))
            yield return file;
        foreach (string inner in Entries(() => Directory.EnumerateDirectories(folder)))
        {
            foreach (string file in Files(inner, depth + 1, seen))
                yield return file;
        }
    }

    private static List<string> Entries(Func<IEnumerable<string>> list)
    {
        try
        {
            return [.. list().Where(path => Path.GetFileName(path)[0] != '.').Order(StringComparer.Ordinal)];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private static string? RealPath(string folder)
    {
        try
        {
            return Directory.ResolveLinkTarget(folder, returnFinalTarget: true)?.FullName ?? Path.GetFullPath(folder);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
