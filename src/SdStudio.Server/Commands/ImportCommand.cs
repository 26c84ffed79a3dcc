using System.CommandLine;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;

namespace SdStudio.Server.Commands;

/// <summary><c>sdstudio import FOLDER</c>: images that were made elsewhere, or by a server with another data directory, with the settings inside them.</summary>
internal static class ImportCommand
{
    // Well within what a server takes in one request.
    private const long MaxBytesAtOnce = 32_000_000;
    private const int MaxFilesAtOnce = 64;
    private static readonly string[] Extensions = [".png", ".jpg", ".jpeg", ".webp"];

    public static Command Make()
    {
        var folder = new Argument<DirectoryInfo>("folder") { Description = "A folder of images, or the data directory of another server" };
        var board = new Option<string?>("--board") { Description = "The board that they go to" };
        var command = new Command("import", "Takes images into the gallery, with the settings that are inside them; the same image is taken once") { folder, board };
        StudioConnection.SetAction(command, async (studio, parsed, cancellation) =>
        {
            List<FileInfo> files = ImagesIn(parsed.GetValue(folder)!);
            int imported = 0, known = 0;
            foreach (List<FileInfo> group in Groups(files))
            {
                using MultipartFormDataContent form = await FormAsync(group, parsed.GetValue(board), cancellation);
                JsonNode answer = await studio.SendContentAsync(HttpMethod.Post, "api/images/import", form, cancellation);
                imported += (int)answer["imported"]!;
                known += (int)answer["known"]!;
                foreach (JsonNode? problem in answer["problems"]!.AsArray())
                    await Console.Error.WriteLineAsync(Problem(problem!, group));
            }

            Console.WriteLine($"{imported} images imported, {known} were there already, {files.Count - imported - known} could not be read");
        });
        return command;
    }

    // The server counts the files of a request.
    private static string Problem(JsonNode problem, List<FileInfo> group) =>
        int.TryParse(((string)problem["file"]!)["file ".Length..], out int number) && number <= group.Count
            ? $"{group[number - 1].FullName}: {(string?)problem["problem"]}" : $"{(string?)problem["file"]}: {(string?)problem["problem"]}";

    private static List<FileInfo> ImagesIn(DirectoryInfo folder)
    {
        if (!folder.Exists)
            throw new CommandException($"There is no folder {folder.FullName}");
        // Of a data directory its images only: neither inputs nor thumbnails.
        string images = Path.Combine(folder.FullName, "images");
        string from = File.Exists(Path.Combine(folder.FullName, "sdstudio.db")) && Directory.Exists(images) ? images : folder.FullName;
        var options = new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true };
        // The oldest first: they are listed in the order in which they were made.
        return [.. Directory.EnumerateFiles(from, "*", options).Where(file => Extensions.Contains(Path.GetExtension(file).ToLowerInvariant()))
            .Select(file => new FileInfo(file)).OrderBy(file => file.LastWriteTimeUtc).ThenBy(file => file.FullName, StringComparer.Ordinal)];
    }

    private static IEnumerable<List<FileInfo>> Groups(List<FileInfo> files)
    {
        List<FileInfo> group = [];
        long bytes = 0;
        foreach (FileInfo file in files)
        {
            if (group.Count == MaxFilesAtOnce || (group.Count > 0 && bytes + file.Length > MaxBytesAtOnce))
            {
                yield return group;
                (group, bytes) = ([], 0);
            }

            group.Add(file);
            bytes += file.Length;
        }

        if (group.Count > 0)
            yield return group;
    }

    private static async Task<MultipartFormDataContent> FormAsync(List<FileInfo> group, string? board, CancellationToken cancellation)
    {
        var form = new MultipartFormDataContent();
        if (board is not null)
            form.Add(new StringContent(board), "board");
        foreach (FileInfo file in group)
        {
            var content = new ByteArrayContent(await File.ReadAllBytesAsync(file.FullName, cancellation));
            content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
            form.Add(content, "image", file.Name);
        }

        return form;
    }
}
