using System.Net;
using System.Text.Json;
using NetVips;

namespace SdStudio.Server.Tests.Clients;

/// <summary>OpenAI's images API as its clients use it.</summary>
public sealed class OpenAiApiTests(Workshop studio)
{
    private static readonly (int, int, int) Red = (219, 26, 31);
    private static readonly (int, int, int) Green = (26, 158, 56);
    private const string Circle = "\"prompt\":\"a red circle on a blue background\",\"size\":\"64x64\",\"steps\":8,\"seed\":1";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private async Task<JsonElement> GenerateAsync(string fields, HttpStatusCode expected = HttpStatusCode.OK, string path = "/v1/images/generations")
    {
        (HttpStatusCode status, JsonElement body) = await studio.Server.SendAsync(HttpMethod.Post, path, StudioServer.Json($"{{{fields}}}"));
        Assert.True(status == expected, $"{status}: {body}");
        return body;
    }

    private static byte[] First(JsonElement body) => body.GetProperty("data")[0].GetProperty("b64_json").GetBytesFromBase64();

    [Theory]
    [InlineData("")]
    [InlineData("\"model\":\"demo\",\"user\":\"somebody\",\"moderation\":\"low\",\"unheard_of\":1")]
    [InlineData("\"model\":\"DALL-E-3\",\"quality\":\"hd\",\"style\":\"vivid\",\"response_format\":\"b64_json\"")]
    [InlineData("\"model\":\"gpt-image-1\",\"background\":\"opaque\",\"quality\":\"marvellous\",\"output_format\":\"png\",\"n\":1")]
    [InlineData("\"model\":\"Demo\",\"sampler\":\"Euler\",\"scheduler\":\"Normal\"")]
    public async Task An_image_comes_as_base64_unless_asked_otherwise(string fields)
    {
        JsonElement body = await GenerateAsync(Circle + (fields.Length > 0 ? "," + fields : ""));

        new PngFile(First(body)).ShowsAt(.5, .5, Red);
        Shape.Has(body, ("created", Shape.Number), ("size", Shape.Text), ("output_format", Shape.Text), ("background", Shape.Text), ("usage", Shape.Object));
        Assert.Equal("64x64", body.GetProperty("size").GetString());
    }

    [Theory]
    [InlineData("jpeg", "jpeg")]
    [InlineData("webp", "webp")]
    public async Task Other_formats_come_as_base64_and_by_address(string format, string loader)
    {
        JsonElement encoded = await GenerateAsync($"{Circle},\"output_format\":\"{format}\",\"output_compression\":80");
        JsonElement linked = await GenerateAsync($"{Circle},\"output_format\":\"{format}\",\"output_compression\":80,\"response_format\":\"url\"");

        string url = linked.GetProperty("data")[0].GetProperty("url").GetString()!;
        Assert.StartsWith(studio.Server.Http.BaseAddress!.ToString(), url, StringComparison.Ordinal);
        byte[] fetched = await studio.Server.Http.GetByteArrayAsync(new Uri(url), Cancellation);
        foreach (byte[] bytes in new[] { First(encoded), fetched })
        {
            Assert.Contains(loader, Image.FindLoadBuffer(bytes), StringComparison.OrdinalIgnoreCase);
            using Image image = Image.NewFromBuffer(bytes);
            Assert.True(image[32, 32][0] > 180 && image[32, 32][2] < 80, string.Join(' ', image[32, 32]));
        }
    }

    [Fact]
    public async Task The_rest_apis_fields_go_through()
    {
        JsonElement first = await GenerateAsync(Circle + ",\"n\":2,\"cfg_scale\":1.5,\"negative_prompt\":\"green\"");
        (_, JsonElement list) = await studio.Server.GetAsync("/api/generations?limit=1");
        JsonElement generation = await studio.Server.GenerationAsync(list[0].GetProperty("id").GetString()!);

        Assert.Equal(2, first.GetProperty("data").GetArrayLength());
        (_, JsonElement job) = await studio.Server.GetAsync($"/api/images/{generation.GetProperty("images")[1].GetProperty("id").GetString()}/parameters");
        Assert.Equal("2", job.GetProperty("seed").GetString());
        Assert.Equal(1.5, job.GetProperty("cfg_scale").GetDouble());
        Assert.Equal("green", job.GetProperty("negative_prompt").GetString());
    }

