using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Npgsql;
using SdStudio.Tests;

namespace SdStudio.Load;

/// <summary>Several servers with one PostgreSQL: how fast jobs come in and go out, and what a large history costs.</summary>
internal static class ManyLoad
{
    private const int Clients = 8;

    // Until every connection to the database has run every statement once.
    private const int Warm = 100;

    /// <summary>Rates, waits and the worth of four machines.</summary>
    /// <param name="native">The folder with the bridge and the stand-in engine of the tests, which waits in place of computing.</param>
    /// <param name="part">rates, waits, cancels or machines; null for all.</param>
    public static async Task RunAsync(string native, string? part)
    {
        using PostgresServer postgres = PostgresServer.Start(out string reason) ?? throw new InvalidOperationException(reason);
        (string, string)[] engine = [("SdStudio__NativeDirectory", native), ("SdStudio__Queue__MaxWaiting", "100000"), ("SdStudio__Devices__0__Name", "CPU")];
        if (part is null or "rates")
            await RatesAsync(postgres, engine);
        if (part is null or "waits")
        {
            string calls = Path.GetTempFileName();
            using var idle = await Cluster.StartAsync(postgres, 2, [.. engine, ("STANDIN_CALLS", calls)]);
            await WaitsAsync(idle, calls);
            File.Delete(calls);
        }

        if (part is null or "cancels")
        {
            using var two = await Cluster.StartAsync(postgres, 2, engine);
            await CancelsAsync(two);
        }

        if (part is null or "machines")
            await MachinesAsync(postgres, engine);
    }

    private static async Task RatesAsync(PostgresServer postgres, (string, string)[] engine)
    {
        foreach (int machines in new[] { 1, 4 })
        {
            using var cluster = await Cluster.StartAsync(postgres, machines, engine);
            Console.WriteLine(FormattableString.Invariant($"enqueue, {machines} machine(s), {Clients} clients: {await EnqueueAsync(cluster, 1000):F0} jobs a second"));
        }

        foreach (int workers in new[] { 1, 4, 16 })
        {
            using var cluster = await Cluster.StartAsync(postgres, 1, [.. engine, ("SdStudio__Devices__0__Workers", $"{workers}")]);
            Console.WriteLine(FormattableString.Invariant($"claim to end, {workers} worker(s), nothing to compute: {await ThroughputAsync(cluster, 400, "wait 0", steps: 2):F0} jobs a second"));
        }
    }

    // Images of five seconds: what a job costs beside its image is little, as it is with a real engine.
    private static async Task MachinesAsync(PostgresServer postgres, (string, string)[] engine)
    {
        const string prompt = "wait 100";
        const int steps = 50, jobs = 6;
        List<double> one = [], four = [], crowded = [];
        for (int round = 0; round < 2; round++)
        {
            using (var cluster = await Cluster.StartAsync(postgres, 1, engine))
            {
                await ThroughputAsync(cluster, 1, prompt, steps);
                one.Add(await ThroughputAsync(cluster, jobs, prompt, steps));
            }

            using (var cluster = await Cluster.StartAsync(postgres, 4, engine))
            {
                // Each has the model in memory before it is timed.
                await ThroughputAsync(cluster, 4, prompt, steps);
                four.Add(await ThroughputAsync(cluster, 4 * jobs, prompt, steps));
                crowded.Add(await BesideCrowdAsync(cluster, () => ThroughputAsync(cluster, 4 * jobs, prompt, steps)));
            }
        }

        Console.WriteLine(FormattableString.Invariant($"jobs of 5 s with the engine that waits: 1 machine {Median(one):F3} a second, 4 machines {Median(four):F3} ({Median(four) / Median(one):F2} times), beside 100 clients that poll every second {Median(crowded):F3} ({Median(crowded) / Median(four):F3} of that)"));
    }

    // Asked at the machine that does not run the job, and seen there.
    private static async Task CancelsAsync(Cluster cluster)
    {
        JsonElement nodes = JsonElement.Parse(await cluster[0].Http.GetStringAsync(new Uri("/api/nodes", UriKind.Relative))).GetProperty("nodes");
        string own = nodes.EnumerateArray().Single(node => node.GetProperty("is_this").GetBoolean()).GetProperty("id").GetString()!;
        await PostAsync(cluster[0], $"/api/nodes/{own}/drain", "{}");
        List<double> times = [];
        for (int i = 0; i < 105; i++)
        {
            string id = JsonElement.Parse(await PostAsync(cluster[0], "/api/queue/generate", Job("wait 100", 150))).GetProperty("job_id").GetString()!;
            while (await StatusAsync(cluster[0], id) != "processing")
                await Task.Delay(10);
            // In the middle of its steps as well as at its beginning.
            await Task.Delay(i * 7 % 200);
            long asked = Stopwatch.GetTimestamp();
            using HttpResponseMessage answer = await cluster[0].Http.DeleteAsync(new Uri($"/api/queue/{id}", UriKind.Relative));
            answer.EnsureSuccessStatusCode();
            while (await StatusAsync(cluster[0], id) != "cancelled")
                await Task.Delay(2);
            times.Add(Stopwatch.GetElapsedTime(asked).TotalMilliseconds);
        }

        Console.WriteLine($"from a cancel at another machine to the row that says so, steps of 100 ms: {Figures.Of(times[5..])}");
    }

