using System.Text.RegularExpressions;
using SdCpp.Interop;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Images;

/// <summary>
/// The folder <c>people</c>: people and things that prompts name, a folder each with its images. A name is looked for in the list, never used
/// as a path, unless it is made of letters, digits, spaces, hyphens and underscores.
/// </summary>
internal sealed partial class PeopleFolder(DataFolders folders)
{
    /// <summary>Most people.</summary>
    public const int MaxPeople = 1000;

    /// <summary>Most images of one.</summary>
    public const int MaxImages = 16;

    /// <summary>What a name is made of, for messages.</summary>
    public const string NameWords = "letters, digits, spaces, hyphens and underscores, at most 64 of them";

    private static readonly string[] Extensions = [".png", ".jpg", ".jpeg", ".webp"];
    private readonly Lock _lock = new();

    private string Folder => Path.Combine(folders.Root, "people");

    public IReadOnlyList<string> Names => !Directory.Exists(Folder)
        ? []
        : [.. new DirectoryInfo(Folder).EnumerateDirectories().Select(folder => folder.Name).Where(name => Name().IsMatch(name)).Order(StringComparer.OrdinalIgnoreCase).Take(MaxPeople)];

    public static bool IsName(string name) => Name().IsMatch(name);

    /// <summary>The images of somebody, the oldest first; null when there is nobody of that name.</summary>
    public IReadOnlyList<FileInfo>? Find(string name) => FolderOf(name) is not { } folder
        ? null
        : [.. folder.EnumerateFiles().Where(file => Extensions.Contains(file.Extension, StringComparer.OrdinalIgnoreCase)).OrderBy(file => file.Name, StringComparer.Ordinal).Take(MaxImages)];

    /// <summary>Keeps images of somebody, who is made if there is nobody of that name.</summary>
    /// <returns>Why not, in a sentence; null when they are kept.</returns>
    public string? Add(string name, IReadOnlyList<ImageBuffer> images)
    {
        lock (_lock)
        {
            IReadOnlyList<FileInfo>? there = Find(name);
            if (there is null && Names.Count >= MaxPeople)
                return $"there are {MaxPeople} people, which is the most; delete one first";
            if ((there?.Count ?? 0) + images.Count > MaxImages)
                return $"{name} has {there?.Count ?? 0} images and {images.Count} more were sent; allowed are at most {MaxImages} together";
            string folder = FolderOf(name)?.FullName ?? Path.Combine(Folder, name);
            PrivateFiles.CreateFolder(folder, withFiles: false);
            foreach (ImageBuffer image in images)
                Write(Path.Combine(folder, $"{Guid.CreateVersion7():N}.png"), image);
            return null;
        }
    }

    /// <summary>Removes somebody.</summary>
    public bool Delete(string name)
    {
        if (FolderOf(name) is not { } folder)
            return false;
        folder.Delete(recursive: true);
        return true;
    }

    /// <summary>Removes one image; somebody without images is nobody.</summary>
    public bool Delete(string name, string image)
    {
        if (Find(name)?.FirstOrDefault(file => file.Name == image) is not { } found)
            return false;
        found.Delete();
        if (Find(name) is { Count: 0 })
            Delete(name);
        return true;
    }

    // Complete, or not there.
    private static void Write(string path, ImageBuffer image)
    {
        string temporary = path + ".tmp";
        try
        {
            using (FileStream file = File.Create(temporary))
            {
                file.Write(ImageFiles.Encoded(image, ImageFormats.Png, quality: 0));
                file.Flush(flushToDisk: true);
            }

            File.Move(temporary, path);
        }
        catch when (File.Exists(temporary))
        {
            File.Delete(temporary);
            throw;
        }
    }

    private DirectoryInfo? FolderOf(string name) => Names.FirstOrDefault(known => known.Equals(name.Trim(), StringComparison.OrdinalIgnoreCase)) is { } found
        ? new DirectoryInfo(Path.Combine(Folder, found))
        : null;

    [GeneratedRegex(@"^[\p{L}\p{N}][\p{L}\p{N} _\-]{0,63}\z")]
    private static partial Regex Name();
}