    [Fact]
    public async Task A_url_is_an_image_of_this_server()
    {
        JsonElement body = await GenerateAsync(Circle + ",\"response_format\":\"url\"", path: "/api/v1/images/generations");

        var url = new Uri(body.GetProperty("data")[0].GetProperty("url").GetString()!);
        new PngFile(await studio.Server.Http.GetByteArrayAsync(url, Cancellation)).ShowsAt(.5, .5, Red);
    }

    [Theory]
    [InlineData("image", "mask")]
    [InlineData("image[]", "")]
    public async Task Edits_begin_from_an_image_and_keep_what_is_opaque_in_the_mask(string field, string maskField)
    {
        byte[] start = First(await GenerateAsync("\"prompt\":\"a red circle on a blue background\",\"size\":\"128x128\",\"steps\":8,\"seed\":1"));
        using var form = new MultipartFormDataContent
        {
            { new ByteArrayContent(start), field, "start.png" }, { new StringContent("a green circle on a blue background"), "prompt" },
            { new StringContent("demo"), "model" }, { new StringContent("1"), "strength" }, { new StringContent("8"), "steps" }, { new StringContent("128x128"), "size" },
        };
        using Image opaque = Image.Black(128, 128) + 255;
        using Image alpha = opaque.Cast(Enums.BandFormat.Uchar).Mutate(image => image.DrawRect([0], 64, 0, 64, 128, fill: true));
        using Image black = Image.Black(128, 128, bands: 3);
        using Image mask = black.Copy(interpretation: Enums.Interpretation.Srgb).Bandjoin(alpha);
        if (maskField.Length > 0)
            form.Add(new ByteArrayContent(mask.PngsaveBuffer()), maskField, "mask.png");

        (HttpStatusCode status, JsonElement body) = await studio.Server.SendAsync(HttpMethod.Post, "/v1/images/edits", form);

        Assert.True(status == HttpStatusCode.OK, body.ToString());
        var generated = new PngFile(First(body));
        generated.ShowsAt(.65, .5, Green);
        generated.ShowsAt(.35, .5, maskField.Length > 0 ? Red : Green);
    }

    [Fact]
    public async Task Variations_need_only_an_image()
    {
        byte[] start = First(await GenerateAsync(Circle));
        using var form = new MultipartFormDataContent { { new ByteArrayContent(start), "image", "start.png" }, { new StringContent("2"), "n" }, { new StringContent("0.1"), "strength" } };

        (HttpStatusCode status, JsonElement body) = await studio.Server.SendAsync(HttpMethod.Post, "/v1/images/variations", form);

        Assert.True(status == HttpStatusCode.OK, body.ToString());
        Assert.Equal(2, body.GetProperty("data").GetArrayLength());
    }

    [Theory]
    [InlineData("\"prompt\":\"x\",\"model\":\"nobody\"", 404, "model", "model_not_found")]
    [InlineData("\"model\":\"demo\"", 400, "prompt", null)]
    [InlineData("\"prompt\":\"x\",\"n\":99", 400, "n", null)]
    [InlineData("\"prompt\":\"x\",\"size\":\"9x\"", 400, "size", null)]
    [InlineData("\"prompt\":\"x\",\"background\":\"transparent\"", 400, "background", null)]
    [InlineData("\"prompt\":\"x\",\"output_format\":\"gif\"", 400, "output_format", null)]
    [InlineData("\"prompt\":\"x\",\"stream\":true,\"steps\":-1", 400, "steps", null)]
    [InlineData("\"prompt\":\"x\",\"stream\":true,\"response_format\":\"url\"", 400, "response_format", null)]
    public async Task Errors_have_openais_shape(string fields, int status, string param, string? code)
    {
        JsonElement error = (await GenerateAsync(fields, (HttpStatusCode)status)).GetProperty("error");

        Assert.Equal("invalid_request_error", error.GetProperty("type").GetString());
        Assert.Equal(param, error.GetProperty("param").GetString());
        Assert.Equal(code, error.GetProperty("code").GetString());
        Assert.False(string.IsNullOrEmpty(error.GetProperty("message").GetString()));
    }

