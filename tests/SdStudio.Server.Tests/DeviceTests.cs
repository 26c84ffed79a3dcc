using System.Globalization;
using System.Net;
using System.Text.Json;
using SdCpp.Interop;

namespace SdStudio.Server.Tests;

/// <summary>Several devices in one server, and images one by one.</summary>
public sealed class DeviceTests(Workshop studio)
{
    private const string Two = "--SdStudio:Devices:0:Name=CPU";
    private const string Words = """{"model":"demo","prompt":"a red circle on a blue background","size":"64x64","seed":40,"steps":4""";

    [Fact]
    public async Task A_batch_is_its_images_one_by_one_with_seeds_of_their_own()
    {
        (string id, string[] images) = await studio.Server.GenerateImagesAsync(Words + ""","n":3}""");
        JsonElement generation = await studio.Server.GenerationAsync(id);
        Assert.Equal(3, generation.GetProperty("image_count").GetInt32());
        for (int index = 0; index < 3; index++)
        {
            PngFile one = await studio.Server.GenerateOneAsync(Words.Replace("40", (40 + index).ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal) + "}");
            Assert.Equal(one.Pixels, (await studio.Server.ImageAsync(images[index])).Pixels);
        }
    }

    [Fact]
    public async Task A_batch_has_the_bytes_of_one_engine_call_with_as_many_images()
    {
        await using StudioServer server = await StudioServer.StartAsync(studio.NewDataFolder());
        (_, string[] images) = await server.GenerateImagesAsync(Words + ""","n":3}""");
        string models = Path.Combine(server.Folder, "models");
        using DiffusionModel model = await DiffusionModel.LoadAsync(
            new DiffusionModelOptions
            {
                DiffusionModelPath = Path.Combine(models, "demo-diffusion.gguf"), LlmPath = Path.Combine(models, "demo-text-encoder.gguf"),
                TaesdPath = Path.Combine(models, "demo-taesd.gguf"), Threads = 1,
            },
            cancellation: TestContext.Current.CancellationToken);
        using GenerationResult batch = await model.TextToImageAsync(
            new TextToImageRequest
            {
                Prompt = "a red circle on a blue background", Width = 64, Height = 64, Steps = 4, CfgScale = 1, Sampler = "euler", Seed = 40, BatchCount = 3,
            },
            null, TestContext.Current.CancellationToken);

        for (int index = 0; index < 3; index++)
            Assert.Equal(batch.Images[index].Image.Span.ToArray(), (await server.ImageAsync(images[index])).Pixels);
    }

    [Fact]
    public async Task Idle_devices_take_images_of_a_batch_and_the_images_are_the_same()
    {
        await using StudioServer server = await StudioServer.StartAsync(studio.NewDataFolder(), Two, "--SdStudio:Devices:0:Workers=2");
        // Both have the model.
        foreach (string warm in await QueueAsync(server, 2))
            await server.WaitForAsync(warm, "completed");
        string id = await server.QueueAsync(Words.Replace("\"steps\":4", "\"steps\":8", StringComparison.Ordinal) + ""","n":8}""");
        bool together = false;
        JsonElement job;
        do
        {
            JsonElement devices = (await server.GetAsync("/api/devices")).Body.GetProperty("devices");
            together |= devices.EnumerateArray().Count(device => device.GetProperty("jobs").EnumerateArray().Any(job => job.GetString() == id)) == 2;
            job = await server.JobAsync(id);
            if (job.GetProperty("status").GetString() == "processing" && job.GetProperty("current_image") is { ValueKind: JsonValueKind.Number } current)
                Assert.InRange(current.GetInt32(), 1, 8);
        }
        while (job.GetProperty("status").GetString() is "pending" or "processing");

        Assert.Equal("completed", job.GetProperty("status").GetString());
        Assert.True(together);
        JsonElement[] images = [.. (await server.GetAsync($"/api/generations/{id}/images")).Body.EnumerateArray()];
        Assert.Equal(Enumerable.Range(40, 8).Select(seed => seed.ToString(CultureInfo.InvariantCulture)), images.Select(image => image.GetProperty("seed").GetString()));
        // Each says which device made it, in the list and in its parameters.
        string?[] made = [.. images.Select(image => image.GetProperty("device").GetString())];
        Assert.Equal(["cpu", "cpu-2"], made.Distinct().Order());
        for (int index = 0; index < 8; index++)
        {
            (_, JsonElement parameters) = await server.GetAsync($"/api/images/{images[index].GetProperty("id").GetString()}/parameters");
            Assert.Equal(made[index], parameters.GetProperty("device").GetString());
        }

        (_, string[] alone) = await studio.Server.GenerateImagesAsync(Words.Replace("\"steps\":4", "\"steps\":8", StringComparison.Ordinal) + ""","n":8}""");
        for (int index = 0; index < 8; index++)
            Assert.Equal((await studio.Server.ImageAsync(alone[index])).Pixels, (await server.ImageAsync(images[index].GetProperty("id").GetString()!)).Pixels);
    }

