using System.Globalization;
using System.Net;
using System.Text.Json;
using NetVips;

namespace SdStudio.Server.Tests;

/// <summary>Grids: one job, each cell an image of its own, and the sheet of them all.</summary>
public sealed class GridTests(Workshop studio)
{
    private const string TwoModels =
        """
        default_model: one
        models:
          one: &one
            name: "One"
            args: ["--diffusion-model", "models/demo-diffusion.gguf", "--llm", "models/demo-text-encoder.gguf", "--taesd", "models/demo-taesd.gguf"]
            default_size: "48x32"
            generation_params: { cfg_scale: 1, sample_steps: 2, sampling_method: "euler" }
          two:
            name: "Two"
            args: ["--diffusion-model", "models/other.gguf", "--llm", "models/demo-text-encoder.gguf", "--taesd", "models/demo-taesd.gguf"]
            default_size: "48x32"
            generation_params: { cfg_scale: 1, sample_steps: 2, sampling_method: "euler" }
          far:
            name: "Far"
            exec_mode: api
            api: "http://127.0.0.1:9"

        """;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string Folder()
    {
        string folder = studio.NewDataFolder(TwoModels);
        File.CreateSymbolicLink(Path.Combine(folder, "models", "other.gguf"), Path.Combine(folder, "models", "demo-diffusion.gguf"));
        Directory.CreateDirectory(Path.Combine(folder, "loras"));
        TestLora.Write(Path.Combine(folder, "loras", "ink.safetensors"), new Dictionary<string, string>());
        return folder;
    }

    private static async Task<string> QueueAsync(StudioServer server, string json)
    {
        (HttpStatusCode status, JsonElement body) = await server.SendAsync(HttpMethod.Post, "/api/queue/grid", StudioServer.Json(json));
        Assert.True(status == HttpStatusCode.OK, $"{status}: {body}");
        return body.GetProperty("job_id").GetString()!;
    }

    private static async Task<JsonElement[]> ImagesAsync(StudioServer server, string id) => [.. (await server.GetAsync($"/api/generations/{id}/images")).Body.EnumerateArray()];

    private static async Task<JsonElement> ParametersAsync(StudioServer server, JsonElement image) => (await server.GetAsync($"/api/images/{image.GetProperty("id").GetString()}/parameters")).Body;

    private static async Task<(int Width, int Height)> SheetAsync(StudioServer server, string id, string format)
    {
        byte[] sheet = await server.Http.GetByteArrayAsync($"/api/queue/{id}/sheet?format={format}", Cancellation);
        using Image image = Image.NewFromBuffer(sheet);
        // There are labels, whose ink is neither paper nor image, at the top.
        using Image top = image.Crop(0, 0, image.Width, 24);
        Assert.True(top.Min() < 128, "no label");
        return (image.Width, image.Height);
    }

    [Fact]
    public async Task Eighteen_cells_of_two_models_are_generated_by_two_devices_and_each_is_an_image_of_its_own()
    {
        await using StudioServer server = await StudioServer.StartAsync(Folder(), "--SdStudio:Devices:0:Name=CPU", "--SdStudio:Devices:0:Workers=2");
        // Both devices have the first model: how long loading takes is not what decides here.
        string[] warm = [await server.QueueAsync("""{"model":"one","prompt":"a","size":"128x128","steps":20}"""), await server.QueueAsync("""{"model":"one","prompt":"a","size":"128x128","steps":20}""")];
        foreach (string other in warm)
            await server.WaitForAsync(other, "completed");
        string id = await QueueAsync(server, """
            {"base":{"prompt":"a red circle","negative_prompt":"fog","model":"one","seed":7,"size":"64x64"},
             "x":{"field":"steps","values":[6,8,10]},"y":{"field":"prompt_replace","values":["red","green","blue"]},"z":{"field":"model","values":["two","one"]}}
            """);
        bool together = false;
        JsonElement job;
        do
        {
            JsonElement devices = (await server.GetAsync("/api/devices")).Body.GetProperty("devices");
            together |= devices.EnumerateArray().Count(device => device.GetProperty("jobs").EnumerateArray().Any(running => running.GetString() == id)) == 2;
            job = await server.JobAsync(id);
        }
        while (job.GetProperty("status").GetString() is "pending" or "processing");

        Assert.True(job.GetProperty("status").GetString() == "completed", job.ToString());
        Assert.True(together);
        Assert.Equal(["steps", "prompt_replace", "model"], job.GetProperty("grid").GetProperty("axes").EnumerateArray().Select(axis => axis.GetProperty("field").GetString()));
        JsonElement[] images = await ImagesAsync(server, id);
        Assert.Equal(18, images.Length);
        for (int index = 0; index < images.Length; index++)
        {
            JsonElement made = await ParametersAsync(server, images[index]);
            (string Words, int Steps, string Model, string Seed) expected = ($"a {new[] { "red", "green", "blue" }[index / 3 % 3]} circle", 6 + (2 * (index % 3)), index < 9 ? "two" : "one", "7");
            Assert.Equal(expected, (made.GetProperty("prompt").GetString()!, made.GetProperty("steps").GetInt32(), made.GetProperty("model").GetString()!, made.GetProperty("seed").GetString()!));
        }

        // The gallery knows each by its own model.
        Assert.Equal(9, (await server.GetAsync("/api/images?model=two")).Body.GetProperty("total").GetInt32());
        // As a request of its own it is the same image, whichever device made it.
        foreach (int index in new[] { 4, 17 })
            Assert.Equal((await server.ImageAsync(images[index].GetProperty("id").GetString()!)).Pixels, (await server.GenerateOneAsync((await ParametersAsync(server, images[index])).ToString())).Pixels);
        (int width, int height) = await SheetAsync(server, id, "png");
        Assert.InRange(width, (3 * 64) + 160, 500);
        Assert.InRange(height, (6 * 64) + (4 * 28), 700);
        Assert.Equal((width, height), await SheetAsync(server, id, "webp"));
    }