    [Fact]
    public async Task What_the_server_failed_at_is_not_asked_again()
    {
        using HttpResponseMessage response = await studio.Server.Http.PostAsync("/v1/images/generations", StudioServer.Json("""{"model":"black","prompt":"x","size":"16x16","steps":1}"""), Cancellation);
        using JsonDocument body = JsonDocument.Parse(await response.Content.ReadAsStringAsync(Cancellation));

        Assert.Equal(HttpStatusCode.InternalServerError, response.StatusCode);
        Assert.Equal("false", Assert.Single(response.Headers.GetValues("x-should-retry")));
        Assert.Equal("server_error", body.RootElement.GetProperty("error").GetProperty("type").GetString());
    }

    [Fact]
    public async Task A_stream_shows_the_image_grow_and_ends_with_it()
    {
        await using StudioServer server = await StudioServer.StartAsync(studio.NewDataFolder(), "--SdStudio:Limits:MaxSteps=1000");
        List<JsonElement> events = await StreamAsync(server, """{"prompt":"a red circle on a blue background","size":"64x64","steps":400,"seed":1,"stream":true,"partial_images":2}""");

        Assert.Equal(
            ["image_generation.partial_image", "image_generation.partial_image", "image_generation.completed"], events.Select(item => item.GetProperty("type").GetString()!));
        Assert.Equal([0, 1], events.Take(2).Select(item => item.GetProperty("partial_image_index").GetInt32()));
        Assert.All(events, item => Assert.True(new PngFile(item.GetProperty("b64_json").GetBytesFromBase64()).Width > 0));
        new PngFile(events[^1].GetProperty("b64_json").GetBytesFromBase64()).ShowsAt(.5, .5, Red);
        Shape.Has(events[^1], ("created_at", Shape.Number), ("size", Shape.Text), ("quality", Shape.Text), ("background", Shape.Text), ("output_format", Shape.Text), ("usage", Shape.Object));
    }

    [Fact]
    public async Task A_stream_that_fails_says_why()
    {
        JsonElement error = Assert.Single(await StreamAsync(studio.Server, """{"model":"black","prompt":"x","size":"16x16","steps":1,"stream":true}"""));

        Assert.Equal("server_error", error.GetProperty("error").GetProperty("type").GetString());
    }

    [Fact]
    public async Task A_client_that_leaves_takes_its_waiting_job_along_and_leaves_a_running_one()
    {
        await using StudioServer server = await StudioServer.StartAsync(studio.NewDataFolder(), "--SdStudio:Limits:MaxSteps=1000");
        using var leave = new CancellationTokenSource();
        Task<HttpResponseMessage> running = server.Http.PostAsync("/v1/images/generations", StudioServer.Json("""{"prompt":"running","size":"64x64","steps":300}"""), leave.Token);
        string runningId = await server.JobOfAsync("running");
        await server.WaitForAsync(runningId, "processing");
        Task<HttpResponseMessage> waiting = server.Http.PostAsync("/v1/images/generations", StudioServer.Json("""{"prompt":"waiting","size":"64x64","steps":300}"""), leave.Token);
        string waitingId = await server.JobOfAsync("waiting");

        await leave.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        Assert.Equal("cancelled", (await server.WaitForAsync(waitingId, "cancelled", "completed")).GetProperty("status").GetString());
        Assert.Equal("completed", (await server.WaitForAsync(runningId, "cancelled", "completed")).GetProperty("status").GetString());
    }

    [Fact]
    public async Task Models_are_listed_and_found_and_options_says_yes()
    {
        (_, JsonElement list) = await studio.Server.GetAsync("/v1/models");
        (_, JsonElement one) = await studio.Server.GetAsync("/v1/models/demo");
        (HttpStatusCode none, JsonElement error) = await studio.Server.GetAsync("/v1/models/some/body");
        using var request = new HttpRequestMessage(HttpMethod.Options, "/v1/images/generations");
        using HttpResponseMessage options = await studio.Server.Http.SendAsync(request, Cancellation);

        Assert.Equal("list", list.GetProperty("object").GetString());
        Assert.All(list.GetProperty("data").EnumerateArray(), model => Shape.Has(
            model, ("id", Shape.Text), ("object", Shape.Text), ("created", Shape.Number), ("owned_by", Shape.Text), ("name", Shape.Text)));
        Assert.Equal("demo", one.GetProperty("id").GetString());
        Assert.Equal(HttpStatusCode.NotFound, none);
        Assert.Equal("model_not_found", error.GetProperty("error").GetProperty("code").GetString());
        Assert.True(options.IsSuccessStatusCode);
    }

