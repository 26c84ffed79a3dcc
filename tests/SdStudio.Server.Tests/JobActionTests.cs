using System.Net;
using System.Text.Json;

namespace SdStudio.Server.Tests;

public sealed class JobActionTests(Workshop studio)
{
    private const string Small = """{"model":"demo","prompt":"a red circle","size":"32x32","steps":1}""";
    private const string Long = """{"model":"demo","prompt":"a red circle","size":"128x128","steps":150}""";

    private static readonly (string, string)[] JobFields =
    [
        ("id", Shape.Text), ("type", Shape.Text), ("model", Shape.Text), ("prompt", Shape.Text), ("negative_prompt", Shape.TextOrNull),
        ("size", Shape.Text), ("seed", Shape.TextOrNull), ("n", Shape.Number), ("quality", Shape.TextOrNull), ("style", Shape.TextOrNull),
        ("input_image_path", Shape.TextOrNull), ("status", Shape.Text), ("progress", Shape.Number), ("error", Shape.TextOrNull),
        ("created_at", Shape.Number), ("updated_at", Shape.Number), ("started_at", Shape.NumberOrNull), ("completed_at", Shape.NumberOrNull),
    ];

    private static readonly (string, string)[] StatFields =
        [("pending", Shape.Number), ("processing", Shape.Number), ("completed", Shape.Number), ("failed", Shape.Number)];

    private async Task<StudioServer> PausedServerAsync(params string[] settings)
    {
        StudioServer server = await StudioServer.StartAsync(studio.NewDataFolder(), settings);
        (HttpStatusCode status, JsonElement body) = await server.SendAsync(HttpMethod.Post, "/api/queue/pause");
        Assert.Equal((HttpStatusCode.OK, true), (status, body.GetProperty("paused").GetBoolean()));
        return server;
    }

    private static string Status(JsonElement job) => job.GetProperty("status").GetString()!;

    [Fact]
    public async Task The_queue_lists_jobs_with_stats_and_says_what_each_waits_for()
    {
        await using StudioServer server = await PausedServerAsync();
        string[] ids = [await server.QueueAsync(Small), await server.QueueAsync(Small), await server.QueueAsync(Small)];

        (_, JsonElement queue) = await server.GetAsync("/api/queue?status=pending");
        Assert.Equal(ids.Reverse(), queue.GetProperty("jobs").EnumerateArray().Select(job => job.GetProperty("id").GetString()));
        Assert.All(queue.GetProperty("jobs").EnumerateArray(), job => Shape.Has(job, JobFields));
        Shape.Has(queue.GetProperty("stats"), StatFields);
        Assert.Equal(3, queue.GetProperty("stats").GetProperty("pending").GetInt32());
        Assert.Equal([3, 2, 1], queue.GetProperty("jobs").EnumerateArray().Select(job => job.GetProperty("position").GetInt32()));
        Assert.Equal("the queue is paused", (await server.JobAsync(ids[0])).GetProperty("waiting_for").GetString());
        (_, JsonElement page) = await server.GetAsync("/api/queue?limit=1&offset=1");
        Assert.Equal(ids[1], Assert.Single(page.GetProperty("jobs").EnumerateArray()).GetProperty("id").GetString());
        Assert.Equal(3, page.GetProperty("total").GetInt32());
        (HttpStatusCode bad, JsonElement error) = await server.GetAsync("/api/queue?status=sleeping");
        Assert.Equal(HttpStatusCode.BadRequest, bad);
        Assert.Contains("pending, processing, completed, failed, cancelled", Shape.Error(error), StringComparison.Ordinal);
        (_, JsonElement stats) = await server.GetAsync("/api/queue/stats");
        Shape.Has(stats, StatFields);

        await server.SendAsync(HttpMethod.Post, "/api/queue/resume");
        foreach (string id in ids)
            Assert.Equal("completed", Status(await server.WaitForAsync(id, "completed", "failed")));
        (_, stats) = await server.GetAsync("/api/queue/stats");
        Assert.Equal((0, 3), (stats.GetProperty("pending").GetInt32(), stats.GetProperty("completed").GetInt32()));
        Shape.Has((await server.JobAsync(ids[0])), [.. JobFields, ("images", Shape.List)]);
    }