    [Fact]
    public async Task Any_setting_of_the_table_and_the_weight_of_a_lora_can_change_and_the_seed_is_one()
    {
        await using StudioServer server = await StudioServer.StartAsync(Folder());
        string id = await QueueAsync(server, """{"base":{"prompt":"a red circle","model":"one","size":"32x32"},"x":{"field":"lora:ink","values":[0,0.5,1]},"y":{"field":"sampler","values":["euler","heun"]}}""");
        Assert.Equal("completed", (await server.WaitForAsync(id, "completed", "failed")).GetProperty("status").GetString());
        JsonElement[] images = await ImagesAsync(server, id);
        JsonElement[] made = [.. await Task.WhenAll(images.Select(image => ParametersAsync(server, image)))];
        Assert.Equal([0, 0.5, 1, 0, 0.5, 1], made.Select(one => one.GetProperty("loras")[0].GetProperty("weight").GetDouble()));
        Assert.Equal(["euler", "euler", "euler", "heun", "heun", "heun"], made.Select(one => one.GetProperty("sampler").GetString()));
        Assert.Single(made.Select(one => one.GetProperty("seed").GetString()).Distinct());
        byte[][] pixels = await Task.WhenAll(images.Select(async image => (await server.ImageAsync(image.GetProperty("id").GetString()!)).Pixels));
        Assert.NotEqual(pixels[0], pixels[2]);
        Assert.NotEqual(pixels[0], pixels[3]);
        // Every cell is reproduced from what is kept of it.
        string last = images[5].GetProperty("id").GetString()!;
        (_, JsonElement again) = await server.SendAsync(HttpMethod.Post, $"/api/images/{last}/reproduce");
        Assert.True(again.TryGetProperty("same", out JsonElement same) && same.GetBoolean(), again.ToString());
    }

    [Fact]
    public async Task A_grid_from_an_image_uses_the_image_in_each_cell()
    {
        await using StudioServer server = await StudioServer.StartAsync(Folder());
        string source = Assert.Single((await server.GenerateImagesAsync("""{"model":"one","prompt":"a red circle","size":"64x64"}""")).Images);
        string id = await QueueAsync(server, $$"""{"base":{"prompt":"a blue square","model":"one","source_image_id":"{{source}}","seed":3},"x":{"field":"strength","values":[0.1,0.9]} }""");
        Assert.Equal("completed", (await server.WaitForAsync(id, "completed", "failed")).GetProperty("status").GetString());
        JsonElement[] images = await ImagesAsync(server, id);
        Assert.Equal([0.1, 0.9], (await Task.WhenAll(images.Select(image => ParametersAsync(server, image)))).Select(made => made.GetProperty("strength").GetDouble()));
        byte[] before = (await server.ImageAsync(source)).Pixels;
        double Difference(byte[] pixels) => pixels.Zip(before).Average(pair => Math.Abs(pair.First - pair.Second));
        Assert.True(Difference((await server.ImageAsync(images[0].GetProperty("id").GetString()!)).Pixels) < Difference((await server.ImageAsync(images[1].GetProperty("id").GetString()!)).Pixels));
    }