    private static async Task<string?> StatusAsync(Studio studio, string id) =>
        JsonElement.Parse(await studio.Http.GetStringAsync(new Uri($"/api/queue/{id}", UriKind.Relative))).GetProperty("status").GetString();

    /// <summary>Lists, searches and statistics.</summary>
    /// <param name="rows">Generations in the database.</param>
    public static async Task HistoryAsync(int rows)
    {
        using PostgresServer postgres = PostgresServer.Start(out string reason) ?? throw new InvalidOperationException(reason);
        string database = postgres.NewDatabase();
        // The server makes its tables.
        using (await Cluster.StartAsync(postgres, 1, [], database))
        {
        }

        await FillAsync(database, rows);
        using var cluster = await Cluster.StartAsync(postgres, 1, [], database);
        await GalleryLoad.LookAsync(cluster[0]);
    }

    private static async Task<double> EnqueueAsync(Cluster cluster, int jobs)
    {
        await PostAsync(cluster[0], "/api/queue/pause", "{}");
        await PostAsync(cluster[0], "/api/queue/generate", Job("wait 0", 1));
        return await RateAsync(cluster, jobs, "wait 0", 1);
    }

    // Queued while it is paused, so that only what comes after is measured.
    private static async Task<double> ThroughputAsync(Cluster cluster, int jobs, string prompt, int steps)
    {
        await PostAsync(cluster[0], "/api/queue/pause", "{}");
        await RateAsync(cluster, jobs, prompt, steps);
        await PostAsync(cluster[0], "/api/queue/resume", "{}");
        long began = Stopwatch.GetTimestamp();
        while (true)
        {
            using JsonDocument stats = JsonDocument.Parse(await cluster[0].Http.GetStringAsync(new Uri("/api/queue/stats", UriKind.Relative)));
            if (stats.RootElement.GetProperty("failed").GetInt32() > 0)
                throw new InvalidOperationException("A job failed.");
            if (stats.RootElement.GetProperty("pending").GetInt32() + stats.RootElement.GetProperty("processing").GetInt32() == 0)
                return jobs / Stopwatch.GetElapsedTime(began).TotalSeconds;
            await Task.Delay(20);
        }
    }

