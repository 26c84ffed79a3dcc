using System.Net;
using System.Text.Json;
using NetVips;

namespace SdStudio.Server.Tests;

/// <summary>Finding, showing, generating again and deleting what was generated.</summary>
public sealed class GalleryTests(Workshop studio)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static string Request(string prompt, string model = "demo", int n = 1) =>
        $$"""{"model":"{{model}}","prompt":"{{prompt}}","size":"32x32","steps":1,"n":{{n}}}""";

    private static async Task<string?[]> PromptsAsync(StudioServer server, string query) =>
        [.. (await server.GetAsync($"/api/generations?{query}")).Body.EnumerateArray().Select(item => item.GetProperty("prompt").GetString())];

    [Fact]
    public async Task Prompts_can_be_searched_and_lists_filtered()
    {
        await using StudioServer server = await StudioServer.StartAsync(studio.NewDataFolder());
        await server.GenerateImagesAsync(Request("a red circle"));
        await server.GenerateImagesAsync(Request("ein roter Kreis \\\"ganz\\\" rund", "tiny"));
        await server.GenerateImagesAsync(Request("赤い円を描いて"));
        await server.GenerateAsync(Request("a red circle that fails", "black"));

        Assert.Equal(["a red circle"], await PromptsAsync(server, "q=red%20cir"));
        Assert.Equal(["a red circle"], await PromptsAsync(server, "search=RED"));
        Assert.Equal(["赤い円を描いて"], await PromptsAsync(server, "q=円を描"));
        Assert.Equal(["赤い円を描いて"], await PromptsAsync(server, "q=円"));
        Assert.Equal(["ein roter Kreis \"ganz\" rund"], await PromptsAsync(server, "q=%22ganz%22"));
        Assert.Empty(await PromptsAsync(server, "q=red%20OR%20rot"));
        Assert.Equal(["ein roter Kreis \"ganz\" rund"], await PromptsAsync(server, "model=tiny"));
        Assert.Empty(await PromptsAsync(server, "type=upscale"));
        Assert.Equal(["a red circle that fails", "a red circle"], await PromptsAsync(server, "status=all&q=red%20circle"));
        Assert.Equal(["a red circle that fails"], await PromptsAsync(server, "status=failed"));
        (_, JsonElement page) = await server.GetAsync("/api/generations?shape=studio&limit=2");
        Assert.Equal(2, page.GetProperty("generations").GetArrayLength());
        JsonElement pagination = page.GetProperty("pagination");
        Assert.Equal((3, true), (pagination.GetProperty("total").GetInt32(), pagination.GetProperty("hasMore").GetBoolean()));
        // What the original's own page reads.
        JsonElement newest = page.GetProperty("generations")[0];
        string address = newest.GetProperty("first_image_url").GetString()!;
        Assert.Equal($"/static/images/{newest.GetProperty("first_image_id").GetString()}.png", address);
        Assert.Equal(
            await server.Http.GetByteArrayAsync($"/api/generations/{newest.GetProperty("id").GetString()}/image", Cancellation), await server.Http.GetByteArrayAsync(address, Cancellation));
        Assert.Equal(HttpStatusCode.NotFound, (await server.GetAsync("/static/images/nothing.png")).Status);
        using HttpResponseMessage listed = await server.Http.GetAsync("/api/generations?q=red", Cancellation);
        Assert.Equal("1", Assert.Single(listed.Headers.GetValues("X-Total-Count")));
    }

    [Fact]
    public async Task A_generations_images_are_listed_and_the_first_is_served()
    {
        (string id, string[] images) = await studio.Server.GenerateImagesAsync(Request("a red circle", n: 2));

        (_, JsonElement list) = await studio.Server.GetAsync($"/api/generations/{id}/images");
        Assert.Equal(images, list.EnumerateArray().Select(image => image.GetProperty("id").GetString()));
        Assert.Equal(
            await studio.Server.Http.GetByteArrayAsync($"/api/images/{images[0]}", Cancellation),
            await studio.Server.Http.GetByteArrayAsync($"/api/generations/{id}/image", Cancellation));
        Assert.Equal(HttpStatusCode.NotFound, (await studio.Server.GetAsync("/api/generations/nothing/images")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await studio.Server.GetAsync("/api/generations/nothing/image")).Status);
    }

    [Theory]
    [InlineData("", 256)]
    [InlineData("?size=64", 64)]
    [InlineData("?size=100", 128)]
    public async Task A_thumbnail_is_a_small_webp(string query, int side)
    {
        (_, string[] images) = await studio.Server.GenerateImagesAsync("""{"model":"demo","prompt":"a red circle on a blue background","size":"400x200","steps":8}""");

        using HttpResponseMessage response = await studio.Server.Http.GetAsync($"/api/images/{images[0]}/thumbnail{query}", Cancellation);

        Assert.Equal("image/webp", response.Content.Headers.ContentType?.MediaType);
        Assert.NotNull(response.Headers.ETag);
        Assert.Contains("immutable", response.Headers.CacheControl?.ToString(), StringComparison.Ordinal);
        using Image small = Image.NewFromBuffer(await response.Content.ReadAsByteArrayAsync(Cancellation));
        Assert.Equal((side, side / 2), (small.Width, small.Height));
        Assert.True(small[0].Getpoint(side / 2, side / 4)[0] > 180, "the middle is not red");
        Assert.Equal(HttpStatusCode.NotFound, (await studio.Server.GetAsync("/api/images/nothing/thumbnail")).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await studio.Server.GetAsync($"/api/images/{images[0]}/thumbnail?size=5000")).Status);
    }

    [Fact]
    public async Task An_images_parameters_generate_the_same_image_again()
    {
        (string _, string[] images) = await studio.Server.GenerateImagesAsync(
            """{"model":"demo","prompt":"a red circle","negative_prompt":"fog","size":"48x32","steps":5,"n":2,"seed":40,"cfg_scale":1.5}""");

        (_, JsonElement parameters) = await studio.Server.GetAsync($"/api/images/{images[1]}/parameters");
        Assert.Equal("41", parameters.GetProperty("seed").GetString());
        Assert.Equal(("euler", "fog", 5), (parameters.GetProperty("sampler").GetString(), parameters.GetProperty("negative_prompt").GetString(), parameters.GetProperty("steps").GetInt32()));
        Assert.Contains("Seed: 41", parameters.GetProperty("infotext").GetString(), StringComparison.Ordinal);
        PngFile again = await studio.Server.GenerateOneAsync(parameters.ToString());
        Assert.Equal((await studio.Server.ImageAsync(images[1])).Pixels, again.Pixels);

        (HttpStatusCode status, JsonElement body) = await studio.Server.SendAsync(HttpMethod.Post, $"/api/images/{images[1]}/reproduce");
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal((true, 0), (body.GetProperty("same").GetBoolean(), body.GetProperty("max_difference").GetInt32()));
        Assert.NotEqual(images[1], body.GetProperty("image_id").GetString());
        Assert.Equal(HttpStatusCode.NotFound, (await studio.Server.GetAsync("/api/images/nothing/parameters")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await studio.Server.SendAsync(HttpMethod.Post, "/api/images/nothing/reproduce")).Status);
    }

    [Fact]
    public async Task An_image_from_an_image_is_reproduced_too_and_a_changed_one_is_told()
    {
        await using StudioServer server = await StudioServer.StartAsync(studio.NewDataFolder());
        PngFile start = await server.GenerateOneAsync(Request("a red circle"));
        using MultipartFormDataContent form = StudioServer.Form(start.Bytes, ("model", "demo"), ("prompt", "a green square"), ("steps", "8"));
        (_, JsonElement edited) = await server.SendAsync(HttpMethod.Post, "/api/edit", form);
        string image = edited.GetProperty("data")[0].GetProperty("id").GetString()!;

        (_, JsonElement same) = await server.SendAsync(HttpMethod.Post, $"/api/images/{image}/reproduce");
        File.WriteAllBytes(Path.Combine(server.Folder, "images", image + ".png"), start.Bytes);
        (_, JsonElement other) = await server.SendAsync(HttpMethod.Post, $"/api/images/{image}/reproduce");

        Assert.True(same.GetProperty("same").GetBoolean());
        Assert.False(other.GetProperty("same").GetBoolean());
        Assert.True(other.GetProperty("max_difference").GetInt32() > 0);
    }

    [Fact]
    public async Task Deleting_a_generation_removes_its_files()
    {
        await using StudioServer server = await StudioServer.StartAsync(studio.NewDataFolder());
        PngFile start = await server.GenerateOneAsync(Request("a red circle"));
        using MultipartFormDataContent form = StudioServer.Form(start.Bytes, ("model", "demo"), ("prompt", "a green square"));
        (_, JsonElement edited) = await server.SendAsync(HttpMethod.Post, "/api/edit", form);
        string id = edited.GetProperty("id").GetString()!;
        string image = edited.GetProperty("data")[0].GetProperty("id").GetString()!;
        await server.Http.GetByteArrayAsync($"/api/images/{image}/thumbnail", Cancellation);

        (HttpStatusCode status, JsonElement body) = await server.SendAsync(HttpMethod.Delete, $"/api/generations/{id}");

        Assert.Equal(HttpStatusCode.OK, status);
        Assert.True(body.GetProperty("success").GetBoolean());
        Assert.Empty(Directory.GetFiles(server.Folder, $"*{image}*", SearchOption.AllDirectories));
        Assert.Empty(Directory.GetFiles(Path.Combine(server.Folder, "inputs")));
        Assert.Equal(HttpStatusCode.NotFound, (await server.GetAsync($"/api/generations/{id}")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await server.GetAsync($"/api/images/{image}")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await server.SendAsync(HttpMethod.Delete, $"/api/generations/{id}")).Status);
        Assert.Empty(await PromptsAsync(server, "q=green"));
    }

    [Theory]
    [InlineData("", 0)]
    [InlineData("?delete_files=true", 3)]
    [InlineData("?delete_files=True", 3)]
    [InlineData("?delete_files=yes", 3)]
    [InlineData("?delete_files=no", 0)]
    public async Task Deleting_all_leaves_the_files_unless_asked_and_what_still_waits(string query, int files)
    {
        await using StudioServer server = await StudioServer.StartAsync(studio.NewDataFolder());
        await server.GenerateImagesAsync(Request("a red circle", n: 2));
        await server.GenerateImagesAsync(Request("a blue circle"));
        await server.SendAsync(HttpMethod.Post, "/api/queue/pause");
        string waiting = await server.QueueAsync(Request("a green circle"));

        (HttpStatusCode status, JsonElement body) = await server.SendAsync(HttpMethod.Delete, $"/api/generations{query}");

        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal((true, 2, files), (body.GetProperty("success").GetBoolean(), body.GetProperty("deleted").GetInt32(), body.GetProperty("filesDeleted").GetInt32()));
        Assert.Empty(Directory.GetFiles(Path.Combine(server.Folder, "images")));
        // What is kept has a list.
        string kept = Path.Combine(server.Folder, "kept");
        Assert.Equal(3 - files, Directory.Exists(kept) ? Directory.GetFiles(kept, "*.png").Length : 0);
        Assert.Equal(3 - files, Directory.Exists(kept) ? (await File.ReadAllLinesAsync(Path.Combine(kept, "kept.jsonl"), Cancellation)).Length : 0);
        Assert.Empty(await PromptsAsync(server, "status=completed"));
        Assert.Equal("pending", (await server.JobAsync(waiting)).GetProperty("status").GetString());
        Assert.Equal(HttpStatusCode.Conflict, (await server.SendAsync(HttpMethod.Delete, $"/api/generations/{waiting}")).Status);
    }

    [Fact]
    public async Task The_log_tells_what_happened_and_a_jobs_log_has_the_engines_own_lines()
    {
        await using StudioServer server = await StudioServer.StartAsync(studio.NewDataFolder());
        (string id, _) = await server.GenerateImagesAsync(Request("a red circle"));
        await server.GenerateAsync(Request("a red circle", "black"));

        (_, JsonElement all) = await server.GetAsync("/api/logs?limit=1000");
        (_, JsonElement errors) = await server.GetAsync("/api/logs?level=error");
        (_, JsonElement module) = await server.GetAsync("/api/logs?module=modelLoader");
        (_, JsonElement one) = await server.GetAsync($"/api/generations/{id}/logs?limit=1000");
        (_, JsonElement short_) = await server.GetAsync("/api/logs?limit=1");

        Assert.All(all.GetProperty("logs").EnumerateArray(), line => Shape.Has(
            line, ("timestamp", Shape.Text), ("level", Shape.Text), ("message", Shape.Text), ("module", Shape.Text)));
        Shape.Has(all, ("app", Shape.List), ("sdcpp", Shape.List), ("http", Shape.List));
        Assert.All(errors.GetProperty("logs").EnumerateArray(), line => Assert.Equal("error", line.GetProperty("level").GetString()));
        Assert.Contains(errors.GetProperty("logs").EnumerateArray(), line => line.GetProperty("message").GetString()!.Contains("black", StringComparison.Ordinal));
        Assert.All(module.GetProperty("logs").EnumerateArray(), line => Assert.Equal("modelLoader", line.GetProperty("module").GetString()));
        Assert.NotEmpty(module.GetProperty("logs").EnumerateArray());
        Assert.NotEmpty(one.GetProperty("sdcpp").EnumerateArray());
        Assert.All(one.GetProperty("logs").EnumerateArray(), line => Assert.Equal(id, line.GetProperty("generation_id").GetString()));
        Assert.Single(short_.GetProperty("logs").EnumerateArray());
        Assert.Equal(HttpStatusCode.BadRequest, (await server.GetAsync("/api/logs?limit=x")).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await server.GetAsync("/api/logs?level=loud")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await server.GetAsync("/api/generations/nothing/logs")).Status);
    }
}
