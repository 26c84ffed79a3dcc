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
        await UntilAsync(() => sleeping.Output.Contains("another machine's now", StringComparison.Ordinal));
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
    public async Task A_database_that_cannot_be_used_is_named_in_one_sentence_without_its_password()
    {
        using var server = ServerProcess.Launch(NewFolder(), FreePort.Find(), ("SdStudio__Database", "Host=127.0.0.1;Port=1;Username=sdstudio;Database=x;Password=hush"));
        Assert.Equal(1, await server.WaitForExitAsync());
        Assert.Contains("SdStudio cannot start: The PostgreSQL database of SdStudio:Database cannot be used", server.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("hush", server.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", server.Output, StringComparison.Ordinal);
    }

    private Task<ServerProcess> StartAsync() =>
        ServerProcess.StartAsync(NewFolder(), ("SdStudio__Database", _database), ("SdStudio__Queue__LeaseSeconds", LeaseSeconds));

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
