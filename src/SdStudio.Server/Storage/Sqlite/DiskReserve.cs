namespace SdStudio.Server.Storage.Sqlite;

/// <summary>
/// A file that keeps some room on the disk: on a full one, not even rows can be deleted, because SQLite writes down what it is about to
/// change. It is given up for that, and made again as soon as there is room.
/// </summary>
internal sealed class DiskReserve(string path)
{
    // What deleting a few hundred generations writes.
    private const long Bytes = 2 * 1024 * 1024;

    /// <summary>Makes the file where it is missing and there is room for it.</summary>
    public void Fill()
    {
        if (File.Exists(path))
            return;
        try
        {
            // The whole length at once, or no file.
            using var file = new FileStream(path, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, PreallocationSize = Bytes });
            file.SetLength(Bytes);
        }
        catch (Exception exception) when (exception is IOException || StorageUnavailableException.ProblemOf(exception) != StorageProblem.Other)
        {
            Release();
        }
    }

    /// <summary>Gives the room back.</summary>
    /// <returns>Whether there was some.</returns>
    public bool Release()
    {
        try
        {
            bool isThere = File.Exists(path);
            File.Delete(path);
            return isThere;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
