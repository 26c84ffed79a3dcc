using Microsoft.Data.Sqlite;

namespace SdStudio.Load;

/// <summary>How long a look at a large gallery takes.</summary>
internal static class GalleryLoad
{
    private static readonly string[] Paths =
    [
        "/api/generations", "/api/generations?offset=50000", "/api/generations?q=red%20circle", "/api/generations?q=99999", "/api/generations?q=nothing%20of%20the%20kind",
        "/api/generations?model=demo-7&limit=100", "/api/queue", "/api/queue/stats", "/api/generations?shape=studio&limit=20",
        "/api/images", "/api/images?sort=rating", "/api/images?cursor=50000_0", "/api/images?q=red%20circle", "/api/images?q=99999", "/api/images?q=%22green%20square%22%20grey", "/api/images?q=circ",
        "/api/images?q=background%20123456", "/api/images?q=number%20circle%20background%201234",
        "/api/images?q=nothing%20of%20the%20kind", "/api/images?starred=true&q=red", "/api/images?tag=cat", "/api/images?board=board", "/api/images?model=demo-7&size=512x512&limit=100",
        "/api/images?seed=77777", "/api/images?from=1700000050000", "/api/images?to=1700000050000",
        "/api/images?from=1700000050000&to=1700000060000", "/api/images?to=1700000500000", "/api/images?to=1700000500000&sort=oldest", "/api/images?from=1700000300000&to=1700000700000",
        "/api/images?to=1700000500000&tag=cat&starred=true", "/api/images?to=1700000500000&model=demo-8&board=board", "/api/images?to=1700000500000&q=red%20circle", "/api/images?to=1700000500000&cursor=300000_0",
        "/api/images?to=1700000500000&offset=5000", "/api/images?to=1700000500000&sort=rating", "/api/images?tag=cat&board=board", "/api/images?offset=70000", "/api/boards", "/api/images/tags",
    ];

    public static async Task RunAsync(int rows)
    {
        string data = Directory.CreateTempSubdirectory("sdstudio-load-").FullName;
        // The server makes its tables.
        (await Studio.StartAsync(data)).Dispose();
        Fill(Path.Combine(data, "sdstudio.db"), rows);
        using (Studio studio = await Studio.StartAsync(data))
            await LookAsync(studio);
        Directory.Delete(data, recursive: true);
    }

    /// <summary>Asks for every list again and again. The first time is told by itself: totals are counted then.</summary>
    public static async Task LookAsync(Studio studio)
    {
        // The code they run is compiled with the first ones.
        for (int i = 0; i < 20; i++)
        {
            await studio.TimeAsync("/api/generations?type=upscale");
            await studio.TimeAsync("/api/images?type=upscale&q=x");
        }

        foreach (string path in Paths)
        {
            double first = await studio.TimeAsync(path);
            List<double> times = [];
            for (int i = 0; i < 200; i++)
                times.Add(await studio.TimeAsync(path));
            Console.WriteLine(FormattableString.Invariant($"{path}: first {first:F1} ms, {Figures.Of(times)}"));
        }
    }

    private static void Fill(string database, int rows)
    {
        using var connection = new SqliteConnection($"Data Source={database};Pooling=False");
        connection.Open();
        using SqliteCommand command = connection.CreateCommand();
        command.CommandTimeout = 0;
        command.CommandText =
            $$"""
            WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {{rows}})
            INSERT INTO jobs (id, type, model, settings, status, progress, created_at, queued_at, updated_at, started_at, completed_at)
            SELECT printf('job-%06d', i), 'generate', printf('demo-%d', i % 20),
                   json_object('type', 'generate', 'model', printf('demo-%d', i % 20), 'prompt',
                       printf('a %s %s on a %s background, number %d', CASE i % 3 WHEN 0 THEN 'red' WHEN 1 THEN 'green' ELSE 'blue' END,
                              CASE i % 4 WHEN 0 THEN 'circle' WHEN 1 THEN 'square' ELSE 'cross' END, CASE i % 5 WHEN 0 THEN 'white' ELSE 'grey' END, i),
                       'width', 512, 'height', 512, 'seed', i, 'count', 1, 'steps', 20, 'cfg_scale', 7, 'clip_skip', 0),
                   'completed', 1, 1700000000000 + i, 1700000000000 + i, 1700000000000 + i, 1700000000000 + i, 1700000000000 + i
            FROM n;
            INSERT INTO boards VALUES ('board', '', 'board', 1);
            INSERT INTO images (id, job_id, index_in_batch, file_path, mime_type, width, height, seed, created_at, type, model, starred, rating, board)
            SELECT 'image-' || id, id, 0, 'images/' || id || '.png', 'image/png', 512, 512, number, created_at, type, model, number % 10 = 0, number % 6, iif(number % 4 = 0, 'board', NULL) FROM jobs;
            INSERT INTO image_search (rowid, words) SELECT images.number, json_extract(jobs.settings, '$.prompt') FROM images JOIN jobs ON jobs.id = job_id;
            INSERT INTO image_tags SELECT iif(number % 3 = 0, 'cat', 'dog'), number FROM images;
            """;
        command.ExecuteNonQuery();
    }
}
