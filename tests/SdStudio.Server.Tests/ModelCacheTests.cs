using System.Net;
using System.Text.Json;

namespace SdStudio.Server.Tests;

/// <summary>Models that stay loaded within a budget of memory.</summary>
public sealed class ModelCacheTests(Workshop studio)
{
    [Fact]
    public async Task Two_loaded_models_take_turns_without_a_load()
    {
        await using StudioServer server = await StudioServer.StartAsync(studio.NewDataFolder(Entries("one", "two")));
        await GenerateImagesAsync(server, "one");
        await GenerateImagesAsync(server, "two");
        for (int turn = 0; turn < 3; turn++)
        {
            Assert.Equal(0, await GenerateImagesAsync(server, "one"));
            Assert.Equal(0, await GenerateImagesAsync(server, "two"));
        }

        Assert.Equal(["one", "two"], await RunningAsync(server));
    }

    [Fact]
    public async Task A_model_goes_for_another_where_there_is_no_room_for_both_and_a_pinned_one_stays()
    {
        string folder = studio.NewDataFolder(Entries("one", "two", "three"));
        await using (StudioServer measuring = await StudioServer.StartAsync(folder))
        {
            foreach (string model in new[] { "one", "two", "three" })
                await GenerateImagesAsync(measuring, model);
        }

        // What was measured counts; as large as this no load of them is again.
        StudioServer.Query(folder, "UPDATE model_memory SET ram = CAST($value AS INTEGER), vram = 0", "400000000");
        await using StudioServer server = await StudioServer.StartAsync(folder, "--SdStudio:Models:MemoryMiB=1000");

        await StartAsync(server, "one?pin=true");
        await UntilAsync(server, "one", "running");
        await GenerateImagesAsync(server, "two");
        await GenerateImagesAsync(server, "three");
        Assert.Equal(["one", "three"], await RunningAsync(server));

        Assert.Equal("stopped", (await server.SendAsync(HttpMethod.Post, "/api/models/one/stop")).Body.GetProperty("status").GetString());
        Assert.Equal(["three"], await RunningAsync(server));
        await GenerateImagesAsync(server, "two");
        await GenerateImagesAsync(server, "one");
        Assert.Equal(2, (await RunningAsync(server)).Length);
    }

    [Fact]
    public async Task A_model_that_cannot_fit_is_refused_with_numbers_and_costs_nobody_his_model()
    {
        string folder = studio.NewDataFolder(Entries("one") + "  huge:\n    name: Huge\n    args: [\"-m\", \"models/huge.safetensors\"]\n");
        using (FileStream huge = File.Create(Path.Combine(folder, "models", "huge.safetensors")))
            huge.SetLength(64L << 30);
        await using StudioServer server = await StudioServer.StartAsync(folder, "--SdStudio:Models:MemoryMiB=1000");
        await GenerateImagesAsync(server, "one");

        (HttpStatusCode status, JsonElement refused) = await StartAsync(server, "huge");
        Assert.Equal(HttpStatusCode.Conflict, status);
        Assert.Equal(
            "Model huge needs 65536 MiB and 1000 MiB of 1000 MiB can be freed for it; stop pinned models, or raise SdStudio:Models:MemoryMiB.",
            refused.GetProperty("error").GetString());
        (_, JsonElement job) = await server.GenerateAsync("""{"model":"huge","prompt":"a red circle"}""");
        Assert.Contains("65536 MiB", job.ToString(), StringComparison.Ordinal);
        Assert.Equal(["one"], await RunningAsync(server));
        Assert.Equal("error", await StatusAsync(server, "huge"));
    }

    [Fact]
    public async Task A_start_is_answered_at_once_and_told_to_those_who_listen()
    {
        await using StudioServer server = await StudioServer.StartAsync(studio.NewDataFolder(Entries("one")));

        (_, JsonElement started) = await StartAsync(server, "one");
        Shape.Has(started, ("success", Shape.Flag), ("status", Shape.Text), ("port", Shape.NumberOrNull));
        await UntilAsync(server, "one", "running");
        (_, JsonElement again) = await StartAsync(server, "one");
        Assert.Equal("running", again.GetProperty("status").GetString());
        (_, JsonElement model) = await server.GetAsync("/api/models/one");
        Assert.True(model.GetProperty("memory").GetProperty("measured").GetBoolean());
        Assert.True(model.GetProperty("fileStatus").GetProperty("files")[0].GetProperty("bytes").GetInt64() > 1000);
        Assert.Equal(HttpStatusCode.NotFound, (await StartAsync(server, "nobody")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await server.SendAsync(HttpMethod.Post, "/api/models/nobody/stop")).Status);
    }

    [Fact]
    public async Task A_model_is_freed_when_nobody_generated_with_it_for_long_and_stopping_one_that_generates_lets_it_end()
    {
        await using StudioServer server = await StudioServer.StartAsync(studio.NewDataFolder(Entries("one") + "    autostop: 1s\n"));
        await GenerateImagesAsync(server, "one");
        await UntilAsync(server, "one", "stopped");

        string job = await server.QueueAsync("""{"model":"one","prompt":"a red circle","size":"64x64","steps":60}""");
        await server.WaitForAsync(job, "processing");
        await UntilAsync(server, "one", "running");
        await server.SendAsync(HttpMethod.Post, "/api/models/one/stop");
        Assert.Equal("completed", (await server.WaitForAsync(job, "completed", "failed", "cancelled")).GetProperty("status").GetString());
        await UntilAsync(server, "one", "stopped");
    }

    [Fact]
    public async Task A_model_to_be_preloaded_is_there_before_anybody_asks()
    {
        await using StudioServer server = await StudioServer.StartAsync(studio.NewDataFolder(Entries("one") + "    mode: preload\n"));
        await UntilAsync(server, "one", "running");
        Assert.Equal(0, await GenerateImagesAsync(server, "one"));
    }

    // Entries of the same files and options would be one model; the number of threads makes them different.
    private static string Entries(params string[] ids) => "models:\n" + string.Concat(ids.Select((id, index) =>
        $"  {id}:\n    name: {id}\n    args: [\"--diffusion-model\", \"models/demo-diffusion.gguf\", \"--llm\", \"models/demo-text-encoder.gguf\", \"--taesd\", \"models/demo-taesd.gguf\", \"-t\", \"{index + 1}\"]\n    generation_params: {{ cfg_scale: 1 }}\n"));

    private static async Task<long> GenerateImagesAsync(StudioServer server, string model)
    {
        (string id, _) = await server.GenerateImagesAsync($$"""{"model":"{{model}}","prompt":"a red circle","size":"32x32","steps":1}""");
        return (await server.JobAsync(id)).GetProperty("model_loading_time_ms").GetInt64();
    }

    private static Task<(HttpStatusCode Status, JsonElement Body)> StartAsync(StudioServer server, string model) =>
        server.SendAsync(HttpMethod.Post, $"/api/models/{model.Replace("?", "/start?", StringComparison.Ordinal)}{(model.Contains('?', StringComparison.Ordinal) ? "" : "/start")}");

    private static async Task<string[]> RunningAsync(StudioServer server) =>
        [.. (await server.GetAsync("/api/models/running")).Body.EnumerateArray().Select(model => model.GetProperty("id").GetString()!)];

    private static async Task<string> StatusAsync(StudioServer server, string model) =>
        (await server.GetAsync($"/api/models/{model}/status")).Body.GetProperty("status").GetString()!;

    private static async Task UntilAsync(StudioServer server, string model, string status)
    {
        while (await StatusAsync(server, model) != status)
            await Task.Delay(20, TestContext.Current.CancellationToken);
    }
}
