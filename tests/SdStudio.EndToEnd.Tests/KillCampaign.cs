using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Data.Sqlite;

namespace SdStudio.EndToEnd.Tests;

/// <summary>What the server has acknowledged, and whether that is still true after it died.</summary>
internal sealed class KillCampaign(string data, Random random)
{
    private const int Waiting = 8;
    private const string Generate = "/api/queue/generate";

    // What may be sent; the image comes as a file.
    private static readonly (string Path, (string, string)[] Fields, bool HasImage)[] Requests =
    [
        (Generate, [("prompt", "a red circle"), ("steps", "4"), ("n", "1")], false), (Generate, [("prompt", "a red circle"), ("steps", "3"), ("n", "3")], false),
        (Generate, [("prompt", "a red circle"), ("steps", "2"), ("hires_scale", "2")], false), ("/api/queue/edit", [("prompt", "a green square"), ("steps", "3")], true),
        ("/api/queue/variation", [("steps", "3"), ("n", "2")], true), ("/api/queue/upscale", [("upscaler", "Lanczos"), ("upscale_factor", "2")], true),
        (Generate, [("prompt", "a red circle"), ("steps", "20"), ("size", "96x96")], false),
    ];

    private readonly Dictionary<string, Known> _jobs = new(StringComparer.Ordinal);
    private byte[]? _image;
    private int _checks, _cancels, _deletes, _retries;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>What is known of a job that was acknowledged.</summary>
    private sealed class Known
    {
        /// <summary>How many images it is to have.</summary>
        public required int Count { get; init; }

        /// <summary>Its last state that was seen and that nothing but a request changes; null when there is none.</summary>
        public string? Ended { get; set; }

        /// <summary>Whether it must end without having completed after it began.</summary>
        public bool IsCancelled { get; set; }

        /// <summary>Whether a deletion was answered.</summary>
        public bool IsDeleted { get; set; }

        /// <summary>Whether something was asked for whose answer did not come: it may have happened or not.</summary>
        public bool IsUncertain { get; set; }
    }

    public string Summary(int deaths) => string.Create(
        CultureInfo.InvariantCulture,
        $"{deaths} deaths survived: {_jobs.Count} jobs acknowledged, {_cancels} cancelled, {_deletes} deleted, {_retries} tried again; {_checks} images compared");

    /// <summary>Fills the queue.</summary>
    public async Task WorkAsync(ServerProcess server)
    {
        _image ??= await FirstImageAsync(server);
        JsonElement stats = await GetAsync(server, "/api/queue/stats");
        for (int i = stats.GetProperty("pending").GetInt32(); i < Waiting; i++)
            await AddAsync(server, Cancellation);
    }

    /// <summary>Adds, cancels, deletes and retries until the server is gone.</summary>
    public async Task AskUntilAsync(ServerProcess server, CancellationToken end)
    {
        while (!end.IsCancellationRequested)
        {
            try
            {
                await (random.Next(5) switch
                {
                    0 => AddAsync(server, end),
                    1 => CancelAsync(server, end),
                    2 => DeleteAsync(server, end),
                    3 => RetryAsync(server, end),
                    _ => Task.CompletedTask,
                });
                await Task.Delay(random.Next(60), end);
            }
            catch (Exception exception) when (exception is HttpRequestException or IOException or OperationCanceledException)
            {
                // It dies: what was asked may have happened or not.
                await Task.Delay(20, Cancellation);
            }
        }
    }

    /// <summary>Compares what the server says with what it has acknowledged.</summary>
    public async Task CheckAsync(ServerProcess server)
    {
        Dictionary<string, JsonElement> jobs = await ListAsync(server);
        foreach ((string id, Known known) in _jobs)
        {
            bool isThere = jobs.TryGetValue(id, out JsonElement job);
            Assert.False(isThere && known.IsDeleted, $"{id} was deleted and is there");
            if (!isThere)
            {
                Assert.True(known.IsDeleted || known.IsUncertain, $"{id} was acknowledged and is gone");
                known.IsDeleted = true;
                continue;
            }

            string status = job.GetProperty("status").GetString()!;
            Assert.True(known.Ended is null || known.Ended == status || known.IsUncertain, $"{id} was {known.Ended} and is {status}");
            Assert.False(known.IsCancelled && !known.IsUncertain && status is "pending", $"{id} was cancelled and waits");
            known.IsUncertain = false;
            if (status is "pending" or "processing")
            {
                known.Ended = null;
                continue;
            }

            // Only what its own threads did is a job's fault; nothing else that ends the process is.
            Assert.True(status != "failed" || job.GetProperty("error").GetString()!.Contains("ended 2 times while it ran this job", StringComparison.Ordinal), $"{job}");
            if (known.Ended != status)
                await ImagesAsync(server, id, status == "completed" ? known.Count : null);
            (known.Ended, known.IsCancelled) = (status, false);
        }
    }

