using SdStudio.Server.Settings;

namespace SdStudio.Server.Images;

/// <summary>Files in a folder: of the data directory, or on a mount that several machines share.</summary>
internal sealed class FolderBlobs : IBlobStore
{
    /// <summary>Of the first level.</summary>
    public static readonly string[] Folders = ["images", "inputs", "thumbnails"];

    private const string TemporaryExtension = ".tmp";

    // Where other machines write too, no file takes longer.
    private static readonly TimeSpan LongestWrite = TimeSpan.FromDays(1);
    private readonly string _root;

    public FolderBlobs(DataFolders folders)
        : this(folders.Files, folders.FilesAreShared)
    {
    }

    /// <param name="root">The folder that names are relative to.</param>
    /// <param name="isShared">Whether other machines write into it too.</param>
    public FolderBlobs(string root, bool isShared = false)
    {
        (_root, IsShared) = (root, isShared);
        foreach (string folder in Folders.Select(name => Path.Combine(root, name)))
        {
            Directory.CreateDirectory(folder);
            // Only the last process can have left these: the data directory is locked.
            foreach (FileInfo leftover in new DirectoryInfo(folder).EnumerateFiles("*" + TemporaryExtension, SearchOption.AllDirectories)
                .Where(file => !isShared || file.LastWriteTimeUtc < DateTime.UtcNow - LongestWrite))
                leftover.Delete();
        }
    }

    public bool IsShared { get; }

    public async ValueTask PutAsync(string name, Action<Stream> write, CancellationToken cancellation) => await PutAsync(
        name,
        file =>
        {
            write(file);
            return ValueTask.FromResult(true);
        },
        cancellation).ConfigureAwait(false);

    /// <summary>The same for what comes bit by bit.</summary>
    /// <param name="name">The file's.</param>
    /// <param name="write">Writes it; false when it cannot be had whole, and there is no file then.</param>
    /// <param name="cancellation">Ends the call before it begins.</param>
    public async ValueTask<bool> PutAsync(string name, Func<Stream, ValueTask<bool>> write, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        string path = PathOf(name);
        // Two who make the same file at once must not write into each other's.
        string temporary = $"{path}.{Guid.NewGuid():N}{TemporaryExtension}";
        Exception? problem = null;
        try
        {
            bool isWhole;
            await using (FileStream file = Create(temporary))
            {
                // libvips says no more than that it could not write: why is heard here.
                await using var heard = new WriteErrors(file, error => problem = error);
                isWhole = await write(heard).ConfigureAwait(false);
                heard.Flush();
                file.Flush(flushToDisk: true);
            }

            if (isWhole)
                File.Move(temporary, path, overwrite: true);
            else
                File.Delete(temporary);
            return isWhole;
        }
        catch (Exception exception)
        {
            // On a full disk the half file must not be what keeps it full.
            if (File.Exists(temporary))
                File.Delete(temporary);
            problem ??= exception;
            StorageProblem known = StorageUnavailableException.ProblemOf(problem);
            if (known != StorageProblem.Other)
                throw new StorageUnavailableException(known, $"{Path.GetFileName(path)} could not be written: {problem.Message}", problem);
            throw;
        }
    }

    public ValueTask<string?> FindAsync(string name, CancellationToken cancellation) => ValueTask.FromResult(PathOf(name) is var path && File.Exists(path) ? path : null);

    public ValueTask<bool> MoveAsync(string name, string to, CancellationToken cancellation)
    {
        (string from, string target) = (PathOf(name), PathOf(to));
        if (!File.Exists(from))
            return ValueTask.FromResult(false);
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        File.Move(from, target, overwrite: true);
        return ValueTask.FromResult(true);
    }

    public ValueTask DeleteAsync(string name, CancellationToken cancellation)
    {
        try
        {
            string path = PathOf(name);
            File.Delete(path);
            // The folders of the first level stay; those below hold a few files each and would be left over in thousands.
            DirectoryInfo folder = new FileInfo(path).Directory!;
            if (folder.Parent!.FullName != _root && !folder.EnumerateFileSystemInfos().Any())
                folder.Delete();
        }
        catch (DirectoryNotFoundException)
        {
            // The folder is gone, and the file with it.
        }
        catch (IOException) when (!File.Exists(PathOf(name)))
        {
            // Somebody writes another file into the folder.
        }

        return ValueTask.CompletedTask;
    }

    public IAsyncEnumerable<(string Name, DateTime Written)> ListAsync(string folder, CancellationToken cancellation)
    {
        var directory = new DirectoryInfo(PathOf(folder));
        return (!directory.Exists ? [] : directory.EnumerateFiles("*", SearchOption.AllDirectories)
            .Where(file => file.Extension != TemporaryExtension)
            .Select(file => (Path.GetRelativePath(_root, file.FullName).Replace(Path.DirectorySeparatorChar, '/'), file.LastWriteTimeUtc))).ToAsyncEnumerable();
    }

    private static FileStream Create(string path)
    {
        for (int attempt = 1; ; attempt++)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            try
            {
                return new FileStream(path, FileMode.Create, FileAccess.Write);
            }
            catch (Exception exception) when (exception is DirectoryNotFoundException or FileNotFoundException && attempt < 10)
            {
                // It was empty, and whoever took the last file out removed it just now; somebody else may have made it again since.
            }
        }
    }

    // Names come from rows of the database, which nobody but this server writes: one that leads elsewhere is a fault to be seen.
    private string PathOf(string name)
    {
        string path = Path.GetFullPath(Path.Combine(_root, name));
        return name.Length > 0 && path.StartsWith(_root + Path.DirectorySeparatorChar, StringComparison.Ordinal)
            ? path
            : throw new ArgumentException($"'{name}' is no name of a file of the data directory", nameof(name));
    }
}
