using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using SdStudio.Server.Hosting;

namespace SdStudio.Server.Commands;

/// <summary><c>sdstudio doctor</c>: what a server needs of this machine, one line each, with the remedy for what is missing.</summary>
internal static class DoctorCommand
{
    private const double FewGigabytes = 5;

    // Under emulation an engine takes more than ten seconds.
    private static readonly TimeSpan LongestLoad = TimeSpan.FromMinutes(5);

    public static Command Make()
    {
        var command = new Command("doctor", "Checks rights, disk, memory, engine, devices and catalogue");
        StudioConnection.SetAction(command, async (studio, parsed, cancellation) =>
        {
            Say(true, "SdStudio", $"{StudioVersion.Text}{(studio.IsOwn ? "; no server runs, so one was started for this check" : "; a server runs")}");
            string? limit = StartFailure.OfThisProcess();
            Say(limit is null, "files", limit ?? "enough may be open at a time");
            Disk(DataDirectory.Of(parsed));
            Say(true, "memory", string.Create(CultureInfo.InvariantCulture, $"{GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 1e9:0.0} GB"));
            await EngineAsync(studio, cancellation);
            await ModelsAsync(studio, cancellation);
        });
        command.Options.Add(DataDirectory.Option);
        return command;
    }

    private static void Disk(string data)
    {
        try
        {
            Directory.CreateDirectory(data);
            string probe = Path.Combine(data, $"doctor-{Environment.ProcessId}.tmp");
            File.WriteAllText(probe, "");
            File.Delete(probe);
            double free = new DriveInfo(data).AvailableFreeSpace / 1e9;
            Say(free > FewGigabytes, "disk", string.Create(
                CultureInfo.InvariantCulture, $"{free:0.0} GB free in {data}{(free > FewGigabytes ? "" : "; a model needs 2 to 20, so free some space or set SdStudio__DataDirectory to another disk")}"));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            Say(false, "disk", $"{data} cannot be written ({exception.Message.TrimEnd('.')}); make it writable for this user, or set SdStudio__DataDirectory to another folder");
        }
    }

    private static async Task EngineAsync(StudioConnection studio, CancellationToken cancellation)
    {
        // The server answers while it loads its engine.
        long began = Environment.TickCount64;
        bool isLoading;
        while ((isLoading = (await studio.WhyNotReadyAsync(cancellation))?.Contains("being loaded", StringComparison.Ordinal) == true) && Environment.TickCount64 - began < LongestLoad.TotalMilliseconds)
            await Task.Delay(100, cancellation);
        JsonNode health = await studio.GetAsync("api/health", cancellation);
        Say(health["engine"] is not null, "engine", (string?)health["engine"] ?? (isLoading
            ? $"is still being loaded after {LongestLoad.TotalMinutes:0} minutes; the log of `sdstudio serve` shows how far it gets"
            : "cannot be loaded; `sdstudio serve` says why"));
        string[] devices = [.. health["devices"]!.AsArray().Select(device => (string)device!)];
        bool hasCard = devices.Any(device => !device.StartsWith("CPU", StringComparison.Ordinal));
        Say(true, "devices", devices.Length == 0 ? "none" : string.Join("; ", devices));
        if (!hasCard && health["engine"] is not null)
            Say(true, "graphics", $"none in use. To use a card install its driver and the Vulkan loader (Debian: apt install libvulkan1 mesa-vulkan-drivers). {(string?)health["backend_reason"]}");
        if ((string?)health["last_end"]?["reason"] is { } reason)
            Say(false, "restarts", $"the server was started again {health["restarts"]} times, the last after {reason}");
    }

    private static async Task ModelsAsync(StudioConnection studio, CancellationToken cancellation)
    {
        JsonArray models = (await studio.GetAsync("api/models", cancellation))["models"]!.AsArray();
        int ready = models.Count(model => (bool?)model!["fileStatus"]?["allFilesExist"] == true);
        Say(ready > 0, "models", $"{ready} of {models.Count} in the catalogue are here{(ready > 1 ? "" : "; `sdstudio models pull z-image-turbo` downloads one")}");
        foreach (JsonNode? model in models.Where(model => (bool?)model!["fileStatus"]?["allFilesExist"] == true && model["problem"] is not null))
            Say(false, (string?)model!["id"] ?? "", (string?)model["problem"] ?? "");
    }

    private static void Say(bool isRight, string what, string text) => Console.WriteLine($"{(isRight ? "ok" : "!!")}  {what,-10} {text}");
}