    [Theory]
    [InlineData("dall-e-2", "", true)]
    [InlineData("DALL-E-3", "", true)]
    [InlineData("dall-e-3", ",\"response_format\":\"b64_json\"", false)]
    [InlineData("gpt-image-1", "", false)]
    [InlineData("demo", "", false)]
    [InlineData("demo", ",\"response_format\":\"url\"", true)]
    public async Task The_models_that_answer_with_an_address_do_so_here(string model, string more, bool isUrl)
    {
        JsonElement image = (await GenerateAsync($"{Circle},\"model\":\"{model}\"{more}")).GetProperty("data")[0];

        Assert.Equal(isUrl, image.TryGetProperty("url", out _));
        Assert.Equal(!isUrl, image.TryGetProperty("b64_json", out _));
    }

    [Theory]
    [InlineData("\"image\":\"@\"")]
    [InlineData("\"image\":[\"@\"]")]
    [InlineData("\"images\":[\"@\"]")]
    [InlineData("\"images\":[{\"image_url\":\"@\"}]")]
    [InlineData("\"images\":[{\"image_url\":{\"url\":\"@\"}}]")]
    public async Task Edits_come_as_json_in_every_shape_that_clients_have(string image)
    {
        string start = "data:image/png;base64," + Convert.ToBase64String(First(await GenerateAsync(Circle)));

        JsonElement body = await GenerateAsync(
            $"{image.Replace("@", start, StringComparison.Ordinal)},\"prompt\":\"a red circle on a blue background\",\"model\":\"demo\",\"strength\":0.1,\"steps\":8,\"size\":\"64x64\"", path: "/v1/images/edits");

        new PngFile(First(body)).ShowsAt(.5, .5, Red);
    }

    [Theory]
    [InlineData("{\"prompt\":\"x\",\"images\":[{}]}", "images")]
    [InlineData("{\"prompt\":\"x\",\"images\":[{\"image_url\":\"http://127.0.0.1/x.png\"}]}", null)]
    [InlineData("{\"prompt\":\"x\",\"images\":[7]}", "images")]
    [InlineData("{\"prompt\":\"x\",\"images\":[]}", "image")]
    public async Task Images_that_are_none_are_refused_by_their_field(string json, string? param)
    {
        (HttpStatusCode status, JsonElement body) = await studio.Server.SendAsync(HttpMethod.Post, "/v1/images/edits", StudioServer.Json(json));

        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Equal(param, body.GetProperty("error").GetProperty("param").GetString());
    }

    [Fact]
    public async Task A_stream_is_not_kept_back_by_proxies()
    {
        using HttpResponseMessage response = await studio.Server.Http.PostAsync(
            "/v1/images/generations", StudioServer.Json("""{"prompt":"x","size":"16x16","steps":1,"stream":true}"""), Cancellation);

        Assert.Equal("no", Assert.Single(response.Headers.GetValues("X-Accel-Buffering")));
        Assert.True(response.Headers.CacheControl!.NoCache && response.Headers.CacheControl.NoStore);
    }

    private static async Task<List<JsonElement>> StreamAsync(StudioServer server, string json)
    {
        using HttpResponseMessage response = await server.Http.PostAsync("/v1/images/generations", StudioServer.Json(json), Cancellation);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
        string text = await response.Content.ReadAsStringAsync(Cancellation);
        List<JsonElement> events = [];
        foreach (string line in text.Split('\n').Where(line => line.StartsWith("data: ", StringComparison.Ordinal)))
        {
            using JsonDocument data = JsonDocument.Parse(line["data: ".Length..]);
            events.Add(data.RootElement.Clone());
        }

        return events;
    }
}
