using System.Net;
using System.Text.Json;

namespace SdStudio.Server.Tests;

/// <summary>Fetching models from a hub.</summary>
public sealed class DownloadTests(Workshop studio)
{
    private const string Repo = "someone/demo";
    private static readonly string[] Weights = ["demo-diffusion.gguf", "demo-text-encoder.gguf", "demo-taesd.gguf"];

    [Fact]
    public async Task A_model_is_fetched_whole_and_generates()
    {
        await using StandInHub hub = await HubAsync();
        await using StudioServer server = await ServerAsync(hub);

        JsonElement done = await EndAsync(server, await StartAsync(server));
        Assert.True(done.GetProperty("status").GetString() == "completed", done.ToString());
        Shape.Has(done, ("status", Shape.Text), ("progress", Shape.Number), ("bytes_downloaded", Shape.Number), ("total_bytes", Shape.Number));
        Assert.Equal(1, done.GetProperty("progress").GetDouble());
        Assert.Equal(hub.Files.Values.Sum(bytes => (long)bytes.Length), done.GetProperty("total_bytes").GetInt64());
        Assert.Equal(done.GetProperty("total_bytes").GetInt64(), done.GetProperty("bytes_downloaded").GetInt64());
        foreach ((string name, byte[] bytes) in hub.Files)
            Assert.True(File.ReadAllBytes(Path.Combine(server.Folder, "models", "far", Path.GetFileName(name))).AsSpan().SequenceEqual(bytes), name);
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(server.Folder, "models", "far"), "*.part*"));
        await server.GenerateImagesAsync("""{"model":"far","prompt":"a red circle","size":"32x32","steps":1}""");
        (_, JsonElement model) = await server.GetAsync("/api/models/far");
        Assert.Equal(64, model.GetProperty("fileStatus").GetProperty("files")[0].GetProperty("sha256").GetString()!.Length);
        // Large files come in parts, and what is there is not fetched again.
        Assert.Contains("bytes=1048576-2097151", hub.Ranges);
        int asked = hub.Ranges.Count;
        Assert.Equal("completed", (await EndAsync(server, await StartAsync(server))).GetProperty("status").GetString());
        Assert.Equal(asked, hub.Ranges.Count);
    }

    [Fact]
    public async Task Cuts_and_refusals_for_a_while_are_got_over_without_asking_twice_for_what_came()
    {
        await using StandInHub hub = await HubAsync();
        foreach (int status in new[] { 503, 429, 500 })
            hub.Refusals.Enqueue(status);
        foreach (int cut in new[] { 1000, 2000, 3000 })
            hub.Cuts.Enqueue(cut);
        await using StudioServer server = await ServerAsync(hub, "--SdStudio:Downloads:Connections=1");

        Assert.Equal("completed", (await EndAsync(server, await StartAsync(server))).GetProperty("status").GetString());
        Assert.Contains("bytes=6000-1048575", hub.Ranges);
    }

    [Fact]
    public async Task A_download_goes_on_after_a_restart_with_what_is_there()
    {
        await using StandInHub hub = await HubAsync();
        string folder = Folder();
        string id;
        await using (StudioServer first = await ServerInAsync(folder, hub, "--SdStudio:Downloads:Connections=1"))
        {
            // The hub stops sending in the middle.
            hub.HoldAfter = 4;
            id = await StartAsync(first);
            while ((await first.GetAsync($"/api/models/download/{id}")).Body.GetProperty("bytes_downloaded").GetInt64() < 3 << 20)
                await Task.Delay(1, TestContext.Current.CancellationToken);
        }

        int before = hub.Ranges.Count;
        (hub.Held, hub.HoldAfter) = (null, int.MaxValue);
        await using StudioServer second = await ServerInAsync(folder, hub, "--SdStudio:Downloads:Connections=1");
        JsonElement done = await EndAsync(second, id);
        Assert.True(done.GetProperty("status").GetString() == "completed", done.ToString());
        Assert.DoesNotContain("bytes=0-1048575", hub.Ranges.Skip(before).Take(3));
        await second.GenerateImagesAsync("""{"model":"far","prompt":"a red circle","size":"32x32","steps":1}""");
    }

    [Fact]
    public async Task A_wrong_hash_leaves_nothing_that_looks_whole()
    {
        await using StandInHub hub = await HubAsync();
        hub.WrongHash = new string('a', 64);
        await using StudioServer server = await ServerAsync(hub);

        JsonElement done = await EndAsync(server, await StartAsync(server));
        Assert.Equal("failed", done.GetProperty("status").GetString());
        Assert.Contains($"the hub states {hub.WrongHash}; it was deleted", done.GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(server.Folder, "models", "far")));
    }

    [Fact]
    public async Task A_gated_repository_needs_the_token_which_goes_to_the_hub_alone()
    {
        await using StandInHub hub = await HubAsync();
        hub.Token = "hf_secret";
        await using (StudioServer without = await ServerAsync(hub))
        {
            JsonElement refused = await EndAsync(without, await StartAsync(without));
            Assert.Contains("is gated: agree to its terms", refused.GetProperty("error").GetString(), StringComparison.Ordinal);
        }

        await using StudioServer server = await ServerAsync(hub, "--SdStudio:Downloads:Token=hf_secret");
        Assert.Equal("completed", (await EndAsync(server, await StartAsync(server))).GetProperty("status").GetString());
        Assert.All(hub.Keys.Where(key => key.Host == "store"), key => Assert.Null(key.Key));
    }

    [Theory]
    [InlineData(404, "has no demo-diffusion.gguf of someone/demo")]
    [InlineData(403, "does not let this server read someone/demo")]
    public async Task A_refusal_is_told_in_words(int status, string words)
    {
        await using StandInHub hub = await HubAsync();
        hub.Refusals.Enqueue(status);
        await using StudioServer server = await ServerAsync(hub);

        JsonElement done = await EndAsync(server, await StartAsync(server));
        Assert.Equal("failed", done.GetProperty("status").GetString());
        Assert.Contains(words, done.GetProperty("error").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_does_not_fit_on_the_disk_is_not_begun()
    {
        await using StandInHub hub = await HubAsync();
        hub.Sizes["someone/demo/demo-diffusion.gguf"] = 1L << 50;
        await using StudioServer server = await ServerAsync(hub);

        JsonElement done = await EndAsync(server, await StartAsync(server));
        Assert.Contains("The download needs 10737418", done.GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.Empty(hub.Ranges);
    }

    [Fact]
    public async Task A_cancelled_download_deletes_what_it_has_and_two_calls_are_one_download()
    {
        await using StandInHub hub = await HubAsync();
        hub.Held = new TaskCompletionSource();
        await using StudioServer server = await ServerAsync(hub);
        string id = await StartAsync(server);
        Assert.Equal(id, await StartAsync(server));
        while (hub.Ranges.IsEmpty)
            await Task.Delay(1, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.OK, (await server.SendAsync(HttpMethod.Delete, $"/api/models/download/{id}")).Status);
        Assert.Equal("cancelled", (await EndAsync(server, id)).GetProperty("status").GetString());
        while (Directory.EnumerateFiles(Path.Combine(server.Folder, "models", "far")).Any())
            await Task.Delay(10, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.Conflict, (await server.SendAsync(HttpMethod.Delete, $"/api/models/download/{id}")).Status);
    }

    [Fact]
    public async Task A_control_net_of_the_catalogue_is_fetched_and_listed()
    {
        await using StandInHub hub = await HubAsync();
        await using StudioServer server = await ServerInAsync(studio.NewDataFolder(
            """
            models: {}
            controlnets:
              edges: { name: Edges, license: MIT, model_path: "controlnets/demo-taesd.gguf", huggingface: { repo: someone/demo, files: [{ path: demo-taesd.gguf, dest: "controlnets/", bytes: 1234 }] } }
              lost: { name: Lost }
            """), hub);
        JsonElement net = Assert.Single((await server.GetAsync("/api/controlnets")).Body.GetProperty("controlnets").EnumerateArray());
        Assert.Equal(
            ("demo-taesd", "edges", false, true, 1234, "MIT"),
            (net.GetProperty("name").GetString(), net.GetProperty("id").GetString(), net.GetProperty("exists").GetBoolean(), net.GetProperty("downloadable").GetBoolean(),
                net.GetProperty("download_bytes").GetInt32(), net.GetProperty("license").GetString()));

        (_, JsonElement begun) = await PostAsync(server, """{"modelId":"edges"}""");
        Assert.Equal("completed", (await EndAsync(server, begun.GetProperty("downloadId").GetString()!)).GetProperty("status").GetString());
        Assert.True(File.Exists(Path.Combine(server.Folder, "controlnets", "demo-taesd.gguf")));
        net = Assert.Single((await server.GetAsync("/api/controlnets")).Body.GetProperty("controlnets").EnumerateArray());
        Assert.Equal(("edges", true), (net.GetProperty("id").GetString(), net.GetProperty("exists").GetBoolean()));
        Assert.Equal("demo-taesd", Assert.Single((await server.GetAsync("/controlnet/model_list")).Body.GetProperty("model_list").EnumerateArray()).GetString());
    }

    [Fact]
    public async Task What_cannot_be_fetched_is_refused_at_once()
    {
        (HttpStatusCode status, JsonElement body) = await PostAsync(studio.Server, """{"modelId":"nobody"}""");
        Assert.Equal((HttpStatusCode.NotFound, "Model not found"), (status, body.GetProperty("error").GetString()));
        (status, body) = await PostAsync(studio.Server, "{}");
        Assert.Equal((HttpStatusCode.BadRequest, "Missing required field: modelId"), (status, body.GetProperty("error").GetString()));
        (status, body) = await PostAsync(studio.Server, """{"modelId":"demo"}""");
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains("no huggingface entry", body.GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, (await studio.Server.GetAsync("/api/models/download/nobody")).Status);
    }

    private async Task<StandInHub> HubAsync()
    {
        string models = Path.Combine(studio.Server.Folder, "models");
        return await StandInHub.StartAsync(
            [.. Weights.Select(name => ($"{Repo}/{name}", File.ReadAllBytes(Path.Combine(models, name)))),
                ($"{Repo}/LICENSE.md", "do as you like\n"u8.ToArray())]);
    }

    private string Folder() => studio.NewDataFolder(
        """
        models:
          far:
            name: "Far"
            args: ["--diffusion-model", "models/far/demo-diffusion.gguf", "--llm", "models/far/demo-text-encoder.gguf", "--taesd", "models/far/demo-taesd.gguf"]
            generation_params: { cfg_scale: 1 }
            huggingface:
              repo: someone/demo
              files:
                - { path: demo-diffusion.gguf, dest: "./models/far/" }
                - { path: demo-text-encoder.gguf }
                - { path: demo-taesd.gguf, dest: "./models/", subpath: far }
                - { path: LICENSE.md, dest: "./models/far/" }

        """);

    private Task<StudioServer> ServerAsync(StandInHub hub, params string[] settings) => ServerInAsync(Folder(), hub, settings);

    private static Task<StudioServer> ServerInAsync(string folder, StandInHub hub, params string[] settings) => StudioServer.StartAsync(
        folder, [$"--SdStudio:Downloads:HubAddress={hub.Address}", "--SdStudio:Downloads:PartMiB=1", "--SdStudio:Downloads:RetryMilliseconds=1", .. settings]);

    private static async Task<string> StartAsync(StudioServer server)
    {
        (HttpStatusCode status, JsonElement body) = await PostAsync(server, """{"modelId":"far"}""");
        Assert.True(status == HttpStatusCode.OK, body.ToString());
        Shape.Has(body, ("downloadId", Shape.Text), ("status", Shape.Text));
        return body.GetProperty("downloadId").GetString()!;
    }

    private static async Task<(HttpStatusCode Status, JsonElement Body)> PostAsync(StudioServer server, string json)
    {
        using StringContent content = StudioServer.Json(json);
        return await server.SendAsync(HttpMethod.Post, "/api/models/download", content);
    }

    private static async Task<JsonElement> EndAsync(StudioServer server, string id)
    {
        while (true)
        {
            (_, JsonElement body) = await server.GetAsync($"/api/models/download/{id}");
            if (body.GetProperty("status").GetString() != "downloading")
                return body;
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }
    }
}
