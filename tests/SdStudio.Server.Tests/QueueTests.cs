using System.Diagnostics;
using System.Net;
using System.Text.Json;
using SdStudio.Server.Generation;
using SdStudio.Server.Queue;
using SdStudio.Server.Settings;
using SdStudio.Server.Storage.Sqlite;

namespace SdStudio.Server.Tests;

public sealed class QueueTests(Workshop studio)
{
    // Long enough that everything can happen while it runs.
    private const string Long = """{"model":"demo","prompt":"PROMPT","size":"128x128","steps":150}""";
    private static readonly TimeSpan StopsWithin = TimeSpan.FromSeconds(10);

    [Fact]
    public async Task Eight_clients_at_once_get_each_their_own_image()
    {
        (string Name, (int, int, int) Colour)[] colours =
        [
            ("red", (219, 26, 31)), ("green", (26, 158, 56)), ("blue", (31, 71, 219)), ("yellow", (250, 217, 31)),
            ("cyan", (26, 204, 224)), ("white", (250, 250, 250)), ("navy", (10, 20, 97)), ("lime", (153, 230, 26)),
        ];

        PngFile[] images = await Task.WhenAll(colours.Select(colour =>
            studio.Server.GenerateOneAsync($$"""{"model":"demo","prompt":"a {{colour.Name}} circle","steps":8,"seed":5}""")));

        for (int i = 0; i < images.Length; i++)
            images[i].ShowsAt(.5, .5, colours[i].Colour);
    }

    [Fact]
    public async Task A_client_that_leaves_does_not_lose_its_image()
    {
        using var leave = new CancellationTokenSource();
        Task<HttpResponseMessage> request = studio.Server.PostAsync(
            """{"model":"demo","prompt":"a circle for who left","size":"128x128","steps":20}""", leave.Token);
        string id = await studio.Server.JobOfAsync("a circle for who left");
        await leave.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => request);

        JsonElement generation = await studio.Server.WaitForAsync(id, "completed", "failed");

