using System.Net;
using System.Text.Json;
using Microsoft.Data.Sqlite;

namespace SdStudio.Server.Tests;

/// <summary>Keys are people: each sees and changes its own, the administrator everything.</summary>
public sealed class OwnerTests(Workshop studio)
{
    private const string Small = """{"model":"demo","prompt":"a red circle","size":"32x32","steps":1}""";
    private static readonly (string, string) Ann = ("X-API-Key", "ann-has-this-key"), Bob = ("X-API-Key", "bob-has-this-key"), Administrator = ("X-API-Key", "the-administrator");

    private Task<StudioServer> ServerAsync(params string[] more) => StudioServer.StartAsync(
        studio.NewDataFolder(),
        ["--SdStudio:Security:ApiKeys:ann=ann-has-this-key", "--SdStudio:Security:ApiKeys:bob=bob-has-this-key", "--SdStudio:Security:ApiKey=the-administrator", .. more]);

    [Fact]
    public async Task Nothing_of_ann_is_there_for_bob_and_all_of_it_for_the_administrator()
    {
        await using StudioServer server = await ServerAsync();
        (HttpStatusCode status, JsonElement generated) = await server.SendAsync(HttpMethod.Post, "/api/generate", StudioServer.Json(Small), Ann);
        Assert.True(status == HttpStatusCode.OK, generated.ToString());
        string id = generated.GetProperty("id").GetString()!, image = generated.GetProperty("data")[0].GetProperty("id").GetString()!;
        string[] paths =
        [
            $"/api/queue/{id}", $"/api/generations/{id}", $"/api/generations/{id}/images", $"/api/generations/{id}/image", $"/api/generations/{id}/thumbnail", $"/api/generations/{id}/logs",
            $"/api/images/{image}", $"/api/images/{image}/thumbnail", $"/api/images/{image}/parameters", $"/api/images/{image}?format=webp",
        ];
        async Task<HttpStatusCode> GetAsync(string path, (string, string) key)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path);
            request.Headers.Add(key.Item1, key.Item2);
            using HttpResponseMessage response = await server.Http.SendAsync(request, TestContext.Current.CancellationToken);
            return response.StatusCode;
        }

        foreach (string path in paths)
            Assert.Equal((path, HttpStatusCode.OK, HttpStatusCode.NotFound, HttpStatusCode.OK), (path, await GetAsync(path, Ann), await GetAsync(path, Bob), await GetAsync(path, Administrator)));
        await CountsAsync(server, Bob, 0);
        await CountsAsync(server, Ann, 1);
        await CountsAsync(server, Administrator, 1);
        foreach ((HttpMethod method, string path, HttpContent? body) in new (HttpMethod, string, HttpContent?)[]
        {
            (HttpMethod.Delete, $"/api/generations/{id}", null), (HttpMethod.Delete, $"/api/queue/{id}", null), (HttpMethod.Post, $"/api/queue/{id}/retry", null),
            (HttpMethod.Post, $"/api/images/{image}/reproduce", null), (HttpMethod.Patch, $"/api/queue/{id}", StudioServer.Json("""{"priority":1}""")),
        })
        {
            Assert.Equal((path, HttpStatusCode.NotFound), (path, (await server.SendAsync(method, path, body, Bob)).Status));
        }

        using StringContent variation = StudioServer.Json($$"""{"model":"demo","source_image_id":"{{image}}"}""");
        (status, JsonElement refused) = await server.SendAsync(HttpMethod.Post, "/api/variation", variation, Bob);
        Assert.True((int)status is >= 400 and < 500, $"{status}: {refused}");
        (_, JsonElement all) = await server.SendAsync(HttpMethod.Delete, "/api/generations?delete_files=true", null, Bob);
        Assert.Equal(0, all.GetProperty("deleted").GetInt32());
        (_, all) = await server.SendAsync(HttpMethod.Delete, "/api/generations?delete_files=true", null, Administrator);
        Assert.Equal(1, all.GetProperty("deleted").GetInt32());
    }

    private static async Task CountsAsync(StudioServer server, (string, string) key, int count)
    {
        (_, JsonElement list) = await server.SendAsync(HttpMethod.Get, "/api/generations?q=circle", null, key);
        Assert.Equal(count, list.GetArrayLength());
        (_, JsonElement stats) = await server.SendAsync(HttpMethod.Get, "/api/queue/stats", null, key);
        Assert.Equal(count, stats.GetProperty("completed").GetInt32());
        (_, JsonElement queue) = await server.SendAsync(HttpMethod.Get, "/api/queue", null, key);
        Assert.Equal(count, queue.GetProperty("total").GetInt32());
    }

    [Fact]
    public async Task The_gallery_of_ann_is_empty_for_bob()
    {
        await using StudioServer server = await ServerAsync();
        await server.SendAsync(HttpMethod.Post, "/api/boards", StudioServer.Json("""{"name":"hers"}"""), Ann);
        (_, JsonElement generated) = await server.SendAsync(HttpMethod.Post, "/api/generate", StudioServer.Json(Small.Replace("\"steps\"", "\"board\":\"hers\",\"steps\"", StringComparison.Ordinal)), Ann);
        string image = generated.GetProperty("data")[0].GetProperty("id").GetString()!;
        await server.SendAsync(HttpMethod.Patch, $"/api/images/{image}", StudioServer.Json("""{"tags":["secret"],"starred":true}"""), Ann);
        async Task<(HttpStatusCode Status, JsonElement Body)> AsAsync((string, string) key, string method, string path, string? json = null) =>
            await server.SendAsync(new HttpMethod(method), path, json is null ? null : StudioServer.Json(json), key);

        foreach (string query in new[] { "", "?q=circle", "?starred=true", "?tag=secret", "?q=circle&tag=secret", "?model=demo", "?sort=rating" })
        {
            foreach (((string, string) key, int count) in new[] { (Ann, 1), (Bob, 0), (Administrator, 1) })
            {
                (_, JsonElement list) = await AsAsync(key, "GET", $"/api/images{query}");
                Assert.Equal((query, count, count), (query, list.GetProperty("images").GetArrayLength(), list.GetProperty("total").GetInt32()));
            }
        }

        foreach ((string path, string name) in new[] { ("/api/images/tags", "tags"), ("/api/boards", "boards") })
        {
            Assert.Empty((await AsAsync(Bob, "GET", path)).Body.GetProperty(name).EnumerateArray());
            Assert.Single((await AsAsync(Ann, "GET", path)).Body.GetProperty(name).EnumerateArray());
        }

        Assert.Equal(HttpStatusCode.NotFound, (await AsAsync(Bob, "PATCH", $"/api/images/{image}", """{"starred":false}""")).Status);
        Assert.Empty((await AsAsync(Bob, "PATCH", "/api/images", $$"""{"ids":["{{image}}"],"starred":false}""")).Body.GetProperty("images").EnumerateArray());
        Assert.Equal(HttpStatusCode.NotFound, (await AsAsync(Bob, "POST", "/api/images/zip", $$"""{"ids":["{{image}}"]}""")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await AsAsync(Bob, "POST", "/api/images/zip")).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await AsAsync(Bob, "GET", "/api/images?board=hers")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await AsAsync(Bob, "DELETE", "/api/boards/hers?images=delete")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await AsAsync(Bob, "PATCH", "/api/boards/hers", """{"name":"his"}""")).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await AsAsync(Bob, "POST", "/api/images/import", """{"folder":"import"}""")).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await AsAsync(Bob, "GET", "/api/images/retention")).Status);
        Assert.True((await AsAsync(Ann, "GET", "/api/images")).Body.GetProperty("images")[0].GetProperty("starred").GetBoolean());
    }

    [Fact]
    public async Task Waiting_jobs_can_be_listed_by_their_position()
    {
        await using StudioServer server = await ServerAsync();
        await server.SendAsync(HttpMethod.Post, "/api/queue/pause", null, Administrator);
        List<string> ids = [];
        for (int i = 0; i < 5; i++)
            ids.Add(await server.QueueAsync(Small, i % 2 == 0 ? Ann : Bob));
        await server.SendAsync(HttpMethod.Patch, $"/api/queue/{ids[4]}", StudioServer.Json("""{"priority":5}"""), Ann);

        async Task<string> PageAsync(string query, (string, string) key)
        {
            (_, JsonElement queue) = await server.SendAsync(HttpMethod.Get, $"/api/queue?status=pending&sort=position{query}", null, key);
            return string.Join(' ', queue.GetProperty("jobs").EnumerateArray().Select(job => $"{job.GetProperty("position")}:{ids.IndexOf(job.GetProperty("id").GetString()!)}"));
        }

        Assert.Equal("1:4 2:0 3:1", await PageAsync("&limit=3", Administrator));
        Assert.Equal("4:2 5:3", await PageAsync("&limit=3&offset=3", Administrator));
        Assert.Equal("3:1 5:3", await PageAsync("", Bob));
        Assert.Equal(HttpStatusCode.BadRequest, (await server.SendAsync(HttpMethod.Get, "/api/queue?sort=position", null, Ann)).Status);
    }

    [Fact]
    public async Task Trying_again_counts_as_asking()
    {
        await using StudioServer server = await ServerAsync("--SdStudio:Limits:JobsPerMinute=4");
        await server.SendAsync(HttpMethod.Post, "/api/queue/pause", null, Administrator);
        string id = await server.QueueAsync(Small, Ann);
        List<HttpStatusCode> statuses = [];
        for (int i = 0; i < 5; i++)
        {
            await server.SendAsync(HttpMethod.Delete, $"/api/queue/{id}", null, Ann);
            statuses.Add((await server.SendAsync(HttpMethod.Post, $"/api/queue/{id}/retry", null, Ann)).Status);
        }

        Assert.Equal([HttpStatusCode.OK, HttpStatusCode.OK, HttpStatusCode.OK, HttpStatusCode.TooManyRequests, HttpStatusCode.TooManyRequests], statuses);
    }

    [Fact]
    public async Task Costs_that_cannot_be_read_do_not_keep_a_job_from_running()
    {
        string folder = studio.NewDataFolder();
        await using StudioServer server = await StudioServer.StartAsync(folder);
        using (var other = new SqliteConnection($"Data Source={Path.Combine(folder, "sdstudio.db")};Pooling=False"))
        {
            other.Open();
            using SqliteCommand spoil = other.CreateCommand();
            spoil.CommandText = "INSERT INTO model_costs VALUES ('demo', '', 'no json'), ('tiny', '', '[1]')";
            spoil.ExecuteNonQuery();
        }

        await server.GenerateImagesAsync(Small);
        await server.GenerateImagesAsync(Small.Replace("demo", "tiny", StringComparison.Ordinal));
    }
}
