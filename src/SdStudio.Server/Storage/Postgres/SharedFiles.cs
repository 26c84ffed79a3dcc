using System.Security.Cryptography;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Storage.Postgres;

/// <summary>The files of a data directory that all machines of a studio have: people, wildcards, styles and the shared settings.</summary>
/// <param name="root">The data directory.</param>
internal sealed class SharedFiles(string root)
{
    /// <summary>Settings that every machine reads at its start.</summary>
    public const string Settings = "settings.json";

    /// <summary>Larger ones stay with their machine.</summary>
    public const long MaxBytes = 32 * 1024 * 1024;

    private static readonly string[] Folders = ["people", "wildcards"];
    private static readonly string[] Single = ["styles.csv", Settings];
    private static readonly string[] Extensions = [".png", ".jpg", ".jpeg", ".webp", ".txt", ".yaml", ".yml"];
    private static readonly EnumerationOptions All = new()
    {
        RecurseSubdirectories = true, IgnoreInaccessible = true, AttributesToSkip = FileAttributes.Hidden | FileAttributes.ReparsePoint, MaxRecursionDepth = 8,
    };

    private readonly Dictionary<string, (long Length, DateTime Changed, string Sha256)> _hashes = new(StringComparer.Ordinal);

    /// <summary>What there is, by its name with slashes, with the SHA-256 of its content.</summary>
    public Dictionary<string, string> Scan()
    {
        var found = new Dictionary<string, string>(StringComparer.Ordinal);
        IEnumerable<FileInfo> files = Folders.Select(folder => new DirectoryInfo(Path.Combine(root, folder))).Where(folder => folder.Exists)
            .SelectMany(folder => folder.EnumerateFiles("*", All)).Where(file => Extensions.Contains(file.Extension, StringComparer.OrdinalIgnoreCase))
            .Concat(Single.Select(name => new FileInfo(Path.Combine(root, name))).Where(file => file.Exists));
        foreach (FileInfo file in files.Where(file => file.Length <= MaxBytes))
        {
            string name = Path.GetRelativePath(root, file.FullName).Replace(Path.DirectorySeparatorChar, '/');
            if (HashOf(name, file) is { } hash)
                found[name] = hash;
        }

        return found;
    }

    /// <summary>Whether a file that is not there was deleted. A folder that is gone as a whole is a mount that failed.</summary>
    public bool IsDeleted(string name) => !name.Contains('/', StringComparison.Ordinal) || Directory.Exists(Path.Combine(root, name[..name.IndexOf('/', StringComparison.Ordinal)]));

    /// <summary>The content of a file; null when it is gone.</summary>
    public async Task<byte[]?> ReadAsync(string name, CancellationToken cancellation)
    {
        try
        {
            return await File.ReadAllBytesAsync(PathOf(name), cancellation).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Writes a file, complete or not at all.</summary>
    public async Task WriteAsync(string name, byte[] data, CancellationToken cancellation)
    {
        string path = PathOf(name), temporary = path + ".tmp";
        PrivateFiles.CreateFolder(Path.GetDirectoryName(path)!, withFiles: false);
        await File.WriteAllBytesAsync(temporary, data, cancellation).ConfigureAwait(false);
        File.Move(temporary, path, overwrite: true);
    }

    public void Delete(string name)
    {
        string path = PathOf(name);
        File.Delete(path);
        DirectoryInfo folder = new FileInfo(path).Directory!;
        // Somebody without images is nobody.
        if (folder.FullName != root && folder.Parent!.FullName != root && !folder.EnumerateFileSystemInfos().Any())
            folder.Delete();
    }

    /// <summary>Leaves a file that a machine brings along under another name, where nobody reads it: the studio's own has its place.</summary>
    public void SetAside(string name) => File.Move(PathOf(name), PathOf(name) + ".before", overwrite: true);

    private string? HashOf(string name, FileInfo file)
    {
        if (_hashes.TryGetValue(name, out (long Length, DateTime Changed, string Sha256) known) && (known.Length, known.Changed) == (file.Length, file.LastWriteTimeUtc))
            return known.Sha256;
        try
        {
            using FileStream content = file.OpenRead();
            string hash = Convert.ToHexStringLower(SHA256.HashData(content));
            _hashes[name] = (file.Length, file.LastWriteTimeUtc, hash);
            return hash;
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            // It was deleted meanwhile.
            return null;
        }
    }

    // Names come from other machines: none leads out of where such files lie.
    private string PathOf(string name)
    {
        string path = Path.GetFullPath(Path.Combine(root, name));
        return Single.Contains(name) || Folders.Any(folder => path.StartsWith(Path.Combine(root, folder) + Path.DirectorySeparatorChar, StringComparison.Ordinal))
            ? path
            : throw new ArgumentException($"'{name}' is no name of a shared file", nameof(name));
    }
}