    [Fact]
    public async Task A_pause_survives_a_restart()
    {
        string folder;
        string id;
        await using (StudioServer server = await PausedServerAsync())
        {
            folder = server.Folder;
            id = await server.QueueAsync(Small);
        }

        await using StudioServer again = await StudioServer.StartAsync(folder);
        (_, JsonElement queue) = await again.GetAsync("/api/queue");
        Assert.True(queue.GetProperty("paused").GetBoolean());
        Assert.Equal("pending", Status(await again.JobAsync(id)));
        await again.SendAsync(HttpMethod.Post, "/api/queue/resume");
        Assert.Equal("completed", Status(await again.WaitForAsync(id, "completed", "failed")));
    }

    [Fact]
    public async Task Cancelling_a_waiting_job_ends_it_for_its_client_too()
    {
        await using StudioServer server = await PausedServerAsync();
        Task<(HttpStatusCode Status, JsonElement Body)> waiting = server.GenerateAsync(Small);
        string id = await server.JobOfAsync("a red circle");

        (HttpStatusCode status, JsonElement body) = await server.SendAsync(HttpMethod.Delete, $"/api/queue/{id}");

        Assert.Equal(HttpStatusCode.OK, status);
        Assert.True(body.GetProperty("success").GetBoolean());
        Shape.Has(body.GetProperty("job"), JobFields);
        Assert.Equal("cancelled", Status(body.GetProperty("job")));
        Assert.Equal(HttpStatusCode.Conflict, (await waiting).Status);
        Assert.Equal("The job was cancelled", Shape.Error((await waiting).Body));
        (status, body) = await server.SendAsync(HttpMethod.Delete, $"/api/queue/{id}");
        Assert.Equal(HttpStatusCode.NotFound, status);
        Assert.Equal("Job not found or cannot be cancelled", Shape.Error(body));
    }

    [Fact]
    public async Task Cancelling_a_running_job_stops_the_engine()
    {
        string id = await studio.Server.QueueAsync(Long);
        await studio.Server.WaitForAsync(id, "processing");

        (HttpStatusCode status, JsonElement body) = await studio.Server.SendAsync(HttpMethod.Delete, $"/api/queue/{id}");

        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal("cancelled", Status(body.GetProperty("job")));
        Assert.True(body.GetProperty("job").GetProperty("progress").GetDouble() < 1);
        Assert.Equal("cancelled", Status(await studio.Server.JobAsync(id)));
        // The engine is free again: the next job does not wait for 150 steps.
        await studio.Server.GenerateImagesAsync(Small);
        Assert.Equal("cancelled", Status(await studio.Server.JobAsync(id)));
        Assert.Empty((await studio.Server.JobAsync(id)).GetProperty("images").EnumerateArray());
    }

    [Fact]
    public async Task Cancel_all_ends_what_waits_and_what_runs()
    {
        await using StudioServer server = await StudioServer.StartAsync(studio.NewDataFolder());
        string running = await server.QueueAsync(Long);
        await server.WaitForAsync(running, "processing");
        string waiting = await server.QueueAsync(Small);

        (HttpStatusCode status, JsonElement body) = await server.SendAsync(HttpMethod.Post, "/api/queue/cancel-all");

        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal((true, 2), (body.GetProperty("success").GetBoolean(), body.GetProperty("cancelled").GetInt32()));
        Assert.Equal("cancelled", Status(await server.JobAsync(waiting)));
        Assert.Equal("cancelled", Status(await server.WaitForAsync(running, "cancelled", "completed")));
    }

