using System.Net.Http.Json;
using System.Text;
using System.Text.Json;

namespace SdStudio.EndToEnd.Tests;

/// <summary>A server that is killed again and again while it works.</summary>
public sealed class KillTests : IDisposable
{
    private const int Kills = 50;
    private const int Waiting = 10;

    private readonly string _data = ServerProcess.NewFolder();
    private readonly HashSet<string> _asked = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _seen = new(StringComparer.Ordinal);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        if (Directory.Exists(_data))
            Directory.Delete(_data, recursive: true);
    }

    [Fact]
    public async Task Fifty_kills_lose_nothing_deliver_nothing_twice_and_leave_no_half_file()
    {
        var random = new Random(9);
        for (int kill = 0; kill < Kills; kill++)
        {
            using ServerProcess server = await ServerProcess.StartAsync(_data);
            await FillAsync(server);
            await LookAsync(server);
            // Any moment is right: while it loads, draws, writes.
            await Task.Delay(random.Next(1000), Cancellation);
            await server.SignalAsync("KILL");
        }

        using ServerProcess last = await ServerProcess.StartAsync(_data);
        JsonElement stats;
        do
            stats = await GetAsync(last, "/api/queue/stats");
        while (stats.GetProperty("pending").GetInt32() + stats.GetProperty("processing").GetInt32() > 0);
        await LookAsync(last);
        await EveryJobEndedOnceAsync(last);
        Assert.Empty(Directory.GetFiles(_data, "*.tmp", SearchOption.AllDirectories));
    }

    private async Task FillAsync(ServerProcess server)
    {
        JsonElement stats = await GetAsync(server, "/api/queue/stats");
        for (int i = stats.GetProperty("pending").GetInt32(); i < Waiting; i++)
        {
            using var request = new StringContent(
                """{"model":"demo","prompt":"a red circle on a blue background","size":"64x64","steps":6,"n":2}""", Encoding.UTF8, "application/json");
            using HttpResponseMessage response = await server.Client.PostAsync(new Uri("/api/queue/generate", UriKind.Relative), request, Cancellation);
            JsonElement answer = await response.Content.ReadFromJsonAsync(JsonContext.Default.JsonElement, Cancellation);
            Assert.True(_asked.Add(answer.GetProperty("job_id").GetString()!));
        }
    }

    // What was finished once stays finished, with the same pictures, and each file is whole.
    private async Task LookAsync(ServerProcess server)
    {
        JsonElement queue = await GetAsync(server, "/api/queue?limit=1000");
        Dictionary<string, JsonElement> jobs = queue.GetProperty("jobs").EnumerateArray().ToDictionary(job => job.GetProperty("id").GetString()!);
        Assert.Superset(_asked, jobs.Keys.ToHashSet(StringComparer.Ordinal));
        foreach ((string id, string status) in _seen)
            Assert.Equal(status, jobs[id].GetProperty("status").GetString());
        foreach ((string id, JsonElement job) in jobs)
        {
            string status = job.GetProperty("status").GetString()!;
            if (status is "pending" or "processing" || !_seen.TryAdd(id, status) || status != "completed")
                continue;
            JsonElement images = await GetAsync(server, $"/api/generations/{id}/images");
            Assert.Equal([0, 1], images.EnumerateArray().Select(image => image.GetProperty("index_in_batch").GetInt32()));
            foreach (JsonElement image in images.EnumerateArray())
            {
                byte[] bytes = await server.Client.GetByteArrayAsync(new Uri($"/api/images/{image.GetProperty("id").GetString()}", UriKind.Relative), Cancellation);
                Assert.True(bytes.AsSpan()[^8..^4].SequenceEqual("IEND"u8), $"{id} has a cut file");
            }
        }
    }

    private async Task EveryJobEndedOnceAsync(ServerProcess server)
    {
        JsonElement queue = await GetAsync(server, "/api/queue?limit=1000");
        int completed = 0;
        foreach (JsonElement job in queue.GetProperty("jobs").EnumerateArray())
        {
            string status = job.GetProperty("status").GetString()!;
            // No kill is a job's fault, however many hit it.
            Assert.True(status == "completed", $"{job}");
            Assert.InRange(job.GetProperty("attempts").GetInt32(), 1, Kills + 1);
            completed++;
        }

        Assert.Equal(_asked.Count, queue.GetProperty("total").GetInt32());
        Assert.True(completed > 0);
        // Each picture has one file, and no file is left of a try that was cut off.
        Assert.Equal(completed * 2, Directory.GetFiles(Path.Combine(_data, "images")).Length);
    }

    private static async Task<JsonElement> GetAsync(ServerProcess server, string path) =>
        await server.Client.GetFromJsonAsync(new Uri(path, UriKind.Relative), JsonContext.Default.JsonElement, Cancellation);
}