    /// <summary>The database of a server that is gone, with what it wrote last.</summary>
    public void CheckIntegrity(string when)
    {
        string copy = Directory.CreateTempSubdirectory("sdstudio-e2e-").FullName;
        try
        {
            foreach (string file in Directory.EnumerateFiles(data, "sdstudio.db*"))
                File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
            using var connection = new SqliteConnection($"Data Source={Path.Combine(copy, "sdstudio.db")};Pooling=False");
            connection.Open();
            using SqliteCommand command = connection.CreateCommand();
            command.CommandText = "PRAGMA integrity_check";
            Assert.True((string)command.ExecuteScalar()! == "ok", when);
        }
        finally
        {
            Directory.Delete(copy, recursive: true);
        }
    }

    /// <summary>Waits until everything has ended and compares the disk with the rows.</summary>
    public async Task EndAsync(ServerProcess server)
    {
        JsonElement stats;
        do
        {
            await Task.Delay(50, Cancellation);
            stats = await GetAsync(server, "/api/queue/stats");
        }
        while (stats.GetProperty("pending").GetInt32() + stats.GetProperty("processing").GetInt32() > 0);

        await CheckAsync(server);
        Assert.All(_jobs.Values, job => Assert.True(job.IsDeleted || job.Ended is not null));
        Assert.Contains(_jobs.Values, job => job is { IsDeleted: false, Ended: "completed" });
        foreach ((string id, Known known) in _jobs.Where(job => job.Value is { IsDeleted: false, Ended: "completed" }))
            await ImagesAsync(server, id, known.Count);
        string[] images = Rows("SELECT file_path FROM images");
        string[] inputs = Rows("SELECT tree.value FROM jobs, json_tree(settings) AS tree WHERE tree.type = 'text' AND tree.value LIKE 'inputs/%'");
        // The sweep of the start may still be at work.
        await UntilSameAsync(images, "images");
        await UntilSameAsync(inputs, "inputs");
        Assert.Empty(Directory.GetFiles(data, "*.tmp", SearchOption.AllDirectories));
        HashSet<string> ids = [.. images.Select(Path.GetFileNameWithoutExtension).OfType<string>()];
        Assert.All(Directory.EnumerateDirectories(Path.Combine(data, "thumbnails")).SelectMany(Directory.EnumerateDirectories), folder => Assert.Contains(Path.GetFileName(folder), ids));
    }