    [Fact]
    public async Task A_cancelled_grid_keeps_its_cells_and_its_sheet_shows_which_are_missing_and_a_stop_goes_on_where_it_was()
    {
        string folder = Folder();
        string cancelled, stopped;
        await using (StudioServer server = await StudioServer.StartAsync(folder))
        {
            cancelled = await QueueAsync(server, """{"base":{"prompt":"a red circle","model":"one","size":"128x128"},"x":{"field":"steps","values":[2,20,21,22]},"y":{"field":"seed","values":[1,2,3]}}""");
            await UntilAsync(async () => (await server.JobAsync(cancelled)).GetProperty("image_count").GetInt32() >= 2);
            await server.SendAsync(HttpMethod.Delete, $"/api/queue/{cancelled}");
            int kept = (await server.WaitForAsync(cancelled, "cancelled")).GetProperty("image_count").GetInt32();
            Assert.InRange(kept, 2, 11);
            await SheetAsync(server, cancelled, "webp");
            stopped = await QueueAsync(server, """{"base":{"prompt":"a red circle","model":"one","size":"128x128","steps":12},"x":{"field":"seed","values":[1,2,3,4,5,6]}}""");
            await UntilAsync(async () => (await server.JobAsync(stopped)).GetProperty("image_count").GetInt32() >= 2);
        }

        Dictionary<string, DateTime> before = Directory.EnumerateFiles(Path.Combine(folder, "images")).ToDictionary(file => Path.GetFileName(file), File.GetLastWriteTimeUtc);
        await using StudioServer second = await StudioServer.StartAsync(folder);
        Assert.Equal("completed", (await second.WaitForAsync(stopped, "completed", "failed")).GetProperty("status").GetString());
        JsonElement[] images = await ImagesAsync(second, stopped);
        Assert.Equal(["1", "2", "3", "4", "5", "6"], images.Select(image => image.GetProperty("seed").GetString()));
        // What was done before the stop was not done again.
        Assert.InRange(images.Count(image => before.TryGetValue(image.GetProperty("id").GetString() + ".png", out DateTime written) && written == File.GetLastWriteTimeUtc(Path.Combine(folder, "images", image.GetProperty("id").GetString() + ".png"))), 2, 6);
    }

    [Fact]
    public async Task What_is_wrong_with_a_grid_is_said_before_a_job_is_made_of_it()
    {
        await using StudioServer server = await StudioServer.StartAsync(Folder());
        foreach ((string json, string words) in new[]
        {
            ("""{"base":{"prompt":"a"}}""", "Missing required field: x"),
            ("""{"x":{"field":"steps","values":[1]}}""", "Missing required field: base"),
            ("""{"base":5,"x":{"field":"steps","values":[1]}}""", "base is 5; allowed is an object"),
            ("""{"base":{"prompt":"a"},"x":{"field":"steps","values":[]}}""", "x: allowed is {\"field\""),
            ("""{"base":{"prompt":"a"},"x":"steps"}""", "x is steps; allowed is an object"),
            ("""{"base":{"prompt":"a"},"x":{"field":"colour","values":[1]}}""", "x: 'colour' cannot change along an axis"),
            ("""{"base":{"prompt":"a"},"x":{"field":"n","values":[1]}}""", "x: 'n' cannot change along an axis"),
            ("""{"base":{"prompt":"a"},"y":{"field":"prompt_replace","values":["cat","dog"]}}""", "y: 'cat' is not in the prompt"),
            ("""{"base":{"prompt":"a"},"x":{"field":"lora:nothing","values":[1]}}""", "there is no 'nothing'"),
            ("""{"base":{"prompt":"a","model":"one"},"x":{"field":"steps","values":[1,99999,-4]},"y":{"field":"cfg_scale","values":[1,"many"]}}""", "steps is '99999'"),
            ("""{"base":{"prompt":"a"},"x":{"field":"model","values":["one","nobody"]}}""", "Invalid model: nobody"),
        })
        {
            (HttpStatusCode status, JsonElement refused) = await server.SendAsync(HttpMethod.Post, "/api/queue/grid", StudioServer.Json(json));
            Assert.Equal(HttpStatusCode.BadRequest, status);
            Assert.Contains(words, refused.GetProperty("error").GetString(), StringComparison.Ordinal);
        }

        string wide = string.Join(',', Enumerable.Range(1, 64).Select(value => value.ToString(CultureInfo.InvariantCulture)));
        (_, JsonElement body) = await server.SendAsync(HttpMethod.Post, "/api/queue/grid", StudioServer.Json($$"""{"base":{"prompt":"a","model":"one"},"x":{"field":"seed","values":[{{wide}}]},"y":{"field":"steps","values":[{{wide}}]} }"""));
        Assert.Contains("The grid has 4096 cells", body.GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, (await server.GetAsync("/api/queue/nothing/sheet")).Status);
        Assert.Equal(0, (await server.GetAsync("/api/queue")).Body.GetProperty("total").GetInt32());
    }

