using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using SdStudio.Tests;

namespace SdStudio.EndToEnd.Tests;

/// <summary>Servers as processes of their own that share one PostgreSQL: one queue, one gallery, whichever is asked.</summary>
public sealed class ManyMachinesTests : IAsyncLifetime
{
    private const string LeaseSeconds = "6";
    private const string ApiKey = "open sesame";
    private const string NewKey = "the new key of the machines";
    private const string OldKey = "the old key of the machines";
    private readonly List<string> _folders = [];
    private PostgresServer? _postgres;
    private string _database = "";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync()
    {
        _postgres = PostgresServer.Start(out string reason);
        Assert.SkipWhen(_postgres is null, reason);
        _database = _postgres.NewDatabase();
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync()
    {
        _postgres?.Dispose();
        foreach (string folder in _folders.Where(Directory.Exists))
            Directory.Delete(folder, recursive: true);
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task A_request_to_one_machine_is_generated_by_another_and_shown_by_both()
    {
        using ServerProcess here = await StartAsync();
        using ServerProcess there = await StartAsync();
        string id = await NodeAsync(here);
        Assert.Equal(2, (await GetAsync(there, "/api/nodes")).GetProperty("nodes").GetArrayLength());
        await PostAsync(there, $"/api/nodes/{id}/drain", "{}");
        using HttpResponseMessage events = await here.Client.GetAsync(new Uri("/api/events?channels=queue,generations", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, Cancellation);

        (HttpStatusCode status, _) = await here.GenerateAsync("""{"model":"demo","prompt":"a red circle","size":"64x64","steps":2,"seed":"7","n":2}""");

        Assert.Equal(HttpStatusCode.OK, status);
        string[] images = [.. (await GetAsync(here, "/api/images")).GetProperty("images").EnumerateArray().Select(image => image.GetProperty("id").GetString()!)];
        Assert.Equal(2, images.Length);
        foreach (string image in images)
            Assert.Equal(await here.Client.GetByteArrayAsync(new Uri($"/api/images/{image}", UriKind.Relative), Cancellation), await there.Client.GetByteArrayAsync(new Uri($"/api/images/{image}", UriKind.Relative), Cancellation));
        await HearAsync(events, "image_completed", "generation_completed");

        // What is deleted is gone everywhere, and a machine that may begin again does.
        using HttpResponseMessage deleted = await there.Client.DeleteAsync(new Uri($"/api/images/{images[0]}", UriKind.Relative), Cancellation);
        Assert.True(deleted.IsSuccessStatusCode);
        using HttpResponseMessage gone = await here.Client.GetAsync(new Uri($"/api/images/{images[0]}", UriKind.Relative), Cancellation);
        Assert.Equal(HttpStatusCode.NotFound, gone.StatusCode);
        await PostAsync(here, $"/api/nodes/{id}/resume", "{}");
        await PostAsync(here, $"/api/nodes/{await NodeAsync(there)}/drain", "{}");
        Assert.Equal(HttpStatusCode.OK, (await there.GenerateAsync("""{"model":"demo","prompt":"a blue square","size":"64x64","steps":1}""")).Status);
    }

    [Fact]
    public async Task A_job_is_cancelled_from_another_machine_and_outlives_the_death_and_the_sleep_of_its_own()
    {
        using ServerProcess here = await StartAsync();
        string id = await NodeAsync(here);
        await PostAsync(here, $"/api/nodes/{id}/drain", "{}");
        ServerProcess dying = await StartAsync();
        string cancelled = await EnqueueAsync(here, steps: 1000);
        await UntilAsync(here, cancelled, "processing");
        using (HttpResponseMessage answer = await here.Client.DeleteAsync(new Uri($"/api/queue/{cancelled}", UriKind.Relative), Cancellation))
            Assert.True(answer.IsSuccessStatusCode, $"{answer.StatusCode}");
        await UntilAsync(here, cancelled, "cancelled");

        string killed = await EnqueueAsync(here, steps: 40);
        await UntilAsync(here, killed, "processing");
        await dying.SignalAsync("KILL");
        dying.Dispose();
        // It waits again once the dead machine's time is over, and another machine has it.
        using ServerProcess sleeping = await StartAsync();
        await UntilAsync(sleeping, killed, "completed");

        string slept = await EnqueueAsync(here, steps: 40);
        await UntilAsync(here, slept, "processing");
        await sleeping.SendSignalAsync("STOP");
        await PostAsync(here, $"/api/nodes/{id}/resume", "{}");
        JsonElement done = await UntilAsync(here, slept, "completed");
        await sleeping.SendSignalAsync("CONT");
        await UntilAsync(() => sleeping.Output.Contains("taken over by another machine", StringComparison.Ordinal));
        await sleeping.WaitUntilItAnswersAsync();
        Assert.Equal(done.GetProperty("completed_at").ToString(), (await GetAsync(sleeping, $"/api/queue/{slept}")).GetProperty("completed_at").ToString());
        Assert.Equal(2, (await GetAsync(here, "/api/images")).GetProperty("images").GetArrayLength());
    }

    [Fact]
    public async Task A_database_that_dies_and_comes_back_loses_nothing()
    {
        using ServerProcess server = await StartAsync();
        string running = await EnqueueAsync(server, steps: 60);
        string waiting = await EnqueueAsync(server, steps: 1);
        await UntilAsync(server, running, "processing");

        _postgres!.Kill();
        using (HttpResponseMessage refused = await server.Client.PostAsync(new Uri("/api/queue/generate", UriKind.Relative), Json(Body(1)), Cancellation))
            Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        _postgres.Begin();

        await UntilAsync(server, running, "completed");
        await UntilAsync(server, waiting, "completed");
        Assert.Equal(HttpStatusCode.OK, (await server.GenerateAsync(Body(1))).Status);
        Assert.Equal(3, (await GetAsync(server, "/api/images")).GetProperty("images").GetArrayLength());
    }

    [Fact]
    public async Task Machines_know_each_other_and_a_model_is_used_where_it_is()
    {
        // The new key is only here yet: the other machine takes the old one, which this one still shows and takes.
        using ServerProcess here = await StartAsync(Node(NewKey, OldKey), data => File.WriteAllText(
            Path.Combine(data, "settings.json"), """{"SdStudio":{"Security":{"ApiKeys":{"ann":"a-key-for-ann"}}}}"""));
        using ServerProcess there = await StartAsync(Node(OldKey), data => AddModel(data, "demo-diffusion.gguf"));
        string id = await NodeAsync(there), own = await NodeAsync(here);

        // A model that only the other machine knows is listed here, is started from here where it is, and ended from here.
        JsonElement model = await UntilAsync(here, "other", model => model.GetProperty("nodes").EnumerateArray().Any(node => node.GetProperty("id").GetString() == id && node.GetProperty("allFilesExist").GetBoolean()));
        Assert.Equal("stopped", model.GetProperty("status").GetString());
        await UntilAsync(async () => (await StatusOfAsync(here, HttpMethod.Post, "/api/models/other/start")) == HttpStatusCode.OK);
        await UntilAsync(here, "other", model => model.GetProperty("status").GetString() == "running");
        Assert.Equal(HttpStatusCode.OK, await StatusOfAsync(here, HttpMethod.Post, "/api/models/other/stop"));
        await UntilAsync(here, "other", model => model.GetProperty("status").GetString() == "stopped");

        // One that both have is started where that was asked for.
        Assert.Equal(HttpStatusCode.OK, await StatusOfAsync(here, HttpMethod.Post, $"/api/models/demo/start?node={id}"));
        model = await UntilAsync(here, "demo", model => model.GetProperty("status").GetString() == "running");
        Assert.Equal(["running", "stopped"], model.GetProperty("nodes").EnumerateArray().OrderBy(node => node.GetProperty("id").GetString() != id).Select(node => node.GetProperty("status").GetString()));
        Assert.Equal(HttpStatusCode.OK, await StatusOfAsync(here, HttpMethod.Get, $"/api/models/download?node={id}"));
        Assert.Equal(HttpStatusCode.NotFound, await StatusOfAsync(here, HttpMethod.Get, "/api/models/download?node=nowhere"));
        await UntilAsync(async () => (await GetAsync(here, "/api/nodes")).GetProperty("nodes").EnumerateArray().Single(node => node.GetProperty("id").GetString() == id)
            .GetProperty("models").EnumerateArray().Any(model => model.GetProperty("id").GetString() == "other"));

        // Who shows no key or another one is nobody; the shared settings came with the database.
        using var stranger = new HttpClient { BaseAddress = there.Client.BaseAddress };
        foreach ((string header, string key, HttpStatusCode expected) in new[]
        {
            ("X-SdStudio-Node", OldKey, HttpStatusCode.OK), ("X-SdStudio-Node", NewKey, HttpStatusCode.Unauthorized), ("X-Api-Key", "a-key-for-ann", HttpStatusCode.OK),
            ("X-Api-Key", "another key", HttpStatusCode.Unauthorized),
        })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/api/models") { Headers = { { header, key } } };
            using HttpResponseMessage answer = await stranger.SendAsync(request, Cancellation);
            Assert.Equal((header, key, expected), (header, key, answer.StatusCode));
        }

        // A style that is kept here is there a moment later.
        using (HttpResponseMessage kept = await here.Client.PutAsync(new Uri("/api/styles/old%20film", UriKind.Relative), Json("""{"prompt":"grain"}"""), Cancellation))
            Assert.True(kept.IsSuccessStatusCode, await kept.Content.ReadAsStringAsync(Cancellation));
        await UntilAsync(async () => (await GetAsync(there, "/api/styles")).ToString().Contains("old film", StringComparison.Ordinal));

        // Whoever watches here sees what the other machine generates.
        await PostAsync(here, $"/api/nodes/{own}/drain", "{}");
        using HttpResponseMessage events = await here.Client.GetAsync(new Uri("/api/events?channels=previews", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, Cancellation);
        string job = await EnqueueAsync(here, steps: 1000);
        await HearAsync(events, "job_preview");
        using (HttpResponseMessage preview = await here.Client.GetAsync(new Uri($"/api/queue/{job}/preview", UriKind.Relative), Cancellation))
            Assert.Equal((HttpStatusCode.OK, "image/webp"), (preview.StatusCode, preview.Content.Headers.ContentType?.MediaType));
        Assert.Equal(HttpStatusCode.OK, await StatusOfAsync(here, HttpMethod.Delete, $"/api/queue/{job}"));
        await UntilAsync(here, job, "cancelled");
    }

    [Fact]
    public async Task A_job_waits_for_a_machine_that_has_the_very_file_of_its_model()
    {
        using ServerProcess here = await StartAsync([], data => AddModel(data, "other.gguf"));
        using ServerProcess there = await StartAsync([], data => AddModel(data, "other.gguf"));
        // Each has a file of that name, and they differ in a byte.
        byte[] file = await File.ReadAllBytesAsync(Path.Combine(_folders[0], "models", "demo-diffusion.gguf"), Cancellation);
        await File.WriteAllBytesAsync(Path.Combine(_folders[1], "models", "other.gguf"), file, Cancellation);
        file[^1] ^= 1;
        await File.WriteAllBytesAsync(Path.Combine(_folders[0], "models", "other.gguf"), file, Cancellation);
        await PostAsync(here, $"/api/nodes/{await NodeAsync(here)}/drain", "{}");
        const string body = """{"model":"other","prompt":"a red circle","size":"64x64","steps":1,"seed":"3"}""";
        // From the first job on the machine knows what its file is.
        Assert.Equal(HttpStatusCode.OK, (await there.GenerateAsync(body)).Status);
        await PostAsync(there, $"/api/nodes/{await NodeAsync(there)}/drain", "{}");
        await PostAsync(here, $"/api/nodes/{await NodeAsync(here)}/resume", "{}");

        string waiting = (await PostAsync(there, "/api/queue/generate", body)).GetProperty("job_id").GetString()!;
        Assert.Equal(HttpStatusCode.OK, (await here.GenerateAsync(Body(1))).Status);
        Assert.Equal("pending", (await GetAsync(here, $"/api/queue/{waiting}")).GetProperty("status").GetString());
        await PostAsync(there, $"/api/nodes/{await NodeAsync(there)}/resume", "{}");
        await UntilAsync(here, waiting, "completed");
    }

    [Fact]
    public async Task A_request_for_a_model_that_only_another_machine_has_is_accepted_on_every_surface_and_waits_for_it()
    {
        using ServerProcess here = await StartAsync();
        using ServerProcess there = await StartAsync([], data => AddModel(data, "demo-diffusion.gguf"));
        string id = await NodeAsync(there);
        await PostAsync(there, $"/api/nodes/{id}/drain", "{}");
        const string body = """{"model":"other","prompt":"a red circle","size":"64x64","steps":1,"seed":"3"}""";
        // It hears of the other machine's models within a moment.
        await UntilAsync(async () => (await GetAsync(here, "/v1/models")).GetProperty("data").EnumerateArray().Any(model => model.GetProperty("id").GetString() == "other"));
        Assert.Contains((await GetAsync(here, "/sdapi/v1/sd-models")).EnumerateArray(), model => model.GetProperty("title").GetString()!.Contains("Other", StringComparison.Ordinal));

        string waiting = (await PostAsync(here, "/api/queue/generate", body)).GetProperty("job_id").GetString()!;
        JsonElement job;
        do
            job = await GetAsync(here, $"/api/queue/{waiting}");
        while (!job.GetProperty("waiting_for").GetString()!.Contains("has its model and begins no jobs now", StringComparison.Ordinal));
        Assert.Equal("pending", job.GetProperty("status").GetString());
        await PostAsync(here, $"/api/nodes/{id}/resume", "{}");
        Assert.Equal("other", (await UntilAsync(here, waiting, "completed")).GetProperty("model").GetString());
        Assert.Single((await PostAsync(here, "/v1/images/generations", """{"model":"other","prompt":"a red circle","size":"64x64","response_format":"b64_json"}""")).GetProperty("data").EnumerateArray());
        Assert.Single((await PostAsync(here, "/sdapi/v1/txt2img", """{"prompt":"a red circle","width":64,"height":64,"steps":1,"override_settings":{"sd_model_checkpoint":"Other"}}""")).GetProperty("images").EnumerateArray());
        Assert.All((await GetAsync(here, "/api/images")).GetProperty("images").EnumerateArray(), image => Assert.Equal("other", image.GetProperty("model").GetString()));
        using HttpResponseMessage unknown = await here.Client.PostAsync(new Uri("/api/queue/generate", UriKind.Relative), Json(body.Replace("other", "nobodys", StringComparison.Ordinal)), Cancellation);
        Assert.Equal(HttpStatusCode.BadRequest, unknown.StatusCode);
    }

    [Fact]
    public async Task Machines_share_a_folder_of_images_in_which_each_claim_of_a_job_has_files_of_its_own()
    {
        string shared = Directory.CreateDirectory(NewFolder()).FullName;
        (string, string)[] settings = [("SdStudio__Images__Directory", shared)];
        using ServerProcess here = await StartAsync(settings, _ => { });
        using ServerProcess there = await StartAsync(settings, _ => { });
        await PostAsync(there, $"/api/nodes/{await NodeAsync(here)}/drain", "{}");
        string Files() => string.Join('\n', Directory.EnumerateFiles(Path.Combine(shared, "images")).Select(file => Path.GetFileName(file)!).Order(StringComparer.Ordinal));

        Assert.Equal(HttpStatusCode.OK, (await here.GenerateAsync("""{"model":"demo","prompt":"a red circle","size":"64x64","steps":1,"seed":"7","n":2}""")).Status);
        string[] images = [.. (await GetAsync(here, "/api/images")).GetProperty("images").EnumerateArray().Select(image => image.GetProperty("id").GetString()!)];
        Assert.Equal(string.Join('\n', images.Select(image => $"{image}.1.png").Order(StringComparer.Ordinal)), Files());
        foreach (string image in images)
        {
            byte[] file = await File.ReadAllBytesAsync(Path.Combine(shared, "images", $"{image}.1.png"), Cancellation);
            Assert.Equal(file, await here.Client.GetByteArrayAsync(new Uri($"/api/images/{image}", UriKind.Relative), Cancellation));
            Assert.Equal(file, await there.Client.GetByteArrayAsync(new Uri($"/api/images/{image}", UriKind.Relative), Cancellation));
            using var range = new HttpRequestMessage(HttpMethod.Get, $"/api/images/{image}") { Headers = { Range = new System.Net.Http.Headers.RangeHeaderValue(8, 15) } };
            using HttpResponseMessage part = await here.Client.SendAsync(range, Cancellation);
            Assert.Equal(HttpStatusCode.PartialContent, part.StatusCode);
            Assert.Equal(file[8..16], await part.Content.ReadAsByteArrayAsync(Cancellation));
            Assert.Equal(HttpStatusCode.OK, await StatusOfAsync(there, HttpMethod.Get, $"/api/images/{image}/thumbnail"));
        }

        Assert.All(_folders[1..], data => Assert.Empty(Directory.EnumerateFiles(data, "*.png", SearchOption.AllDirectories)));
        foreach (string image in images)
            Assert.Equal(HttpStatusCode.OK, await StatusOfAsync(here, HttpMethod.Delete, $"/api/images/{image}"));
        Assert.Equal(HttpStatusCode.NotFound, await StatusOfAsync(there, HttpMethod.Get, $"/api/images/{images[0]}"));
        Assert.Equal("", Files());
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(shared, "thumbnails"), "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task A_job_whose_machine_could_not_reach_the_database_for_longer_than_its_lease_runs_again_and_is_not_cancelled()
    {
        using ServerProcess server = await StartAsync();
        string running = await EnqueueAsync(server, steps: 60);
        await UntilAsync(server, running, "processing");

        _postgres!.Kill();
        await UntilAsync(() => server.Output.Contains("taken over by another machine", StringComparison.Ordinal));
        _postgres.Begin();

        await UntilAsync(server, running, "completed");
        Assert.Equal(1, (await GetAsync(server, "/api/images")).GetProperty("images").GetArrayLength());
    }

    [Fact]
    public async Task A_database_that_cannot_be_used_is_named_in_one_sentence_without_its_password()
    {
        using var server = ServerProcess.Launch(NewFolder(), FreePort.Find(), ("SdStudio__Database", "Host=127.0.0.1;Port=1;Username=sdstudio;Database=x;Password=hush"));
        Assert.Equal(1, await server.WaitForExitAsync());
        Assert.Contains("SdStudio cannot start: The PostgreSQL database in SdStudio:Database cannot be used", server.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("hush", server.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", server.Output, StringComparison.Ordinal);
    }

    private Task<ServerProcess> StartAsync() => StartAsync([], _ => { });

    private async Task<ServerProcess> StartAsync((string, string)[] settings, Action<string> prepare)
    {
        string folder = Directory.CreateDirectory(NewFolder()).FullName;
        prepare(folder);
        int port = FreePort.Find();
        ServerProcess server = ServerProcess.Launch(
            folder, port,
            [
                ("SdStudio__Database", _database), ("SdStudio__Queue__LeaseSeconds", LeaseSeconds),
                .. settings.Select(setting => (setting.Item1, setting.Item2.Replace("PORT", $"{port}", StringComparison.Ordinal))),
            ]);
        server.Client.DefaultRequestHeaders.Add("X-Api-Key", ApiKey);
        await server.WaitUntilItAnswersAsync();
        return server;
    }

    private static (string, string)[] Node(string key, string formerKey = "") =>
    [
        ("SdStudio__Node__Address", "http://127.0.0.1:PORT"), ("SdStudio__Node__Key", key), ("SdStudio__Node__FormerKey", formerKey),
        ("SdStudio__Security__ApiKey", ApiKey), ("SdStudio__Previews", "decoded"),
    ];

    // Beside those that come with the server.
    private static void AddModel(string data, string file)
    {
        File.Copy(Path.Combine(ServerProcess.Repository, "src", "SdStudio.Server", "Models", "Catalogue", "models.yml"), Path.Combine(data, "models.yml"));
        File.WriteAllText(
            Path.Combine(data, "more.yml"),
            $$"""
            models:
              other:
                name: "Other"
                capabilities: ["text-to-image"]
                args: ["--diffusion-model", "models/{{file}}", "--llm", "models/demo-text-encoder.gguf", "--taesd", "models/demo-taesd.gguf"]
            """);
    }

    private string NewFolder()
    {
        _folders.Add(ServerProcess.NewFolder());
        return _folders[^1];
    }

    private static string Body(int steps) => $$"""{"model":"demo","prompt":"a red circle","size":"64x64","steps":{{steps}},"seed":"3"}""";

    private static StringContent Json(string json) => new(json, Encoding.UTF8, "application/json");

    private static async Task<string> NodeAsync(ServerProcess server) => (await GetAsync(server, "/api/nodes")).GetProperty("nodes").EnumerateArray()
        .Single(node => node.GetProperty("is_this").GetBoolean()).GetProperty("id").GetString()!;

    private static async Task<string> EnqueueAsync(ServerProcess server, int steps) => (await PostAsync(server, "/api/queue/generate", Body(steps))).GetProperty("job_id").GetString()!;

    private static async Task<JsonElement> GetAsync(ServerProcess server, string path) =>
        await server.Client.GetFromJsonAsync(new Uri(path, UriKind.Relative), JsonContext.Default.JsonElement, Cancellation);

    private static async Task<JsonElement> PostAsync(ServerProcess server, string path, string json)
    {
        using HttpResponseMessage response = await server.Client.PostAsync(new Uri(path, UriKind.Relative), Json(json), Cancellation);
        string body = await response.Content.ReadAsStringAsync(Cancellation);
        Assert.True(response.IsSuccessStatusCode, $"{path}: {response.StatusCode} {body}");
        return JsonElement.Parse(body);
    }

    private static async Task<JsonElement> UntilAsync(ServerProcess server, string id, string status)
    {
        while (true)
        {
            JsonElement job = await GetAsync(server, $"/api/queue/{id}");
            string now = job.GetProperty("status").GetString()!;
            if (now == status)
                return job;
            Assert.True(now is "pending" or "processing", $"{id} is {now} and not {status}: {job}\n{server.Output}");
            await Task.Delay(50, Cancellation);
        }
    }

    private static async Task<JsonElement> UntilAsync(ServerProcess server, string model, Func<JsonElement, bool> condition)
    {
        while (true)
        {
            JsonElement found = (await GetAsync(server, "/api/models")).GetProperty("models").EnumerateArray().FirstOrDefault(known => known.GetProperty("id").GetString() == model);
            if (found.ValueKind == JsonValueKind.Object && condition(found))
                return found;
            await Task.Delay(50, Cancellation);
        }
    }

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        while (!await condition())
            await Task.Delay(50, Cancellation);
    }

    private static async Task<HttpStatusCode> StatusOfAsync(ServerProcess server, HttpMethod method, string path)
    {
        using var request = new HttpRequestMessage(method, path);
        using HttpResponseMessage response = await server.Client.SendAsync(request, Cancellation);
        return response.StatusCode;
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        while (!condition())
            await Task.Delay(50, Cancellation);
    }

    private static async Task HearAsync(HttpResponseMessage events, params string[] types)
    {
        using var reader = new StreamReader(await events.Content.ReadAsStreamAsync(Cancellation));
        var missing = new HashSet<string>(types, StringComparer.Ordinal);
        while (missing.Count > 0 && await reader.ReadLineAsync(Cancellation) is { } line)
            missing.RemoveWhere(type => line == $"event: {type}");
        Assert.Empty(missing);
    }
}
