using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;

namespace SdStudio.EndToEnd.Tests;

/// <summary>What several machines have acknowledged, and whether that is still true after one of them, their database or a wire failed.</summary>
internal sealed class FaultCampaign(FaultyMachines machines, Random random)
{
    private const int Waiting = 6;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<string, Wanted> _jobs = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, byte[]> _pixels = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, int> _heard = new(StringComparer.Ordinal);
    private string? _lastEvent;
    private int _keys, _compared, _resumed, _told;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private sealed record Wanted(int Steps, int Seed, int Count)
    {
        public bool IsChecked { get; set; }
    }

    public string Summary(int faults) => string.Create(
        CultureInfo.InvariantCulture,
        $"{faults} faults survived: {_jobs.Count} jobs acknowledged and completed, {_compared} images compared, {_heard.Count} completions heard by a client that resumed {_resumed} times; {_told} jobs failed with a full disk and completed when they were tried again");

    /// <summary>Adds jobs, at any machine, until it is told to stop: an answer that does not come is asked for again with its key, elsewhere.</summary>
    public async Task AddAsync(CancellationToken end)
    {
        while (!end.IsCancellationRequested)
        {
            if (_jobs.Values.Count(job => !job.IsChecked) < Waiting)
            {
                var wanted = new Wanted(random.Next(2, 12), random.Next(1, 6), random.Next(1, 3));
                string json = $$"""{"model":"demo","prompt":"a red circle","size":"32x32","steps":{{wanted.Steps}},"seed":"{{wanted.Seed}}","n":{{wanted.Count}}}""";
                string key = $"key-{Interlocked.Increment(ref _keys)}";
                JsonElement answer = await AskAsync(machine => Request(machine, json, key));
                Assert.True(_jobs.TryAdd(answer.GetProperty("job_id").GetString()!, wanted), $"{key} was acknowledged as a job that had another key");
            }

            await Task.Delay(20, CancellationToken.None);
        }
    }

    /// <summary>Listens for completions at any machine, and goes on at another one where it stopped.</summary>
    public async Task ListenAsync(CancellationToken end)
    {
        while (!end.IsCancellationRequested)
        {
            try
            {
                ServerProcess machine = Any();
                using var request = new HttpRequestMessage(HttpMethod.Get, "/api/events?channels=generations");
                if (_lastEvent is not null)
                    request.Headers.Add("Last-Event-ID", _lastEvent);
                using var answers = CancellationTokenSource.CreateLinkedTokenSource(end);
                answers.CancelAfter(Patience);
                using HttpResponseMessage response = await machine.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, answers.Token);
                using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(answers.Token));
                await HearAsync(reader, end);
            }
            catch (Exception exception) when (exception is HttpRequestException or IOException or OperationCanceledException)
            {
                await Task.Delay(50, CancellationToken.None);
            }