    [Fact]
    public async Task A_failed_job_can_be_tried_again()
    {
        await using StudioServer server = await StudioServer.StartAsync(studio.NewDataFolder());
        string images = Path.Combine(server.Folder, "images");
        Directory.Delete(images);
        File.WriteAllText(images, "in the way");
        string id = await server.QueueAsync(Small);
        Assert.Equal("failed", Status(await server.WaitForAsync(id, "completed", "failed")));
        // A folder that has vanished is made again.
        File.Delete(images);

        (HttpStatusCode status, JsonElement body) = await server.SendAsync(HttpMethod.Post, $"/api/queue/{id}/retry");

        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal(JsonValueKind.Null, body.GetProperty("error").ValueKind);
        Assert.Equal("completed", Status(await server.WaitForAsync(id, "completed", "failed")));
        (status, body) = await server.SendAsync(HttpMethod.Post, $"/api/queue/{id}/retry");
        Assert.Equal(HttpStatusCode.Conflict, status);
        Assert.Contains("completed", Shape.Error(body), StringComparison.Ordinal);
        (status, _) = await server.SendAsync(HttpMethod.Post, "/api/queue/nothing/retry");
        Assert.Equal(HttpStatusCode.NotFound, status);
    }

    [Fact]
    public async Task A_higher_priority_goes_first_and_can_be_given_later()
    {
        await using StudioServer server = await PausedServerAsync();
        string first = await server.QueueAsync(Small);
        string urgent = await server.QueueAsync("""{"model":"demo","prompt":"a red circle","size":"32x32","steps":1,"priority":5}""");
        string raised = await server.QueueAsync(Small);
        (HttpStatusCode status, _) = await server.SendAsync(HttpMethod.Patch, $"/api/queue/{raised}", StudioServer.Json("""{"priority":10}"""));
        Assert.Equal(HttpStatusCode.OK, status);
        (status, JsonElement error) = await server.SendAsync(HttpMethod.Patch, $"/api/queue/{raised}", StudioServer.Json("""{"priority":11}"""));
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains("from -10 to 10", Shape.Error(error), StringComparison.Ordinal);

        await server.SendAsync(HttpMethod.Post, "/api/queue/resume");
        List<JsonElement> done = [];
        foreach (string id in new[] { first, urgent, raised })
            done.Add(await server.WaitForAsync(id, "completed", "failed"));

        Assert.Equal(
            [raised, urgent, first], done.OrderBy(job => job.GetProperty("started_at").GetInt64()).Select(job => job.GetProperty("id").GetString()));
    }

    [Fact]
    public async Task A_waiting_job_is_put_before_or_after_another_one()
    {
        await using StudioServer server = await PausedServerAsync();
        List<string> ids = [];
        for (int i = 0; i < 4; i++)
            ids.Add(await server.QueueAsync(Small));
        async Task<string> MoveAsync(int job, string where, int other)
        {
            (HttpStatusCode moved, JsonElement body) = await server.SendAsync(
                HttpMethod.Patch, $"/api/queue/{ids[job]}", StudioServer.Json($$"""{"{{where}}":"{{ids[other]}}"}"""));
            Assert.True(moved == HttpStatusCode.OK, body.ToString());
            (_, JsonElement queue) = await server.GetAsync("/api/queue?status=pending");
            return string.Join(' ', queue.GetProperty("jobs").EnumerateArray()
                .OrderBy(waiting => waiting.GetProperty("position").GetInt32()).Select(waiting => ids.IndexOf(waiting.GetProperty("id").GetString()!)));
        }

        Assert.Equal("0 3 1 2", await MoveAsync(3, "before", 1));
        Assert.Equal("3 1 0 2", await MoveAsync(0, "after", 1));
        Assert.Equal("1 0 2 3", await MoveAsync(3, "after", 2));
        Assert.Equal("2 1 0 3", await MoveAsync(2, "before", 1));
        await server.SendAsync(HttpMethod.Patch, $"/api/queue/{ids[0]}", StudioServer.Json("""{"priority":3}"""));
        Assert.Equal("0 3 2 1", await MoveAsync(3, "after", 0));

        (HttpStatusCode status, JsonElement error) = await server.SendAsync(HttpMethod.Patch, $"/api/queue/{ids[0]}", StudioServer.Json("""{"before":"nothing"}"""));
        Assert.Equal(HttpStatusCode.Conflict, status);
        Assert.Contains("not a waiting job", Shape.Error(error), StringComparison.Ordinal);
        (status, error) = await server.SendAsync(HttpMethod.Patch, $"/api/queue/{ids[0]}", StudioServer.Json($$"""{"before":"{{ids[0]}}"}"""));
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains("the job itself", Shape.Error(error), StringComparison.Ordinal);
        (status, error) = await server.SendAsync(HttpMethod.Patch, $"/api/queue/{ids[0]}", StudioServer.Json("""{"before":"x","priority":1}"""));
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains("one of priority, before or after", Shape.Error(error), StringComparison.Ordinal);
        // What failed or was cancelled goes to the end, in front of none that waits.
        await server.SendAsync(HttpMethod.Delete, $"/api/queue/{ids[2]}");
        await server.SendAsync(HttpMethod.Post, $"/api/queue/{ids[2]}/retry");
        (_, JsonElement again) = await server.GetAsync($"/api/queue/{ids[2]}");
        Assert.Equal(4, again.GetProperty("position").GetInt32());
    }

