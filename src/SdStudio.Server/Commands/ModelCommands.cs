using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;

namespace SdStudio.Server.Commands;

/// <summary><c>sdstudio models list|pull|add|remove</c>.</summary>
internal static class ModelCommands
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(500);

    public static Command Make() => new("models", "Lists, downloads, adds and removes models") { List(), Pull(), Add(), Remove() };

    private static Command List()
    {
        var command = new Command("list", "Every model of the catalogue, and whether it can be used");
        StudioConnection.SetAction(command, async (studio, _, cancellation) =>
        {
            JsonNode answer = await studio.GetAsync("api/models", cancellation);
            foreach (JsonNode? model in answer["models"]!.AsArray())
            {
                bool isThere = (bool?)model!["fileStatus"]?["allFilesExist"] ?? true;
                Console.WriteLine($"{(string?)model["id"],-28} {(isThere ? (string?)model["status"] : "not downloaded"),-16} {(string?)model["name"]}");
            }
        });
        return command;
    }

    private static Command Pull()
    {
        var id = new Argument<string>("id") { Description = "The model's id, as in `models list`" };
        var command = new Command("pull", "Downloads a model of the catalogue; resumes where an earlier download stopped") { id };
        StudioConnection.SetAction(command, async (studio, parsed, cancellation) =>
        {
            JsonArray known = (await studio.GetAsync("api/models", cancellation))["models"]!.AsArray();
            if (!known.Any(model => (string?)model!["id"] == parsed.GetValue(id)))
                throw new CommandException($"There is no model '{parsed.GetValue(id)}' in the catalogue; there are: {string.Join(", ", known.Select(model => (string?)model!["id"]))}");
            JsonNode started = await studio.SendAsync(HttpMethod.Post, "api/models/download", new JsonObject { ["modelId"] = parsed.GetValue(id) }, cancellation);
            string download = (string)started["downloadId"]!;
            while (true)
            {
                JsonNode now = await studio.GetAsync($"api/models/download/{download}", cancellation);
                string progress = string.Create(CultureInfo.InvariantCulture, $"{(double?)now["progress"] * 100:0} % of {(long?)now["total_bytes"] / 1e9:0.0} GB");
                if (!Console.IsOutputRedirected)
                    Console.Write($"\r{progress}   ");
                if ((string?)now["status"] is "completed")
                    break;
                if ((string?)now["status"] is not "downloading")
                    throw new CommandException((string?)now["error"] is { } error ? ServerWords.ForTerminal(error) : $"The download was {(string?)now["status"]}");
                await Task.Delay(LookEvery, cancellation);
            }

            Console.WriteLine($"\r{parsed.GetValue(id)} is downloaded");
        });
        return command;
    }

    private static Command Add()
    {
        var file = new Argument<FileInfo>("file") { Description = "A checkpoint: .safetensors, .gguf, .ckpt" };
        var move = new Option<bool>("--move") { Description = "Moves the file and does not copy it" };
        var command = new Command("add", "Puts your own checkpoint into the data directory, where the server finds it within a second") { file, move };
        SetFileAction(command, (folder, parsed) =>
        {
            FileInfo source = parsed.GetValue(file)!;
            if (!source.Exists)
                throw new CommandException($"There is no file {source.FullName}");
            string target = Path.Combine(folder, source.Name);
            if (File.Exists(target))
                throw new CommandException($"{source.Name} already exists; `models remove {source.Name}` removes it");
            Directory.CreateDirectory(folder);
            if (parsed.GetValue(move))
            {
                source.MoveTo(target);
                return target;
            }

            // Under another name until it is whole: a server may look.
            string unfinished = target + ".part";
            source.CopyTo(unfinished, overwrite: true);
            File.Move(unfinished, target);
            return target;
        });
        return command;
    }

    private static Command Remove()
    {
        var name = new Argument<string>("file") { Description = "The file's name in the folder of models" };
        var command = new Command("remove", "Deletes a file from the data directory's folder of models") { name };
        SetFileAction(command, (folder, parsed) =>
        {
            string path = Path.Combine(folder, Path.GetFileName(parsed.GetValue(name)!));
            if (!File.Exists(path))
            {
                string[] there = Directory.Exists(folder) ? [.. Directory.EnumerateFiles(folder).Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal)] : [];
                throw new CommandException($"There is no file {Path.GetFileName(path)} in {folder}; there are: {string.Join(", ", there)}");
            }

            File.Delete(path);
            return $"{path} is deleted";
        });
        return command;
    }

    private static void SetFileAction(Command command, Func<string, ParseResult, string> action)
    {
        command.Options.Add(DataDirectory.Option);
        command.SetAction(parsed => DataDirectory.Explain(() => Console.WriteLine(action(Path.Combine(DataDirectory.Of(parsed), "models"), parsed))));
    }
}
