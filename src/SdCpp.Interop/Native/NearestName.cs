namespace SdCpp.Interop.Native;

/// <summary>What somebody may have meant by a name that is not known.</summary>
internal static class NearestName
{
    private const int LongestName = 64;

    /// <summary>The name that needs the fewest changed letters, if that is less than half of them; null for none.</summary>
    public static string? Of(string written, IEnumerable<string> names)
    {
        if (written.Length is 0 or > LongestName)
            return null;
        (string? nearest, int least) = (null, (written.Length + 1) / 2);
        foreach (string name in names.Where(name => name.Length <= LongestName))
        {
            int distance = Distance(written.ToLowerInvariant(), name.ToLowerInvariant());
            if (distance < least)
                (nearest, least) = (name, distance);
        }

        return nearest;
    }

    /// <summary>What somebody wrote, cut for a message.</summary>
    public static string Shown(string written) => written.Length > LongestName ? written[..LongestName] + "…" : written;

    // Levenshtein's.
    private static int Distance(string from, string to)
    {
        int[] row = [.. Enumerable.Range(0, to.Length + 1)];
        for (int i = 1; i <= from.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= to.Length; j++)
            {
                int above = row[j];
                row[j] = Math.Min(Math.Min(row[j] + 1, row[j - 1] + 1), diagonal + (from[i - 1] == to[j - 1] ? 0 : 1));
                diagonal = above;
            }
        }

        return row[^1];
    }
}