    [Fact]
    public async Task One_idempotency_key_makes_one_job()
    {
        await using StudioServer server = await PausedServerAsync();
        (string, string) key = ("Idempotency-Key", "once and only once");

        string first = await server.QueueAsync(Small, key);
        string second = await server.QueueAsync(Small, key);
        (HttpStatusCode status, JsonElement body) = await server.SendAsync(
            HttpMethod.Post, "/api/queue/generate", StudioServer.Json(Small.Replace("red", "blue", StringComparison.Ordinal)), key);

        Assert.Equal(first, second);
        Assert.Equal(HttpStatusCode.Conflict, status);
        Assert.Contains("different request", Shape.Error(body), StringComparison.Ordinal);
        (_, JsonElement stats) = await server.GetAsync("/api/queue/stats");
        Assert.Equal(1, stats.GetProperty("pending").GetInt32());
    }

    [Fact]
    public async Task A_full_queue_asks_to_come_back_later()
    {
        await using StudioServer server = await PausedServerAsync("--SdStudio:Queue:MaxWaiting=1");
        await server.QueueAsync(Small);

        using HttpResponseMessage response = await server.Http.PostAsync("/api/queue/generate", StudioServer.Json(Small), TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.TooManyRequests, response.StatusCode);
        Assert.True(response.Headers.RetryAfter?.Delta > TimeSpan.Zero);
        Assert.Contains("1 jobs are waiting", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_asks_for_it_has_the_job_cancelled_by_leaving()
    {
        await using StudioServer server = await PausedServerAsync();
        using var leave = new CancellationTokenSource();
        Task<HttpResponseMessage> request = server.PostAsync(
            """{"model":"demo","prompt":"a circle for nobody","on_disconnect":"cancel"}""", leave.Token);
        string id = await server.JobOfAsync("a circle for nobody");
        await leave.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => request);

        Assert.Equal("cancelled", Status(await server.WaitForAsync(id, "cancelled", "completed", "failed")));
    }

    [Fact]
    public async Task While_another_program_holds_the_database_the_server_waits_and_goes_on()
    {
        await using StudioServer server = await StudioServer.StartAsync(studio.NewDataFolder());
        string id = await server.QueueAsync(Long.Replace("150", "20", StringComparison.Ordinal));
        await server.WaitForAsync(id, "processing");
        using (var other = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={Path.Combine(server.Folder, "sdstudio.db")};Pooling=False"))
        {
            other.Open();
            using Microsoft.Data.Sqlite.SqliteCommand hold = other.CreateCommand();
            hold.CommandText = "BEGIN IMMEDIATE";
            hold.ExecuteNonQuery();
            (HttpStatusCode status, JsonElement body) = await server.SendAsync(HttpMethod.Post, "/api/queue/generate", StudioServer.Json(Small));
            Assert.Equal(HttpStatusCode.ServiceUnavailable, status);
            Assert.Contains("database", Shape.Error(body), StringComparison.Ordinal);
            // Reading goes on meanwhile.
            Assert.Equal("processing", Status(await server.JobAsync(id)));
        }

        Assert.Equal("completed", Status(await server.WaitForAsync(id, "completed", "failed")));
        await server.GenerateImagesAsync(Small);
    }
}