            _resumed++;
        }
    }

    /// <summary>Waits until every job has completed, with the images it was to have, and the client has heard of each.</summary>
    public async Task SettleAsync(string when)
    {
        foreach ((string id, Wanted wanted) in _jobs.Where(job => !job.Value.IsChecked))
        {
            JsonElement job = await EndOfAsync(id);
            if (job.GetProperty("error").ToString().Contains("the disk is full", StringComparison.Ordinal))
            {
                // Its owner is told, and it can be tried again.
                _told++;
                await AskAsync(machine => (machine, new HttpRequestMessage(HttpMethod.Post, $"/api/queue/{id}/retry")));
                job = await EndOfAsync(id);
            }

            Assert.True(job.GetProperty("status").GetString() == "completed", $"{when}: {job}");
            await CompareAsync(id, wanted, when);
            while (!_heard.ContainsKey(id))
                await Task.Delay(50, Cancellation);
            wanted.IsChecked = true;
        }

        Assert.All(machines.Machines, machine => Assert.False(machine.HasEnded, $"{when}: a machine has ended by itself\n{machine.Output}"));
        Assert.True(_heard.Values.All(times => times == 1), $"{when}: an event came twice");
        // Rows and files are the same set, and no job has an image twice.
        Assert.Equal("0", machines.Ask("SELECT count(*) FROM images WHERE NOT EXISTS (SELECT 1 FROM blobs WHERE blobs.name = images.file_path)"));
        Assert.Equal("0", machines.Ask("SELECT count(*) FROM (SELECT 1 FROM images GROUP BY job_id, index_in_batch HAVING count(*) > 1) AS twice"));
    }

    private async Task<JsonElement> EndOfAsync(string id)
    {
        while (true)
        {
            JsonElement job = await AskAsync(machine => Get(machine, $"/api/queue/{id}"));
            if (job.GetProperty("status").GetString() is not ("pending" or "processing"))
                return job;
            // How it ends is asked and not heard: that events come is what this tests.
            await Task.Delay(50, Cancellation);
        }
    }

    private async Task CompareAsync(string id, Wanted wanted, string when)
    {
        JsonElement[] images = [.. (await AskAsync(machine => Get(machine, $"/api/generations/{id}/images"))).EnumerateArray()];
        Assert.Equal(Enumerable.Range(0, wanted.Count), images.Select(image => image.GetProperty("index_in_batch").GetInt32()));
        foreach (JsonElement image in images)
        {
            byte[] pixels = PixelsOf(await BytesAsync($"/api/images/{image.GetProperty("id").GetString()}"));
            string what = $"{wanted.Steps} steps, seed {wanted.Seed + image.GetProperty("index_in_batch").GetInt32()}";
            Assert.True(pixels.AsSpan().SequenceEqual(_pixels.GetOrAdd(what, pixels)), $"{when}: {id} is another image than others of {what}");
            _compared++;
        }
    }

    private async Task HearAsync(StreamReader reader, CancellationToken end)
    {
        string? position = null, type = null;
        while (true)
        {
            // There is a heartbeat every 15 s; a machine that sleeps says nothing.
            using var silence = CancellationTokenSource.CreateLinkedTokenSource(end);
            silence.CancelAfter(Patience * 2);
            if (await reader.ReadLineAsync(silence.Token) is not { } line)
                return;
            if (line.StartsWith("id: ", StringComparison.Ordinal))
                position = line[4..];
            else if (line.StartsWith("event: ", StringComparison.Ordinal))
                type = line[7..];
            else if (line.StartsWith("data: ", StringComparison.Ordinal) && type == "generation_completed")
                _heard.AddOrUpdate(JsonElement.Parse(line[6..]).GetProperty("data").GetProperty("id").GetString()!, 1, (_, times) => times + 1);
            else if (line.Length == 0)
                _lastEvent = position ?? _lastEvent;
            Assert.NotEqual("reset", type);
        }
    }

    // A PNG without the words that say when it was made.
    private static byte[] PixelsOf(byte[] png)
    {
        using var pixels = new MemoryStream();
        for (int at = 8; at < png.Length;)
        {
            int length = System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(at));
            if (png.AsSpan(at + 4, 4).SequenceEqual("IDAT"u8))
                pixels.Write(png, at + 8, length);
            at += length + 12;
        }

        return pixels.ToArray();
    }

    private ServerProcess Any() => machines.Machines is { Count: > 0 } all ? all[random.Next(all.Count)] : throw new HttpRequestException("No machine runs.");

    private async Task<JsonElement> AskAsync(Func<ServerProcess, (ServerProcess, HttpRequestMessage)> ask) => JsonElement.Parse(Encoding.UTF8.GetString(await SendAsync(ask)));

    private Task<byte[]> BytesAsync(string path) => SendAsync(machine => Get(machine, path));

    /// <summary>Asks one machine after the other until one answers: a fault may last for as long as it does.</summary>
    private async Task<byte[]> SendAsync(Func<ServerProcess, (ServerProcess, HttpRequestMessage)> ask)
    {
        var asked = Stopwatch.StartNew();
        string last = "";
        while (asked.Elapsed < TimeSpan.FromMinutes(5))
        {
            try
            {
                (ServerProcess machine, HttpRequestMessage request) = ask(Any());
                using (request)
                {
                    using var patience = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
                    patience.CancelAfter(Patience);
                    using HttpResponseMessage response = await machine.Client.SendAsync(request, patience.Token);
                    byte[] body = await response.Content.ReadAsByteArrayAsync(patience.Token);
                    last = $"{response.StatusCode}: {Encoding.UTF8.GetString(body)}";
                    if (response.IsSuccessStatusCode)
                        return body;
                    Assert.True(response.StatusCode is HttpStatusCode.ServiceUnavailable or HttpStatusCode.InsufficientStorage, last);
                }
            }
            catch (Exception exception) when (exception is HttpRequestException or IOException || (exception is OperationCanceledException && !Cancellation.IsCancellationRequested))
            {
                last = exception.Message;
            }

            await Task.Delay(50, Cancellation);
        }

        throw new InvalidOperationException($"No machine answers: {last}");
    }

    private static (ServerProcess, HttpRequestMessage) Get(ServerProcess machine, string path) => (machine, new HttpRequestMessage(HttpMethod.Get, path));

    private static (ServerProcess, HttpRequestMessage) Request(ServerProcess machine, string json, string key) =>
        (machine, new HttpRequestMessage(HttpMethod.Post, "/api/queue/generate") { Content = new StringContent(json, Encoding.UTF8, "application/json"), Headers = { { "Idempotency-Key", key } } });
}