        Assert.Equal("completed", generation.GetProperty("status").GetString());
        string image = Assert.Single(generation.GetProperty("images").EnumerateArray()).GetProperty("id").GetString()!;
        Assert.Equal(128, (await studio.Server.ImageAsync(image)).Width);
    }

    [Fact]
    public async Task A_job_tells_how_far_it_is()
    {
        Task<(string Id, string[])> generating = studio.Server.GenerateImagesAsync(Long.Replace("PROMPT", "a circle to watch", StringComparison.Ordinal));
        string id = await studio.Server.JobOfAsync("a circle to watch");
        List<double> seen = [];
        JsonElement generation;
        do
        {
            generation = await studio.Server.GenerationAsync(id);
            seen.Add(generation.GetProperty("progress").GetDouble());
        }
        while (generation.GetProperty("status").GetString() is "pending" or "processing");

        await generating;
        Assert.Equal(seen.Order(), seen);
        Assert.Equal(1, seen[^1]);
        Assert.True(seen.Count(value => value is > 0.15 and < 0.75) > 3, "no progress was seen while sampling");
    }

    [Fact]
    public async Task What_takes_longer_than_a_client_should_wait_is_accepted_and_a_stop_puts_it_back()
    {
        string folder = studio.NewDataFolder();
        string id;
        await using (StudioServer server = await StudioServer.StartAsync(folder, "--SdStudio:SynchronousWaitSeconds=1"))
        {
            (HttpStatusCode status, JsonElement body) = await server.GenerateAsync(Long.Replace("PROMPT", "a slow circle", StringComparison.Ordinal));
            Assert.Equal(HttpStatusCode.Accepted, status);
            Shape.Has(body, ("id", Shape.Text), ("job_id", Shape.Text), ("status", Shape.Text), ("created", Shape.Number), ("data", Shape.List));
            id = body.GetProperty("job_id").GetString()!;
            Assert.Equal(id, body.GetProperty("id").GetString());
            Assert.True(body.GetProperty("status").GetString() is "pending" or "processing");

            long start = Stopwatch.GetTimestamp();
            await server.StopAsync();
            Assert.InRange(Stopwatch.GetElapsedTime(start), TimeSpan.Zero, StopsWithin);
        }

        Assert.Equal("pending 0", StudioServer.Query(folder, "SELECT status || ' ' || attempts FROM jobs WHERE id = $value", id));
        await using StudioServer again = await StudioServer.StartAsync(folder);
        JsonElement generation = await again.WaitForAsync(id, "completed", "failed");
        Assert.Equal("completed", generation.GetProperty("status").GetString());
        Assert.Single(generation.GetProperty("images").EnumerateArray());
    }

    [Fact]
    public async Task A_client_that_waits_while_the_server_stops_is_told_its_job()
    {
        string folder = studio.NewDataFolder();
        await using StudioServer server = await StudioServer.StartAsync(folder);
        Task<(HttpStatusCode Status, JsonElement Body)> waiting = server.GenerateAsync(Long.Replace("PROMPT", "a waiting circle", StringComparison.Ordinal));
        string id = await server.JobOfAsync("a waiting circle");
        await server.WaitForAsync(id, "processing");

        long start = Stopwatch.GetTimestamp();
        await server.StopAsync();

        Assert.InRange(Stopwatch.GetElapsedTime(start), TimeSpan.Zero, StopsWithin);
        (HttpStatusCode status, JsonElement body) = await waiting;
        Assert.Equal(HttpStatusCode.Accepted, status);
        Assert.Equal(id, body.GetProperty("job_id").GetString());
    }

    [Fact]
    public async Task Jobs_of_a_server_that_died_go_on_and_one_that_kills_it_twice_does_not()
    {
        string folder = studio.NewDataFolder();
        (string waiting, string once, string twice) = await LeaveJobsAsync(folder);
        long now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        File.WriteAllText(
            Path.Combine(folder, "crash.log"),
            $"1700000000 GGML_ASSERT(a) failed [{twice}]\n{now} GGML_ASSERT(n > 0) failed [{twice}]\n{now} other [{once}]\n");
        File.WriteAllText(Path.Combine(folder, "images", "half.png.tmp"), "half");
        File.WriteAllText(Path.Combine(folder, "images", "whole.png"), "nobody knows it");

        await using StudioServer server = await StudioServer.StartAsync(folder);

        Assert.Equal("completed", (await server.WaitForAsync(once, "completed", "failed")).GetProperty("status").GetString());
        Assert.Equal("completed", (await server.WaitForAsync(waiting, "completed", "failed")).GetProperty("status").GetString());
        JsonElement failed = await server.GenerationAsync(twice);
        Assert.Equal("failed", failed.GetProperty("status").GetString());
        Assert.Contains("GGML_ASSERT(n > 0) failed", failed.GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.Equal(2L, StudioServer.Query(folder, "SELECT attempts FROM jobs WHERE id = $value", once));
        Assert.Equal(1L, StudioServer.Query(folder, "SELECT attempts FROM jobs WHERE id = $value", waiting));
        Assert.False(File.Exists(Path.Combine(folder, "images", "half.png.tmp")));
        Assert.True(File.Exists(Path.Combine(folder, "images", "whole.png")));
    }

    [Fact]
    public async Task An_image_that_cannot_be_written_fails_its_job_and_the_next_one_is_generated()
    {
        await using StudioServer server = await StudioServer.StartAsync(studio.NewDataFolder());
        string images = Path.Combine(server.Folder, "images");
        // A file in its place rather than write-protected: the tests may run as root, whom no permission stops.
        Directory.Delete(images);
        File.WriteAllText(images, "in the way");
        (HttpStatusCode status, JsonElement body) = await server.GenerateAsync("""{"model":"demo","prompt":"a red circle"}""");
        File.Delete(images);

        Assert.Equal(HttpStatusCode.InternalServerError, status);
        Assert.Contains("could not be written", body.GetProperty("error").GetString(), StringComparison.Ordinal);
        await server.GenerateImagesAsync("""{"model":"demo","prompt":"a red circle"}""");
    }

    /// <summary>What a killed process leaves: a job that waits, one that ended it for the first time, one that ended it for the second.</summary>
    private static async Task<(string Waiting, string Once, string Twice)> LeaveJobsAsync(string folder)
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        using var folders = new DataFolders(Microsoft.Extensions.Options.Options.Create(new StudioOptions { DataDirectory = folder }));
        using var database = new StudioDatabase(folders);
        var store = new SqliteJobStore(database, TimeProvider.System);
        var settings = new GenerationSettings
        {
            Type = "generate", Model = "demo", Prompt = "a red circle", Width = 32, Height = 32, Seed = 1, Count = 1, Steps = 1, CfgScale = 1,
        };
        async Task AddAsync(string id) => await store.AddAsync(new NewJob(id, settings, new SubmitOptions()), maxWaiting: 10, cancellation);
        await AddAsync("twice");
        await store.ClaimAsync("worker", device: null, ["twice"], cancellation);
        await store.RecoverAsync("twice", failure: null, counts: true, cancellation);
        await store.ClaimAsync("worker", device: null, ["twice"], cancellation);
        await AddAsync("once");
        await store.ClaimAsync("worker", device: null, ["once"], cancellation);
        await AddAsync("waiting");
        return ("waiting", "once", "twice");
    }
}
