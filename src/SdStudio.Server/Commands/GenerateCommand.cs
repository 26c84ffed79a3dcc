using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;

namespace SdStudio.Server.Commands;

/// <summary><c>sdstudio generate "a prompt" -o image.png</c>.</summary>
internal static class GenerateCommand
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(200);

    public static Command Make()
    {
        var prompt = new Argument<string>("prompt") { Description = "What to generate" };
        var output = new Option<FileInfo>("--output", "-o")
        {
            Description = "The file: .png with the settings inside, .jpg or .webp. Several images are numbered", DefaultValueFactory = _ => new FileInfo("image.png"),
        };
        var model = new Option<string?>("--model", "-m") { Description = "The model's id; the default model without one" };
        var negative = new Option<string?>("--negative-prompt") { Description = "What not to generate" };
        var size = new Option<string?>("--size") { Description = "Width and height, such as 512x512" };
        var steps = new Option<int?>("--steps") { Description = "Steps" };
        var seed = new Option<long?>("--seed") { Description = "The seed; a random one without" };
        var cfg = new Option<double?>("--cfg-scale") { Description = "How closely to follow the prompt" };
        var count = new Option<int?>("--count", "-n") { Description = "How many images" };
        var command = new Command("generate", "Generates images with a server that runs, or in this process") { prompt, output, model, negative, size, steps, seed, cfg, count };
        StudioConnection.SetAction(command, async (studio, parsed, cancellation) =>
        {
            var body = new JsonObject { ["prompt"] = parsed.GetValue(prompt) };
            void Add(string name, JsonNode? value)
            {
                if (value is not null)
                    body[name] = value;
            }

            Add("model", parsed.GetValue(model) ?? (await studio.GetAsync("api/config", cancellation))["model"]?.GetValue<string>());
            Add("negative_prompt", parsed.GetValue(negative));
            Add("size", parsed.GetValue(size));
            Add("steps", parsed.GetValue(steps));
            Add("seed", parsed.GetValue(seed));
            Add("cfg_scale", parsed.GetValue(cfg));
            Add("n", parsed.GetValue(count));
            await RunAsync(studio, body, parsed.GetValue(output)!, cancellation);
        });
        return command;
    }

    private static async Task RunAsync(StudioConnection studio, JsonObject body, FileInfo output, CancellationToken cancellation)
    {
        string format = output.Extension.ToLowerInvariant() switch
        {
            ".png" => "png",
            ".jpg" or ".jpeg" => "jpeg",
            ".webp" => "webp",
            _ => throw new CommandException($"{output.Name}: the file's name ends in .png, .jpg or .webp"),
        };
        // Before the work, not after it.
        DataDirectory.NeedFolderOf(output);
        string id = (string)(await studio.SendAsync(HttpMethod.Post, "api/queue/generate", body, cancellation))["job_id"]!;
        JsonNode job = await WaitAsync(studio, id, cancellation);
        if ((string?)job["status"] is not "completed")
            throw new CommandException((string?)job["error"] is { } error ? ServerWords.ForTerminal(error) : $"The job was {(string?)job["status"]}");
        JsonArray images = (await studio.GetAsync($"api/generations/{id}/images", cancellation)).AsArray();
        for (int i = 0; i < images.Count; i++)
        {
            string file = images.Count == 1 ? output.FullName
                : Path.Combine(output.DirectoryName!, string.Create(CultureInfo.InvariantCulture, $"{Path.GetFileNameWithoutExtension(output.Name)}-{i + 1}{output.Extension}"));
            await File.WriteAllBytesAsync(file, await studio.GetFileAsync($"api/images/{(string?)images[i]!["id"]}?format={format}", cancellation), cancellation);
            Console.WriteLine(file);
        }
    }

    private static async Task<JsonNode> WaitAsync(StudioConnection studio, string id, CancellationToken cancellation)
    {
        try
        {
            while (true)
            {
                JsonNode job = await studio.GetAsync($"api/queue/{id}", cancellation);
                if ((string?)job["status"] is not ("pending" or "processing"))
                    return job;
                await Task.Delay(LookEvery, cancellation);
            }
        }
        catch (OperationCanceledException)
        {
            await studio.SendAsync(HttpMethod.Delete, $"api/queue/{id}", null, CancellationToken.None);
            throw new CommandException("Cancelled");
        }
    }
}