    [Fact]
    public async Task Cells_are_generated_model_by_model_so_that_each_is_loaded_once()
    {
        await using StudioServer server = await StudioServer.StartAsync(Folder());
        string id = await QueueAsync(server, """{"base":{"prompt":"a red circle","size":"32x32","steps":1},"x":{"field":"model","values":["one","two"]},"y":{"field":"seed","values":[1,2,3,4]}}""");
        Assert.Equal("completed", (await server.WaitForAsync(id, "completed", "failed")).GetProperty("status").GetString());
        JsonElement[] images = await ImagesAsync(server, id);
        Assert.Equal(["one", "two", "one", "two", "one", "two", "one", "two"], (await Task.WhenAll(images.Select(image => ParametersAsync(server, image)))).Select(made => made.GetProperty("model").GetString()));
        // However the axes lie, the second model begins when the first has no cell left.
        long[] written = [.. images.Select(image => File.GetLastWriteTimeUtc(Path.Combine(server.Folder, "images", image.GetProperty("id").GetString() + ".png")).Ticks)];
        Assert.True(written.Where((_, index) => index % 2 == 0).Max() <= written.Where((_, index) => index % 2 == 1).Min());
    }

    [Fact]
    public async Task Cells_of_models_on_other_servers_are_asked_of_those_and_a_template_for_each_image_too()
    {
        string folder = Folder();
        File.WriteAllText(Path.Combine(folder, "models.yml"), File.ReadAllText(Path.Combine(folder, "models.yml")).Replace(
            "http://127.0.0.1:9\"", $"{studio.Server.Http.BaseAddress}\"\n    api_model: demo\n    generation_params: {{ cfg_scale: 1, sample_steps: 2, sampling_method: euler }}", StringComparison.Ordinal));
        await using StudioServer server = await StudioServer.StartAsync(folder);
        string mixed = await QueueAsync(server, """{"base":{"prompt":"a red circle","size":"48x32","seed":7,"steps":2},"x":{"field":"model","values":["far","one"]},"y":{"field":"prompt_replace","values":["red","green"]}}""");
        JsonElement job = await server.WaitForAsync(mixed, "completed", "failed");
        Assert.True(job.GetProperty("status").GetString() == "completed", job.ToString());
        JsonElement[] images = await ImagesAsync(server, mixed);
        Assert.Equal(["far", "one", "far", "one"], (await Task.WhenAll(images.Select(image => ParametersAsync(server, image)))).Select(made => made.GetProperty("model").GetString()));
        byte[][] pixels = await Task.WhenAll(images.Select(async image => (await server.ImageAsync(image.GetProperty("id").GetString()!)).Pixels));
        // The other studio has the same weights.
        Assert.Equal(pixels[1], pixels[0]);
        Assert.Equal(pixels[3], pixels[2]);
        Assert.NotEqual(pixels[0], pixels[2]);

        string far = await QueueAsync(server, """{"base":{"model":"far","prompt":"a red circle","size":"48x32","steps":2},"x":{"field":"seed","values":[1,2]}}""");
        job = await server.WaitForAsync(far, "completed", "failed");
        Assert.Equal(("completed", true), (job.GetProperty("status").GetString(), job.GetProperty("device").GetString()!.StartsWith("remote:", StringComparison.Ordinal)));

        (_, string[] variants) = await server.GenerateImagesAsync("""{"model":"far","prompt":"a {red|green} circle","template":true,"combinatorial":true,"size":"48x32","steps":2,"seed":7}""");
        JsonElement[] made = [.. await Task.WhenAll(variants.Select(async image => (await server.GetAsync($"/api/images/{image}/parameters")).Body))];
        Assert.Equal(["a red circle", "a green circle"], made.Select(one => one.GetProperty("prompt").GetString()));
        Assert.Equal((await server.GenerateOneAsync(made[1].ToString().Replace("\"far\"", "\"one\"", StringComparison.Ordinal))).Pixels, (await server.ImageAsync(variants[1])).Pixels);
    }

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        while (!await condition())
            await Task.Delay(5, Cancellation);
    }
}
