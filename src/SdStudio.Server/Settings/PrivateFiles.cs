using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace SdStudio.Server.Settings;

/// <summary>Keeps prompts, images and keys from other users of the machine: folders are 0700, files 0600. On Windows the user's folder does that.</summary>
internal static class PrivateFiles
{
    private const UnixFileMode ForFiles = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode ForFolders = ForFiles | UnixFileMode.UserExecute;
    private const uint NobodyElse = 0b000_111_111;

    /// <summary>From here on, whatever the process creates is its user's only: the native engine's files and SQLite's own among them.</summary>
    public static void Begin()
    {
        if (!OperatingSystem.IsWindows())
            _ = SetMask(NobodyElse);
    }

    /// <summary>Makes a folder, or closes one that an earlier version left open.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="withFiles">Whether its files are closed too; they are looked at once, when the folder was open.</param>
    public static void CreateFolder(string path, bool withFiles)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
            return;
        }

        Directory.CreateDirectory(path, ForFolders);
        // A link leads to a folder that somebody else looks after.
        if (new DirectoryInfo(path).LinkTarget is not null || File.GetUnixFileMode(path) == ForFolders)
            return;
        Close(path, ForFolders);
        foreach (string file in withFiles ? Directory.EnumerateFiles(path) : [])
        {
            if (new FileInfo(file).LinkTarget is null)
                Close(file, ForFiles);
        }
    }

    /// <summary>Makes an empty file that only this user can read, unless there is one. SQLite gives its companions the same rights.</summary>
    public static void Create(string path)
    {
        if (OperatingSystem.IsWindows() || Path.Exists(path))
            return;
        using FileStream made = new(path, new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, UnixCreateMode = ForFiles });
    }

    [UnsupportedOSPlatform("windows")]
    private static void Close(string path, UnixFileMode mode)
    {
        try
        {
            File.SetUnixFileMode(path, mode);
        }
        catch (UnauthorizedAccessException)
        {
            // It is another user's, who decides who may read it; what is written from here on is closed.
        }
    }

    [DllImport("libc", EntryPoint = "umask")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static extern uint SetMask(uint mask);
}