    private static async Task<double> RateAsync(Cluster cluster, int jobs, string prompt, int steps)
    {
        int left = jobs;
        long began = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(client => Task.Run(async () =>
        {
            while (Interlocked.Decrement(ref left) >= 0)
                await PostAsync(cluster[client % cluster.Count], "/api/queue/generate", Job(prompt, steps));
        })));
        return jobs / Stopwatch.GetElapsedTime(began).TotalSeconds;
    }

    // From the moment in which the client sends its request to the engine's call, which the stand-in engine notes.
    private static async Task WaitsAsync(Cluster cluster, string calls)
    {
        List<double> starts = [], waits = [];
        for (int job = 0; job < Warm + 200; job++)
        {
            // Until the machines have told each other of the last one, they are not idle.
            await Task.Delay(100);
            long sent = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
            using JsonDocument queued = JsonDocument.Parse(await PostAsync(cluster[job % cluster.Count], "/api/queue/generate", Job("wait 0", 2)));
            string id = queued.RootElement.GetProperty("job_id").GetString()!;
            JsonElement row;
            do
            {
                // Not while what is measured goes on: all of them share the same cores.
                await Task.Delay(50);
                row = JsonElement.Parse(await cluster[0].Http.GetStringAsync(new Uri($"/api/queue/{id}", UriKind.Relative)));
            }
            while (row.GetProperty("status").GetString() is "pending" or "processing");
            starts.Add(row.GetProperty("started_at").GetInt64() - row.GetProperty("created_at").GetInt64());
            string[] all = await File.ReadAllLinesAsync(calls);
            if (all.Length != job + 1)
                throw new InvalidOperationException($"{all.Length} calls of the engine for {job + 1} jobs");
            waits.Add(long.Parse(all[^1], CultureInfo.InvariantCulture) - sent);
        }

        Console.WriteLine($"on two idle machines: enqueue to start {Figures.Of(starts[Warm..])}; request to the engine's call {Figures.Of(waits[Warm..])}");
    }

    private static async Task<double> BesideCrowdAsync(Cluster cluster, Func<Task<double>> measure)
    {
        using var leave = new CancellationTokenSource();
        Task crowd = Task.WhenAll(Enumerable.Range(0, 100).Select(async client =>
        {
            await Task.Delay(client * 10);
            while (!leave.IsCancellationRequested)
            {
                await cluster[client % cluster.Count].TimeAsync("/api/queue?limit=20");
                await Task.Delay(1000, leave.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }));
        double rate = await measure();
        await leave.CancelAsync();
        await crowd;
        return rate;
    }

    private static double Median(List<double> values)
    {
        values.Sort();
        return Figures.At(values, .5);
    }

    private static string Job(string prompt, int steps) => $$"""{"model":"demo","prompt":"{{prompt}}","size":"64x64","seed":7,"steps":{{steps}}}""";

    private static async Task<string> PostAsync(Studio studio, string path, string body)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await studio.Http.PostAsync(new Uri(path, UriKind.Relative), content);
        string text = await response.Content.ReadAsStringAsync();
        return response.IsSuccessStatusCode ? text : throw new InvalidOperationException(text);
    }

    private static async Task FillAsync(string database, int rows)
    {
        await using NpgsqlDataSource source = NpgsqlDataSource.Create(database + ";Command Timeout=0");
        await using NpgsqlCommand command = source.CreateCommand(
            $$"""
            INSERT INTO jobs (id, type, model, prompt, settings, status, progress, created_at, queued_at, updated_at, started_at, completed_at)
            SELECT 'job-' || lpad(i::text, 7, '0'), 'generate', 'demo-' || i % 20, words.prompt,
                   json_build_object('type', 'generate', 'model', 'demo-' || i % 20, 'prompt', words.prompt,
                       'width', 512, 'height', 512, 'seed', i, 'count', 1, 'steps', 20, 'cfg_scale', 7, 'clip_skip', 0)::text,
                   'completed', 1, 1700000000000 + i, 1700000000000 + i, 1700000000000 + i, 1700000000000 + i, 1700000000000 + i
            FROM generate_series(1, {{rows}}) AS i, LATERAL (SELECT format('a %s %s on a %s background, number %s', (ARRAY['red', 'green', 'blue'])[1 + i % 3],
                (ARRAY['circle', 'square', 'cross', 'cross'])[1 + i % 4], CASE i % 5 WHEN 0 THEN 'white' ELSE 'grey' END, i) AS prompt) AS words;
            INSERT INTO boards VALUES ('board', '', 'board', 1);
            INSERT INTO images (id, job_id, index_in_batch, file_path, mime_type, width, height, seed, created_at, owner, type, model, starred, rating, board, prompt, words)
            SELECT 'image-' || id, id, 0, 'images/' || id || '.png', 'image/png', 512, 512, number, created_at, '', type, model, number % 10 = 0, number % 6,
                   CASE WHEN number % 4 = 0 THEN 'board' END, prompt, to_tsvector('simple', prompt) FROM jobs;
            INSERT INTO image_tags SELECT CASE WHEN number % 3 = 0 THEN 'cat' ELSE 'dog' END, number FROM images;
            """);
        await command.ExecuteNonQueryAsync();
        // What the database does by itself a while later.
        await using NpgsqlCommand tidy = source.CreateCommand("VACUUM ANALYZE");
        await tidy.ExecuteNonQueryAsync();
    }

    /// <summary>Servers with a database of their own.</summary>
    private sealed class Cluster : IDisposable
    {
        private readonly List<(Studio Studio, string Folder)> _machines = [];

        public int Count => _machines.Count;

        public Studio this[int machine] => _machines[machine].Studio;

        public static async Task<Cluster> StartAsync(PostgresServer postgres, int machines, (string Name, string Value)[] environment, string? database = null)
        {
            database ??= postgres.NewDatabase();
            var cluster = new Cluster();
            for (int machine = 0; machine < machines; machine++)
            {
                string data = Directory.CreateTempSubdirectory("sdstudio-load-").FullName;
                SdCpp.Interop.DemoModel.Write(Path.Combine(data, "models"));
                cluster._machines.Add((await Studio.StartAsync(data, [("SdStudio__Database", database), .. environment]), data));
            }

            return cluster;
        }

        public void Dispose()
        {
            foreach ((Studio studio, string folder) in _machines)
            {
                studio.Dispose();
                Directory.Delete(folder, recursive: true);
            }
        }
    }
}
