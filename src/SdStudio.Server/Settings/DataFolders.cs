using Microsoft.Extensions.Options;

namespace SdStudio.Server.Settings;

/// <summary>Where things are under the data directory, which belongs to one server at a time.</summary>
internal sealed class DataFolders : IDisposable
{
    // What the system says of a file that another process has locked.
    private const int LinuxWouldBlock = 11;
    private const int MacWouldBlock = 35;
    private const int WindowsSharingViolation = unchecked((int)0x80070020);

    private readonly FileStream _lock;

    public DataFolders(IOptions<StudioOptions> options)
    {
        Root = Path.GetFullPath(options.Value.DataDirectory);
        Files = options.Value.Images.Directory.Length == 0 ? Root : Path.GetFullPath(options.Value.Images.Directory);
        FilesAreShared = options.Value.Images.Directory.Length > 0 && options.Value.Database.Length > 0;
        PrivateFiles.Begin();
        PrivateFiles.CreateFolder(Root, withFiles: true);
        foreach (string folder in new[] { Images, Inputs, Thumbnails })
            PrivateFiles.CreateFolder(folder, withFiles: !FilesAreShared);
        // Models may be shared with other programs.
        Directory.CreateDirectory(Models);
        Directory.CreateDirectory(Loras);
        _lock = Lock();
        // Only the last process can have left anything there.
        if (Directory.Exists(Unfinished))
            Directory.Delete(Unfinished, recursive: true);
        Scratch = Path.Combine(Unfinished, Guid.NewGuid().ToString("N"));
        PrivateFiles.CreateFolder(Unfinished, withFiles: false);
        PrivateFiles.CreateFolder(Scratch, withFiles: false);
        PrivateFiles.Create(Database);
    }

    public string Root { get; }

    /// <summary>Where images, input images and thumbnails are, and those that were kept.</summary>
    public string Files { get; }

    /// <summary>Whether other machines have them there too.</summary>
    public bool FilesAreShared { get; }

    /// <summary>
    /// For files that are on their way to be others. It is this process's own, and empty after its start: a program that outlived the last one finds
    /// no folder to write into.
    /// </summary>
    public string Scratch { get; }

    private string Unfinished => Path.Combine(Root, "unfinished");

    public string Images => Path.Combine(Files, "images");

    /// <summary>Input images and masks, by the id of their job.</summary>
    public string Inputs => Path.Combine(Files, "inputs");

    public string Thumbnails => Path.Combine(Files, "thumbnails");

    public string Loras => Path.Combine(Root, "loras");

    public string Logs => Path.Combine(Root, "logs.db");

    public string Models => Path.Combine(Root, "models");

    public string Database => Path.Combine(Root, "sdstudio.db");

    public string Catalogue => Path.Combine(Root, "models.yml");

    public string CrashFile => Path.Combine(Root, "crash.log");

    public void Dispose() => _lock.Dispose();

    // A second server would take the first one's running jobs for those of a crash. The system frees the lock when a process dies.
    private FileStream Lock()
    {
        try
        {
            return new FileStream(Path.Combine(Root, "sdstudio.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException exception) when (exception.HResult is LinuxWouldBlock or MacWouldBlock or WindowsSharingViolation)
        {
            throw new CannotStartException(
                $"The data directory {Root} is in use by another SdStudio; stop that one, or set SdStudio__DataDirectory to another folder.", exception);
        }
    }
}