    [Fact]
    public async Task A_job_that_waits_goes_before_help_with_a_batch_and_a_cancel_stops_every_device()
    {
        await using StudioServer server = await StudioServer.StartAsync(studio.NewDataFolder(), Two, "--SdStudio:Devices:0:Workers=2");
        string slow = Words.Replace("64x64", "128x128", StringComparison.Ordinal).Replace("\"steps\":4", "\"steps\":20", StringComparison.Ordinal);
        string batch = await server.QueueAsync(slow + ""","n":10}""");
        await UntilAsync(async () => (await server.JobAsync(batch)).GetProperty("image_count").GetInt32() >= 2);
        string[] others = await QueueAsync(server, 3);
        foreach (string other in others)
            await server.WaitForAsync(other, "completed");
        Assert.Equal("processing", (await server.JobAsync(batch)).GetProperty("status").GetString());

        await server.SendAsync(HttpMethod.Delete, $"/api/queue/{batch}");
        int kept = (await server.WaitForAsync(batch, "cancelled")).GetProperty("image_count").GetInt32();
        Assert.InRange(kept, 2, 9);
        await UntilAsync(async () => (await server.GetAsync("/api/devices")).Body.GetProperty("devices").EnumerateArray().All(device => device.GetProperty("running").GetInt32() == 0));
        Assert.Equal(kept + others.Length, Directory.EnumerateFiles(Path.Combine(server.Folder, "images")).Count());
    }

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        while (!await condition())
            await Task.Delay(5, TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task What_is_completed_when_a_batch_is_cancelled_stays_and_is_announced()
    {
        await using StudioServer server = await StudioServer.StartAsync(studio.NewDataFolder());
        await server.GenerateImagesAsync(Words + "}");
        string id = await server.QueueAsync(Words.Replace("64x64", "256x256", StringComparison.Ordinal).Replace("\"steps\":4", "\"steps\":20", StringComparison.Ordinal) + ""","n":10}""");
        JsonElement running;
        do
        {
            running = await server.JobAsync(id);
        }
        while (running.GetProperty("image_count").GetInt32() < 1);

        Assert.Equal("cpu", running.GetProperty("device").GetString());
        Assert.Equal(HttpStatusCode.OK, (await server.SendAsync(HttpMethod.Delete, $"/api/queue/{id}")).Status);
        JsonElement cancelled = await server.WaitForAsync(id, "cancelled");
        int kept = cancelled.GetProperty("image_count").GetInt32();
        Assert.InRange(kept, 1, 9);
        JsonElement[] images = [.. (await server.GetAsync($"/api/generations/{id}/images")).Body.EnumerateArray()];
        Assert.Equal(kept, images.Length);
        foreach (JsonElement image in images)
            Assert.Equal(256, (await server.ImageAsync(image.GetProperty("id").GetString()!)).Width);
        // On the disk is what is listed, and nothing else.
        Assert.Equal(kept + 1, Directory.EnumerateFiles(Path.Combine(server.Folder, "images")).Count());

        // Tried again it goes on behind what it has.
        Assert.Equal(HttpStatusCode.OK, (await server.SendAsync(HttpMethod.Post, $"/api/queue/{id}/retry")).Status);
        JsonElement done = await server.WaitForAsync(id, "completed", "failed");
        Assert.Equal(10, done.GetProperty("image_count").GetInt32());
        Assert.Equal(
            Enumerable.Range(40, 10).Select(seed => seed.ToString(CultureInfo.InvariantCulture)),
            (await server.GetAsync($"/api/generations/{id}/images")).Body.EnumerateArray().Select(image => image.GetProperty("seed").GetString()));
    }

    [Fact]
    public async Task Images_are_listed_by_themselves_and_the_last_one_takes_its_generation_along()
    {
        await using StudioServer server = await StudioServer.StartAsync(studio.NewDataFolder());
        (string first, _) = await server.GenerateImagesAsync(Words + ""","n":2}""");
        (string second, _) = await server.GenerateImagesAsync(Words + "}");

        (_, JsonElement page) = await server.GetAsync("/api/images?limit=2");
        List<JsonElement> all = [.. page.GetProperty("images").EnumerateArray()];
        Assert.Equal([second, first], all.Select(image => image.GetProperty("generation_id").GetString()));
        Assert.Equal("41", all[1].GetProperty("seed").GetString());
        // What comes meanwhile does not move the pages.
        await server.GenerateImagesAsync(Words + "}");
        (_, page) = await server.GetAsync($"/api/images?limit=2&cursor={page.GetProperty("next_cursor").GetString()}");
        all.AddRange(page.GetProperty("images").EnumerateArray());
        Assert.Equal(["40", "41", "40"], all.Select(image => image.GetProperty("seed").GetString()));
        Assert.Equal(JsonValueKind.Null, page.GetProperty("next_cursor").ValueKind);
        Assert.Equal(HttpStatusCode.BadRequest, (await server.GetAsync("/api/images?cursor=nonsense")).Status);

        Assert.Equal(HttpStatusCode.OK, await DeleteAsync(server, all[1]));
        Assert.Equal(1, (await server.GenerationAsync(first)).GetProperty("image_count").GetInt32());
        Assert.Equal(HttpStatusCode.NotFound, await DeleteAsync(server, all[1]));
        Assert.Equal(HttpStatusCode.OK, await DeleteAsync(server, all[2]));
        Assert.Equal(HttpStatusCode.NotFound, (await server.GetAsync($"/api/generations/{first}")).Status);
        Assert.Equal(2, Directory.EnumerateFiles(Path.Combine(server.Folder, "images")).Count());
    }

    [Fact]
    public async Task Two_devices_work_side_by_side_and_a_job_names_its_own()
    {
        await using StudioServer server = await StudioServer.StartAsync(studio.NewDataFolder(), Two, "--SdStudio:Devices:0:Workers=2");
        string[] ids = await QueueAsync(server, 6);
        HashSet<string> used = [];
        bool together = false;
        while (true)
        {
            JsonElement devices = (await server.GetAsync("/api/devices")).Body.GetProperty("devices");
            together |= devices.EnumerateArray().Count(device => device.GetProperty("kind").GetString() == "cpu" && device.GetProperty("running").GetInt32() > 0) == 2;
            JsonElement[] jobs = await Task.WhenAll(ids.Select(server.JobAsync));
            used.UnionWith(jobs.Select(job => job.GetProperty("device").GetString()).OfType<string>());
            if (jobs.All(job => job.GetProperty("status").GetString() == "completed"))
                break;
            Assert.DoesNotContain(jobs, job => job.GetProperty("status").GetString() == "failed");
        }

        Assert.Equal(["cpu", "cpu-2"], used.Order());
        Assert.True(together);
        // Whatever drew them: equal settings are equal pixels.
        PngFile expected = await studio.Server.GenerateOneAsync(Words + "}");
        foreach (string id in ids)
        {
            string image = (await server.GetAsync($"/api/generations/{id}/images")).Body[0].GetProperty("id").GetString()!;
            Assert.Equal(expected.Pixels, (await server.ImageAsync(image)).Pixels);
            Assert.Contains((await server.GetAsync($"/api/images/{image}/parameters")).Body.GetProperty("device").GetString()!, used);
        }
    }

    [Fact]
    public async Task Auto_is_the_devices_of_the_machine()
    {
        await using StudioServer server = await StudioServer.StartAsync(studio.NewDataFolder(), "--SdStudio:Devices=auto");
        (string id, _) = await server.GenerateImagesAsync(Words + "}");
        Assert.Equal("cpu", (await server.JobAsync(id)).GetProperty("device").GetString());
    }

    [Fact]
    public async Task A_resampling_does_not_wait_for_a_generation()
    {
        await using StudioServer server = await StudioServer.StartAsync(studio.NewDataFolder());
        string[] slow = await QueueAsync(server, 1, ""","n":10""", steps: 50);
        await server.WaitForAsync(slow[0], "processing");

        using MultipartFormDataContent form = StudioServer.Form(SampleImages.Good("png"), ("upscaler", "Lanczos"), ("upscale_factor", "2"));
        (HttpStatusCode status, JsonElement body) = await server.SendAsync(HttpMethod.Post, "/api/queue/upscale", form);
        Assert.True(status == HttpStatusCode.OK, body.ToString());
        JsonElement done = await server.WaitForAsync(body.GetProperty("job_id").GetString()!, "completed", "failed");
        Assert.Equal(("completed", "light"), (done.GetProperty("status").GetString(), done.GetProperty("device").GetString()));
        Assert.Equal("processing", (await server.JobAsync(slow[0])).GetProperty("status").GetString());
    }

    [Fact]
    public async Task Many_jobs_over_several_devices_with_cancels_and_a_device_that_fails_end_each_once()
    {
        string folder = studio.NewDataFolder();
        // A device on which everything fails: a server that has no images API at this address.
        string catalogue = Path.Combine(folder, "models.yml");
        string far = $"  far:\n    name: Far\n    exec_mode: api\n    api: \"{studio.Server.Http.BaseAddress}nowhere\"\n    generation_params: {{ cfg_scale: 1 }}\n";
        File.WriteAllText(catalogue, File.ReadAllText(catalogue).Replace("\nmodels:\n", "\nmodels:\n" + far, StringComparison.Ordinal));
        await using StudioServer server = await StudioServer.StartAsync(folder, Two, "--SdStudio:Devices:0:Workers=3", "--SdStudio:Devices:0:Threads=1");
        var random = new Random(5);
        string[] ids = new string[200];
        for (int index = 0; index < ids.Length; index++)
        {
            string model = index % 10 == 9 ? "black" : index % 10 == 4 ? "far" : index % 3 == 0 ? "tiny" : "demo";
            ids[index] = await server.QueueAsync($$"""{"model":"{{model}}","prompt":"a red circle","size":"32x32","seed":{{index}},"steps":1}""");
            if (random.Next(4) == 0)
                await server.SendAsync(HttpMethod.Delete, $"/api/queue/{ids[random.Next(index + 1)]}");
        }

        Dictionary<string, int> ends = [];
        List<JsonElement> jobs = [];
        foreach (string id in ids)
        {
            JsonElement job = await server.WaitForAsync(id, "completed", "failed", "cancelled");
            jobs.Add(job);
            string status = job.GetProperty("status").GetString()!;
            ends[status] = ends.GetValueOrDefault(status) + 1;
            Assert.InRange(job.GetProperty("attempts").GetInt32(), 0, 1);
            int files = (await server.GetAsync($"/api/generations/{id}/images")).Body.GetArrayLength();
            Assert.Equal(status == "completed" ? 1 : files, files);
            Assert.Equal(status == "failed", job.GetProperty("model").GetString() is "black" or "far" && status != "cancelled");
        }

        Assert.Equal(200, ends.Values.Sum());
        Assert.True(ends["completed"] > 90, string.Join(", ", ends));
        Assert.Equal(
            (await server.GetAsync("/api/images?limit=1000")).Body.GetProperty("images").GetArrayLength(),
            Directory.EnumerateFiles(Path.Combine(server.Folder, "images")).Count());
        // Each image is that of its seed, whichever device has made it.
        foreach (JsonElement job in jobs.Where(job => job.GetProperty("status").GetString() == "completed" && job.GetProperty("model").GetString() == "demo").Take(5))
        {
            string image = (await server.GetAsync($"/api/generations/{job.GetProperty("id").GetString()}/images")).Body[0].GetProperty("id").GetString()!;
            string again = $$"""{"model":"demo","prompt":"a red circle","size":"32x32","seed":{{job.GetProperty("seed").GetString()}},"steps":1}""";
            Assert.Equal((await studio.Server.GenerateOneAsync(again)).Pixels, (await server.ImageAsync(image)).Pixels);
        }

        (long longest, int passedBy) = Idle(jobs);
        TestContext.Current.TestOutputHelper!.WriteLine($"the longest that a device had nothing to do while a job waited: {longest} ms; {passedBy} jobs began elsewhere meanwhile");
        // A device that is forgotten sees all that wait go by; how many milliseconds it takes to begin is the machine's.
        Assert.InRange(passedBy, 0, 20);
    }

    // The longest time between the end of a device's job, or the coming of its next one, and the beginning of that; and the most jobs that others began in such a time.
    private static (long Longest, int PassedBy) Idle(IEnumerable<JsonElement> jobs)
    {
        List<JsonElement> begun = [.. jobs.Where(job => job.GetProperty("started_at").ValueKind == JsonValueKind.Number).OrderBy(job => job.GetProperty("started_at").GetInt64())];
        (long longest, int passedBy) = (0, 0);
        foreach (IGrouping<string?, JsonElement> device in begun.GroupBy(job => job.GetProperty("device").GetString()).Where(device => device.Key?.StartsWith("cpu", StringComparison.Ordinal) == true))
        {
            foreach ((JsonElement first, JsonElement second) in device.Zip(device.Skip(1)))
            {
                long start = second.GetProperty("started_at").GetInt64(), since = Math.Max(first.GetProperty("completed_at").GetInt64(), second.GetProperty("created_at").GetInt64());
                longest = Math.Max(longest, start - since);
                passedBy = Math.Max(passedBy, begun.Count(job => job.GetProperty("started_at").GetInt64() is var other && other > since && other < start));
            }
        }

        return (longest, passedBy);
    }

    private static async Task<string[]> QueueAsync(StudioServer server, int count, string more = "", int steps = 4)
    {
        List<string> ids = [];
        for (int index = 0; index < count; index++)
            ids.Add(await server.QueueAsync(Words.Replace("\"steps\":4", $"\"steps\":{steps}", StringComparison.Ordinal) + more + "}"));
        return [.. ids];
    }

    private static async Task<HttpStatusCode> DeleteAsync(StudioServer server, JsonElement image) =>
        (await server.SendAsync(HttpMethod.Delete, $"/api/images/{image.GetProperty("id").GetString()}")).Status;
}
