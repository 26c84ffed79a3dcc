using System.Net;
using System.Text.Json;

namespace SdStudio.Server.Tests;

/// <summary>Several devices in one server, and images one by one.</summary>
public sealed class DeviceTests(Workshop studio)
{
    private const string Two = "--SdStudio:Devices:0:Name=CPU";
    private const string Words = """{"model":"demo","prompt":"a red circle on a blue background","size":"64x64","seed":40,"steps":4""";

    [Fact]
    public async Task A_batch_is_its_images_one_by_one_with_seeds_of_their_own()
    {
        (string id, string[] images) = await studio.Server.DrawAsync(Words + ""","n":3}""");
        JsonElement generation = await studio.Server.GenerationAsync(id);
        Assert.Equal(3, generation.GetProperty("image_count").GetInt32());
        for (int index = 0; index < 3; index++)
        {
            PngFile one = await studio.Server.DrawOneAsync(Words.Replace("40", (40 + index).ToString(System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal) + "}");
            Assert.Equal(one.Pixels, (await studio.Server.PictureAsync(images[index])).Pixels);
        }
    }

    [Fact]
    public async Task What_is_completed_when_a_batch_is_cancelled_stays_and_is_announced()
    {
        await using StudioServer server = await StudioServer.StartAsync(studio.NewDataFolder());
        await server.DrawAsync(Words + "}");
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
            Assert.Equal(256, (await server.PictureAsync(image.GetProperty("id").GetString()!)).Width);
        // On the disk is what is listed, and nothing else.
        Assert.Equal(kept + 1, Directory.EnumerateFiles(Path.Combine(server.Folder, "images")).Count());

        // Tried again it goes on behind what it has.
        Assert.Equal(HttpStatusCode.OK, (await server.SendAsync(HttpMethod.Post, $"/api/queue/{id}/retry")).Status);
        JsonElement done = await server.WaitForAsync(id, "completed", "failed");
        Assert.Equal(10, done.GetProperty("image_count").GetInt32());
        Assert.Equal(
            Enumerable.Range(40, 10).Select(seed => seed.ToString(System.Globalization.CultureInfo.InvariantCulture)),
            (await server.GetAsync($"/api/generations/{id}/images")).Body.EnumerateArray().Select(image => image.GetProperty("seed").GetString()));
    }

    [Fact]
    public async Task Images_are_listed_by_themselves_and_the_last_one_takes_its_generation_along()
    {
        await using StudioServer server = await StudioServer.StartAsync(studio.NewDataFolder());
        (string first, _) = await server.DrawAsync(Words + ""","n":2}""");
        (string second, _) = await server.DrawAsync(Words + "}");

        (_, JsonElement page) = await server.GetAsync("/api/images?limit=2");
        List<JsonElement> all = [.. page.GetProperty("images").EnumerateArray()];
        Assert.Equal([second, first], all.Select(image => image.GetProperty("generation_id").GetString()));
        Assert.Equal("41", all[1].GetProperty("seed").GetString());
        // What comes meanwhile does not move the pages.
        await server.DrawAsync(Words + "}");
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
        PngFile expected = await studio.Server.DrawOneAsync(Words + "}");
        foreach (string id in ids)
        {
            string image = (await server.GetAsync($"/api/generations/{id}/images")).Body[0].GetProperty("id").GetString()!;
            Assert.Equal(expected.Pixels, (await server.PictureAsync(image)).Pixels);
        }
    }

    [Fact]
    public async Task Auto_is_the_devices_of_the_machine()
    {
        await using StudioServer server = await StudioServer.StartAsync(studio.NewDataFolder(), "--SdStudio:Devices=auto");
        (string id, _) = await server.DrawAsync(Words + "}");
        Assert.Equal("cpu", (await server.JobAsync(id)).GetProperty("device").GetString());
    }

    [Fact]
    public async Task A_resampling_does_not_wait_for_a_generation()
    {
        await using StudioServer server = await StudioServer.StartAsync(studio.NewDataFolder());
        string[] slow = await QueueAsync(server, 1, ""","n":10""", steps: 50);
        await server.WaitForAsync(slow[0], "processing");

        using MultipartFormDataContent form = StudioServer.Form(Pictures.Good("png"), ("upscaler", "Lanczos"), ("upscale_factor", "2"));
        (HttpStatusCode status, JsonElement body) = await server.SendAsync(HttpMethod.Post, "/api/queue/upscale", form);
        Assert.True(status == HttpStatusCode.OK, body.ToString());
        JsonElement done = await server.WaitForAsync(body.GetProperty("job_id").GetString()!, "completed", "failed");
        Assert.Equal(("completed", "light"), (done.GetProperty("status").GetString(), done.GetProperty("device").GetString()));
        Assert.Equal("processing", (await server.JobAsync(slow[0])).GetProperty("status").GetString());
    }

    [Fact]
    public async Task Many_jobs_over_several_devices_with_cancels_and_one_that_fails_end_each_once()
    {
        await using StudioServer server = await StudioServer.StartAsync(studio.NewDataFolder(), Two, "--SdStudio:Devices:0:Workers=3", "--SdStudio:Devices:0:Threads=1");
        var random = new Random(5);
        string[] ids = new string[200];
        for (int index = 0; index < ids.Length; index++)
        {
            string model = index % 10 == 9 ? "black" : index % 3 == 0 ? "tiny" : "demo";
            ids[index] = await server.QueueAsync($$"""{"model":"{{model}}","prompt":"a red circle","size":"32x32","seed":{{index}},"steps":1}""");
            if (random.Next(4) == 0)
                await server.SendAsync(HttpMethod.Delete, $"/api/queue/{ids[random.Next(index + 1)]}");
        }

        Dictionary<string, int> ends = [];
        foreach (string id in ids)
        {
            JsonElement job = await server.WaitForAsync(id, "completed", "failed", "cancelled");
            string status = job.GetProperty("status").GetString()!;
            ends[status] = ends.GetValueOrDefault(status) + 1;
            Assert.InRange(job.GetProperty("attempts").GetInt32(), 0, 1);
            int files = (await server.GetAsync($"/api/generations/{id}/images")).Body.GetArrayLength();
            Assert.Equal(status == "completed" ? 1 : files, files);
            Assert.Equal(status == "failed", job.GetProperty("model").GetString() == "black" && status != "cancelled");
        }

        Assert.Equal(200, ends.Values.Sum());
        Assert.True(ends["completed"] > 100, string.Join(", ", ends));
        Assert.Equal(
            (await server.GetAsync("/api/images?limit=1000")).Body.GetProperty("images").GetArrayLength(),
            Directory.EnumerateFiles(Path.Combine(server.Folder, "images")).Count());
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