    private async Task UntilSameAsync(string[] rows, string folder)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        patience.CancelAfter(TimeSpan.FromSeconds(20));
        while (true)
        {
            string[] files = [.. Directory.GetFiles(Path.Combine(data, folder)).Select(file => $"{folder}/{Path.GetFileName(file)}")];
            if (files.ToHashSet(StringComparer.Ordinal).SetEquals(rows))
                return;
            if (patience.IsCancellationRequested)
                Assert.Equal(rows.Order(StringComparer.Ordinal), files.Order(StringComparer.Ordinal));
            await Task.Delay(50, Cancellation);
        }
    }

    private string[] Rows(string sql)
    {
        using var connection = new SqliteConnection($"Data Source={Path.Combine(data, "sdstudio.db")};Mode=ReadOnly;Pooling=False");
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        using SqliteDataReader reader = command.ExecuteReader();
        List<string> rows = [];
        while (reader.Read())
            rows.Add(reader.GetString(0));
        return [.. rows];
    }

    private static async Task<Dictionary<string, JsonElement>> ListAsync(ServerProcess server)
    {
        var jobs = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        JsonElement page;
        do
        {
            page = await GetAsync(server, $"/api/queue?limit=1000&offset={jobs.Count}");
            foreach (JsonElement job in page.GetProperty("jobs").EnumerateArray())
                jobs.Add(job.GetProperty("id").GetString()!, job);
        }
        while (page.GetProperty("jobs").GetArrayLength() == 1000);

        return jobs;
    }

    /// <param name="server">That has them.</param>
    /// <param name="id">The job.</param>
    /// <param name="count">How many there are to be; null for any, from the first on.</param>
    private async Task ImagesAsync(ServerProcess server, string id, int? count)
    {
        JsonElement[] images = [.. (await GetAsync(server, $"/api/generations/{id}/images")).EnumerateArray()];
        Assert.Equal(Enumerable.Range(0, count ?? images.Length), images.Select(image => image.GetProperty("index_in_batch").GetInt32()));
        foreach (JsonElement image in images)
        {
            byte[] bytes = await server.Client.GetByteArrayAsync(new Uri($"/api/images/{image.GetProperty("id").GetString()}", UriKind.Relative), Cancellation);
            Assert.True(bytes.AsSpan()[^8..^4].SequenceEqual("IEND"u8), $"{id} has a file that is cut off");
            await server.Client.GetByteArrayAsync(new Uri($"/api/images/{image.GetProperty("id").GetString()}/thumbnail", UriKind.Relative), Cancellation);
            _checks++;
        }
    }

    private async Task AddAsync(ServerProcess server, CancellationToken cancellation)
    {
        (string path, (string Name, string Value)[] fields, bool hasImage) = Requests[random.Next(Requests.Length)];
        using var form = new MultipartFormDataContent { { new StringContent("demo"), "model" } };
        if (!fields.Any(field => field.Name == "size"))
            form.Add(new StringContent("32x32"), "size");
        foreach ((string name, string value) in fields)
            form.Add(new StringContent(value), name);
        if (hasImage)
            form.Add(new ByteArrayContent(_image!), "image", "image.png");
        // Sent in any case: a request that is cut off by its own client would prove nothing.
        using HttpResponseMessage response = await server.Client.PostAsync(new Uri(path, UriKind.Relative), form, Cancellation);
        JsonElement answer = await response.Content.ReadFromJsonAsync(JsonContext.Default.JsonElement, Cancellation);
        if (response.StatusCode == HttpStatusCode.ServiceUnavailable)
            return;
        Assert.True(response.StatusCode == HttpStatusCode.OK, $"{path}: {answer}");
        string? n = fields.FirstOrDefault(field => field.Name == "n").Value;
        _jobs.Add(answer.GetProperty("job_id").GetString()!, new Known { Count = n is null ? 1 : int.Parse(n, CultureInfo.InvariantCulture) });
        cancellation.ThrowIfCancellationRequested();
    }

    private async Task CancelAsync(ServerProcess server, CancellationToken cancellation)
    {
        if (Any(job => job.Ended is null) is not var (id, job))
            return;
        if (await TryAsync(server, HttpMethod.Delete, $"/api/queue/{id}", job))
        {
            job.IsCancelled = true;
            _cancels++;
        }

        cancellation.ThrowIfCancellationRequested();
    }

    private async Task DeleteAsync(ServerProcess server, CancellationToken cancellation)
    {
        if (Any(job => job.Ended is not null) is not var (id, job))
            return;
        if (await TryAsync(server, HttpMethod.Delete, $"/api/generations/{id}", job))
        {
            job.IsDeleted = true;
            _deletes++;
        }

        cancellation.ThrowIfCancellationRequested();
    }

    private async Task RetryAsync(ServerProcess server, CancellationToken cancellation)
    {
        if (Any(job => job.Ended is "cancelled" or "failed") is not var (id, job))
            return;
        if (await TryAsync(server, HttpMethod.Post, $"/api/queue/{id}/retry", job))
        {
            (job.Ended, job.IsCancelled) = (null, false);
            _retries++;
        }

        cancellation.ThrowIfCancellationRequested();
    }

    private static async Task<bool> TryAsync(ServerProcess server, HttpMethod method, string path, Known job)
    {
        job.IsUncertain = true;
        using var request = new HttpRequestMessage(method, path);
        using HttpResponseMessage response = await server.Client.SendAsync(request, Cancellation);
        Assert.True(response.StatusCode is HttpStatusCode.OK or HttpStatusCode.NotFound or HttpStatusCode.Conflict or HttpStatusCode.ServiceUnavailable, $"{method} {path}: {response.StatusCode}");
        // What ended meanwhile, or is ending: the next look tells.
        job.IsUncertain = response.StatusCode == HttpStatusCode.ServiceUnavailable;
        return response.StatusCode == HttpStatusCode.OK;
    }

    private (string Id, Known Job)? Any(Func<Known, bool> predicate)
    {
        KeyValuePair<string, Known>[] some = [.. _jobs.Where(job => !job.Value.IsDeleted && !job.Value.IsUncertain && predicate(job.Value))];
        return some.Length == 0 ? null : (some[random.Next(some.Length)] is var (id, job) ? (id, job) : null);
    }

    private async Task<byte[]> FirstImageAsync(ServerProcess server)
    {
        (_, JsonElement body) = await server.GenerateAsync("""{"model":"demo","prompt":"a red circle on a blue background","size":"32x32","steps":2}""");
        string id = body.GetProperty("id").GetString()!;
        _jobs.Add(id, new Known { Count = 1 });
        return await server.Client.GetByteArrayAsync(new Uri($"/api/generations/{id}/image", UriKind.Relative), Cancellation);
    }

    private static async Task<JsonElement> GetAsync(ServerProcess server, string path) =>
        await server.Client.GetFromJsonAsync(new Uri(path, UriKind.Relative), JsonContext.Default.JsonElement, Cancellation);
}
