using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;

namespace SdStudio.Server.Commands;

/// <summary><c>sdstudio jobs</c> and <c>sdstudio jobs cancel ID</c>.</summary>
internal static class JobCommands
{
    public static Command Make()
    {
        var limit = new Option<int>("--limit") { Description = "How many", DefaultValueFactory = _ => 20 };
        var command = new Command("jobs", "Lists jobs, newest first") { limit };
        StudioConnection.SetAction(command, async (studio, parsed, cancellation) =>
        {
            JsonNode answer = await studio.GetAsync(string.Create(CultureInfo.InvariantCulture, $"api/queue?limit={parsed.GetValue(limit)}"), cancellation);
            foreach (JsonNode? job in answer["jobs"]!.AsArray())
                Console.WriteLine($"{(string?)job!["id"]}  {(string?)job["status"],-10}  {(string?)job["model"],-20}  {Short((string?)job["prompt"] ?? "")}");
        });
        command.Subcommands.Add(Cancel());
        return command;
    }

    private static Command Cancel()
    {
        var id = new Argument<string>("id") { Description = "The job's id" };
        var command = new Command("cancel", "Cancels a job") { id };
        StudioConnection.SetAction(command, async (studio, parsed, cancellation) =>
        {
            await studio.SendAsync(HttpMethod.Delete, $"api/queue/{Uri.EscapeDataString(parsed.GetValue(id)!)}", null, cancellation);
            Console.WriteLine("Cancelled");
        });
        return command;
    }

    private static string Short(string prompt) => prompt.Length <= 60 ? prompt : prompt[..59] + "…";
}
