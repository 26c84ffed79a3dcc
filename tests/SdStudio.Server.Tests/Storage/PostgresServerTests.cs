using System.Net;
using System.Text.Json;
using Npgsql;
using SdStudio.Server.Queue;
using SdStudio.Server.Storage.Postgres;
using SdStudio.Tests;

namespace SdStudio.Server.Tests.Storage;

/// <summary>A whole server over PostgreSQL: what its clients see is what they see of one with a file of its own.</summary>
[Collection(PostgresGroup.Name)]
public sealed class PostgresServerTests(PostgresFixture postgres, Workshop workshop) : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sdstudio-postgres-server-").FullName;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Listeners_hear_the_same_of_jobs_and_nothing_twice()
    {
        string database = postgres.NewDatabase();

        List<string> alone = await EventsAsync("alone", []);
        List<string> shared = await EventsAsync("shared", [$"--SdStudio:Database={database}"]);

        Assert.Equal(alone.Order(StringComparer.Ordinal), shared.Order(StringComparer.Ordinal));
        Assert.Contains("image_completed", shared);
        Assert.Contains("generation_deleted", shared);
    }

    [Fact]
    public async Task A_job_whose_images_the_database_never_accepts_fails_and_the_next_one_runs()
    {
        string database = postgres.NewDatabase();
        await using StudioServer studio = await StudioServer.StartAsync(Path.Combine(_folder, "refused"), $"--SdStudio:Database={database}");
        await using var connection = new NpgsqlConnection(database);
        await connection.OpenAsync(Cancellation);
        await ExecuteAsync(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.prompt = 'refused' THEN RAISE EXCEPTION 'word is too long' USING ERRCODE = '54000'; END IF; RETURN NEW; END $$; " +
            "CREATE TRIGGER refuse BEFORE INSERT ON images FOR EACH ROW EXECUTE FUNCTION refuse()");

        string refused = await studio.QueueAsync("""{"model":"demo","prompt":"refused","size":"32x32","steps":1}""");
        JsonElement failed = await studio.WaitForAsync(refused, "failed", "completed");

        Assert.Equal(("failed", "The database does not accept the image's settings; the server's log says why"), (failed.GetProperty("status").GetString(), failed.GetProperty("error").GetString()));
        Assert.Single((await studio.GenerateImagesAsync("""{"model":"demo","prompt":"a red circle","size":"32x32","steps":1}""")).Images);

        async Task ExecuteAsync(string sql)
        {
            await using var command = new NpgsqlCommand(sql, connection);
            await command.ExecuteNonQueryAsync(Cancellation);
        }
    }

    [Fact]
    public async Task A_bell_tells_one_thing_and_has_nothing_else_looked_up()
    {
        string database = postgres.NewDatabase();
        await using StudioServer studio = await StudioServer.StartAsync(Path.Combine(_folder, "bells"), $"--SdStudio:Database={database}");
        JobLine line = studio.Part<JobLine>();
        // What the server does when it has begun to listen.
        await UntilAsync(() => line.Version > 0);
        await using var connection = new NpgsqlConnection(database);
        await connection.OpenAsync(Cancellation);
        const int bells = 20;
        long before = line.Version;
        for (int bell = 0; bell < bells; bell++)
        {
            long last = line.Version;
            await using var ring = new NpgsqlCommand($"NOTIFY {PostgresBells.Ended}, 'nobody'", connection);
            await ring.ExecuteNonQueryAsync(Cancellation);
            await UntilAsync(() => line.Version > last);
        }

        // Everything is looked up every 15 seconds, whatever rings.
        Assert.InRange(line.Version - before, bells, bells * 3 / 2);

        static async Task UntilAsync(Func<bool> condition)
        {
            while (!condition())
                await Task.Delay(5, Cancellation);
        }
    }

    [Fact]
    public async Task A_webhook_is_told_by_a_server_that_shares_its_database()
    {
        await using var receiver = new WebhookReceiver();
        await using StudioServer studio = await StudioServer.StartAsync(
            Path.Combine(_folder, "hook"), $"--SdStudio:Database={postgres.NewDatabase()}", $"--SdStudio:Webhooks:shop:Url={receiver.Address}",
            $"--SdStudio:Webhooks:shop:Secret={WebhookReceiver.Secret}", "--SdStudio:Webhooks:shop:AllowPrivateAddresses=true");
        (string job, _) = await studio.GenerateImagesAsync("""{"model":"demo","prompt":"a red circle","size":"32x32","steps":1}""");

        (_, string body, bool isSigned) = (await receiver.WaitForAsync(1, Cancellation))[0];
        Assert.True(isSigned);
        Assert.Equal(job, JsonElement.Parse(body).GetProperty("data").GetProperty("id").GetString());
    }

    [Fact]
    public async Task A_deleted_video_leaves_no_file_and_no_row()
    {
        string database = postgres.NewDatabase(), folder = workshop.NewDataFolder();
        TinyVideoEntry.AddTo(folder, "moving");
        await using StudioServer studio = await StudioServer.StartAsync(folder, $"--SdStudio:Database={database}");
        (_, string id) = await Videos.VideoServer.MakeAsync(studio, Videos.VideoServer.Request);
        foreach (string part in new[] { "thumbnail", "sheet" })
            Assert.NotEmpty(await studio.Http.GetByteArrayAsync($"/api/images/{id}/{part}", Cancellation));
        await using var connection = new NpgsqlConnection(database);
        await connection.OpenAsync(Cancellation);
        Assert.True(await CountAsync() > 1);
        Assert.NotEmpty(Directory.EnumerateFiles(folder, $"{id}*", SearchOption.AllDirectories));

        await studio.SendAsync(HttpMethod.Delete, $"/api/images/{id}");

        Assert.Equal(0, await CountAsync());
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder, $"*{id}*", SearchOption.AllDirectories));
        Assert.Equal(System.Net.HttpStatusCode.NotFound, (await studio.GetAsync($"/api/images/{id}/sheet")).Status);

        async Task<long> CountAsync()
        {
            await using var rows = new NpgsqlCommand("SELECT (SELECT count(*) FROM images WHERE id = $1) + (SELECT count(*) FROM blobs WHERE name LIKE '%' || $1 || '%')", connection);
            rows.Parameters.AddWithValue(id);
            return (long)(await rows.ExecuteScalarAsync(Cancellation))!;
        }
    }

    [Fact]
    public async Task A_server_lives_on_beside_a_machine_whose_report_it_cannot_read()
    {
        string database = postgres.NewDatabase();
        await using StudioServer studio = await StudioServer.StartAsync(Path.Combine(_folder, "old"), $"--SdStudio:Database={database}", "--SdStudio:Queue:LeaseSeconds=5");
        await using var connection = new NpgsqlConnection(database);
        await connection.OpenAsync(Cancellation);
        await using var newer = new NpgsqlCommand(
            "INSERT INTO nodes (id, name, version, worker, devices, started_at, seen_at, report, catalogue) " +
            "VALUES ('newer', 'newer', '99.0', 'w', '', sdstudio_now(), sdstudio_now() + 600000, '{\"devices\":7}', '{}')", connection);
        await newer.ExecuteNonQueryAsync(Cancellation);
        // Twice more it has told that it lives, and so has looked at the other one.
        await using var seen = new NpgsqlCommand("SELECT seen_at FROM nodes WHERE id <> 'newer'", connection);
        var told = new HashSet<long>();
        while (told.Count < 3)
            told.Add((long)(await seen.ExecuteScalarAsync(Cancellation))!);

        JsonElement nodes = (await studio.GetAsync("/api/nodes")).Body.GetProperty("nodes");
        Assert.Equal(0, nodes.EnumerateArray().Single(node => node.GetProperty("id").GetString() == "newer").GetProperty("models").GetArrayLength());
        await studio.GenerateImagesAsync("""{"model":"demo","prompt":"a red circle","size":"32x32","steps":1}""");
    }

    [Fact]
    public async Task What_is_wrong_between_machines_is_said_in_words()
    {
        string database = postgres.NewDatabase();
        (string, string) admin = ("X-API-Key", "the-administrators-key");
        Task<StudioServer> StartAsync(string name, int port, char key) => StudioServer.StartAsync(
            Path.Combine(_folder, name), $"--urls=http://127.0.0.1:{port}", $"--SdStudio:Database={database}", "--SdStudio:Queue:LeaseSeconds=6", $"--SdStudio:Security:ApiKey={admin.Item2}",
            $"--SdStudio:Node:Address=http://127.0.0.1:{port}", $"--SdStudio:Node:Key={new string(key, 20)}");
        await using StudioServer here = await StartAsync("here", FreePort.Find(), 'a');
        await using StudioServer there = await StartAsync("there", FreePort.Find(), 'b');
        List<string> ids = [.. (await here.SendAsync(HttpMethod.Get, "/api/nodes", null, admin)).Body.GetProperty("nodes").EnumerateArray().OrderBy(node => !node.GetProperty("is_this").GetBoolean())
            .Select(node => node.GetProperty("id").GetString()!)];

        (HttpStatusCode status, JsonElement refused) = await here.SendAsync(HttpMethod.Post, $"/api/models/demo/start?node={ids[1]}", null, admin);
        Assert.Equal(HttpStatusCode.BadGateway, status);
        Assert.Contains("has another SdStudio:Node:Key", refused.GetProperty("error").GetString(), StringComparison.Ordinal);

        foreach (string id in ids)
            Assert.Equal(HttpStatusCode.OK, (await here.SendAsync(HttpMethod.Post, $"/api/nodes/{id}/drain", null, admin)).Status);
        string waiting = await here.QueueAsync("""{"model":"demo","prompt":"a red circle","size":"32x32","steps":1}""", admin);
        string? reason;
        do
            reason = (await here.SendAsync(HttpMethod.Get, $"/api/queue/{waiting}", null, admin)).Body.GetProperty("waiting_for").GetString();
        while (reason != "every machine that can run it is drained");
    }

    private async Task<List<string>> EventsAsync(string name, string[] settings)
    {
        await using StudioServer studio = await StudioServer.StartAsync(Path.Combine(_folder, name), settings);
        using HttpResponseMessage events = await studio.Http.GetAsync("/api/events?channels=queue,generations", HttpCompletionOption.ResponseHeadersRead, Cancellation);
        await studio.SendAsync(HttpMethod.Post, "/api/queue/pause");
        await studio.QueueAsync("""{"model":"demo","prompt":"never","size":"32x32","steps":1}""");
        string first = (await studio.SendAsync(HttpMethod.Post, "/api/queue/cancel-all")).Status.ToString();
        Assert.Equal("OK", first);
        await studio.SendAsync(HttpMethod.Post, "/api/queue/resume");
        (string id, string[] images) = await studio.GenerateImagesAsync("""{"model":"demo","prompt":"a red circle","size":"32x32","steps":1,"n":2}""");
        Assert.Equal(2, images.Length);
        await studio.SendAsync(HttpMethod.Delete, $"/api/images/{images[0]}");
        await studio.SendAsync(HttpMethod.Delete, $"/api/generations/{id}");

        List<string> types = [];
        using var reader = new StreamReader(await events.Content.ReadAsStreamAsync(Cancellation));
        while (!types.Contains("generation_deleted") && await reader.ReadLineAsync(Cancellation) is { } line)
        {
            if (line.StartsWith("event: ", StringComparison.Ordinal) && line["event: ".Length..] is not "job_progress" and var type)
                types.Add(type);
        }

        return types;
    }
}
