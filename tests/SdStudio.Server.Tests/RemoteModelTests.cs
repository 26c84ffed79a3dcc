using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using NetVips;
using SdStudio.Server.Workers;

namespace SdStudio.Server.Tests;

/// <summary>Models that another server generates with: a studio, or whoever speaks OpenAI's images API.</summary>
public sealed class RemoteModelTests(Workshop studio)
{
    private const string FarJob = """{"model":"far","prompt":"a red circle on a blue background","size":"64x64","seed":5,"steps":4}""";

    [Fact]
    public async Task A_studio_generates_with_another_ones_model_as_that_one_would()
    {
        await using StudioServer server = await NearAsync(studio.Server.Http.BaseAddress!.ToString());

        (string id, string[] images) = await server.GenerateImagesAsync(FarJob);
        PngFile far = await server.ImageAsync(images[0]);
        PngFile own = await studio.Server.GenerateOneAsync(FarJob.Replace("far", "demo", StringComparison.Ordinal));
        Assert.Equal(own.Pixels, far.Pixels);
        Assert.Equal("running", (await server.GetAsync("/api/models/far/status")).Body.GetProperty("status").GetString());
        Assert.Equal("another server", (await server.JobAsync(id)).GetProperty("engine").GetString());
    }

    [Fact]
    public async Task An_image_and_a_mask_go_along()
    {
        await using StudioServer server = await NearAsync(studio.Server.Http.BaseAddress!.ToString());
        byte[] input = await PngOfAsync(server, FarJob);
        using Image black = Image.Black(64, 64).Copy(interpretation: Enums.Interpretation.Bw);
        using Image leftHalf = black.Mutate(image => image.DrawRect([255], 0, 0, 32, 64, fill: true));
        byte[] mask = leftHalf.PngsaveBuffer();
        (string Name, string Value)[] fields =
        [
            ("prompt", "a green circle on a blue background"), ("size", "64x64"), ("seed", "3"), ("steps", "4"), ("strength", "0.9"), ("mask", Convert.ToBase64String(mask)),
        ];

        PngFile far = await EditAsync(server, input, [("model", "far"), .. fields]);
        PngFile own = await EditAsync(studio.Server, input, [("model", "demo"), .. fields]);
        Assert.Equal(own.Pixels, far.Pixels);
    }

    [Fact]
    public async Task A_wrong_key_is_told_as_what_it_is()
    {
        await using StudioServer locked = await StudioServer.StartAsync(studio.NewDataFolder(), "--SdStudio:Security:ApiKey=the-right-key");
        await using (StudioServer wrong = await NearAsync(locked.Http.BaseAddress!.ToString(), "wrong"))
            Assert.Contains("does not accept its key", await FailureAsync(wrong), StringComparison.Ordinal);
        await using StudioServer right = await NearAsync(locked.Http.BaseAddress!.ToString(), "the-right-key");
        await right.GenerateImagesAsync(FarJob);
        Assert.DoesNotContain("the-right-key", (await right.GetAsync("/api/models")).Body.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nobody_at_the_address_is_told()
    {
        await using StudioServer server = await NearAsync("http://127.0.0.1:9");
        Assert.Contains("cannot be reached", await FailureAsync(server), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_busy_server_is_asked_again_and_one_that_knows_only_OpenAIs_fields_without_the_others()
    {
        List<JsonElement> asked = [];
        byte[] image = await PngOfAsync(studio.Server, FarJob.Replace("far", "demo", StringComparison.Ordinal));
        await using WebApplication other = await StandInAsync(async context =>
        {
            asked.Add((await JsonDocument.ParseAsync(context.Request.Body)).RootElement.Clone());
            context.Response.StatusCode = asked.Count switch { 1 => 503, 2 => 400, _ => 200 };
            await context.Response.WriteAsync(asked.Count switch
            {
                1 => "",
                2 => """{"error":{"message":"Unknown parameter: 'cfg_scale'.","code":"unknown_parameter"}}""",
                _ => $$"""{"created":1,"data":[{"b64_json":"{{Convert.ToBase64String(image)}}"}]}""",
            });
        });
        await using StudioServer server = await NearAsync(other.Urls.First() + "/v1");
        File.WriteAllText(Path.Combine(server.Folder, "loras", "brush.safetensors"), "");

        await server.GenerateImagesAsync(FarJob.Replace("\"seed\"", "\"loras\":[{\"name\":\"brush\",\"weight\":0.5}],\"seed\"", StringComparison.Ordinal));
        Assert.EndsWith("background <lora:brush:0.5>", asked[0].GetProperty("prompt").GetString(), StringComparison.Ordinal);
        Assert.Equal(3, asked.Count);
        Assert.Equal(5, asked[0].GetProperty("seed").GetInt32());
        Assert.False(asked[2].TryGetProperty("seed", out _));
        Assert.Equal("demo", asked[2].GetProperty("model").GetString());
    }

    [Theory]
    [InlineData(500, """{"error":{"message":"the engine fell over"}}""", "answered 500: the engine fell over")]
    [InlineData(200, """{"data":[{"b64_json":"bm8gcGljdHVyZQ=="}]}""", "did not send the images that were asked for: the image of the other server is not an image of a known kind")]
    [InlineData(200, "<html>", "did not send the images that were asked for: its answer is not that of an images API")]
    [InlineData(200, "[]", "its answer is not that of an images API")]
    [InlineData(200, "", "its answer is not that of an images API")]
    [InlineData(200, """{"data":[{"b64_json":"%%%"}]}""", "did not send the images that were asked for")]
    [InlineData(200, """{"data":[{"url":"file:///etc/passwd"}]}""", "its url is no address")]
    [InlineData(200, """{"data":[{}]}""", "neither b64_json nor url")]
    [InlineData(302, "", "redirects to nowhere (302)")]
    [InlineData(200, """{"data":[]}""", "0 of 1 images")]
    public async Task An_answer_that_is_no_image_fails_the_job_with_the_reason(int status, string body, string reason)
    {
        var asked = 0;
        await using WebApplication other = await StandInAsync(context =>
        {
            asked++;
            context.Response.StatusCode = status;
            return context.Response.WriteAsync(body);
        });
        await using StudioServer server = await NearAsync(other.Urls.First());

        Assert.Contains(reason, await FailureAsync(server), StringComparison.Ordinal);
        Assert.Equal(1, asked);
    }

    [Fact]
    public async Task More_images_than_were_asked_for_are_refused_and_a_circle_of_redirects_ends()
    {
        byte[] png = await PngOfAsync(studio.Server, FarJob.Replace("far", "demo", StringComparison.Ordinal));
        string image = $$"""{"b64_json":"{{Convert.ToBase64String(png)}}"}""";
        await using (WebApplication many = await StandInAsync(context => context.Response.WriteAsync($$"""{"data":[{{image}},{{image}}]}""")))
        await using (StudioServer server = await NearAsync(many.Urls.First()))
            Assert.Contains("2 of 1 images", await FailureAsync(server), StringComparison.Ordinal);

        await using WebApplication round = await StandInAsync(context =>
        {
            context.Response.Redirect(context.Request.Path, permanent: false, preserveMethod: true);
            return Task.CompletedTask;
        });
        await using StudioServer second = await NearAsync(round.Urls.First());
        Assert.Contains("redirects to nowhere (307)", await FailureAsync(second), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_answer_without_end_and_one_that_drips_are_given_up()
    {
        var zeros = new byte[1 << 20];
        await using (WebApplication endless = await StandInAsync(async context =>
        {
            while (!context.RequestAborted.IsCancellationRequested)
                await context.Response.Body.WriteAsync(zeros, context.RequestAborted);
        }))
        await using (StudioServer server = await NearAsync(endless.Urls.First()))
            Assert.Contains("sent more than 64 MiB", await FailureAsync(server), StringComparison.Ordinal);

        await using WebApplication slow = await StandInAsync(async context =>
        {
            while (!context.RequestAborted.IsCancellationRequested)
            {
                await context.Response.Body.WriteAsync(zeros.AsMemory(0, 1), context.RequestAborted);
                await context.Response.Body.FlushAsync(context.RequestAborted);
            }
        });
        await using StudioServer impatient = await NearAsync(slow.Urls.First(), settings: "--SdStudio:Models:RemoteTimeoutSeconds=1");
        Assert.Contains("did not answer in time", await FailureAsync(impatient), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_answer_that_is_cut_off_and_one_that_never_comes_fail_the_job_with_the_reason()
    {
        await using (WebApplication cut = await StandInAsync(async context =>
        {
            context.Response.ContentLength = 5000;
            await context.Response.WriteAsync("{\"data\":[");
            await context.Response.Body.FlushAsync(context.RequestAborted);
            context.Abort();
        }))
        await using (StudioServer server = await NearAsync(cut.Urls.First()))
            Assert.Contains("cut the connection before its answer was complete", await FailureAsync(server), StringComparison.Ordinal);

        await using WebApplication silent = await StandInAsync(context => Task.Delay(Timeout.Infinite, context.RequestAborted));
        await using StudioServer impatient = await NearAsync(silent.Urls.First(), settings: "--SdStudio:Models:RemoteTimeoutSeconds=1");
        Assert.Contains("did not answer in time", await FailureAsync(impatient), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_retried_job_is_another_one_for_the_other_server()
    {
        List<string> keys = [];
        await using WebApplication other = await StandInAsync(context =>
        {
            keys.Add(context.Request.Headers["Idempotency-Key"].ToString());
            context.Response.StatusCode = 500;
            return context.Response.WriteAsync("no");
        });
        await using StudioServer server = await NearAsync(other.Urls.First());
        string id = await server.QueueAsync(FarJob);
        await server.WaitForAsync(id, "failed");
        Assert.Equal(HttpStatusCode.OK, (await server.SendAsync(HttpMethod.Post, $"/api/queue/{id}/retry")).Status);
        await server.WaitForAsync(id, "failed");

        while (keys.Count < 2)
            await Task.Delay(10, TestContext.Current.CancellationToken);
        Assert.All(keys, key => Assert.StartsWith(id, key, StringComparison.Ordinal));
        Assert.NotEqual(keys[0], keys[1]);
    }

    [Theory]
    [InlineData("http://host:1234", "http://host:1234/v1/images/edits")]
    [InlineData("http://host/", "http://host/v1/images/edits")]
    [InlineData("https://host/v1/", "https://host/v1/images/edits")]
    [InlineData("https://host/openai/v1", "https://host/openai/v1/images/edits")]
    public void An_address_is_that_of_the_server_or_of_its_API(string written, string called) =>
        Assert.Equal(called, RemoteGenerator.AddressOf(new Uri(written), "images/edits").AbsoluteUri);

    private Task<StudioServer> NearAsync(string address, string key = "none", params string[] settings) => StudioServer.StartAsync(studio.NewDataFolder(
        $"models:\n  far:\n    name: Far\n    exec_mode: api\n    api: \"{address}\"\n    api_key: \"{key}\"\n    api_model: demo\n    generation_params: {{ cfg_scale: 1, sample_steps: 4, sampling_method: euler }}\n"), settings);

    private static async Task<string> FailureAsync(StudioServer server)
    {
        (HttpStatusCode status, JsonElement body) = await server.GenerateAsync(FarJob);
        Assert.Equal(HttpStatusCode.InternalServerError, status);
        return body.GetProperty("error").GetString()!;
    }

    private static async Task<WebApplication> StandInAsync(RequestDelegate answer)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder(["--urls=http://127.0.0.1:0", "--Logging:LogLevel:Default=None"]);
        WebApplication app = builder.Build();
        app.Run(answer);
        await app.StartAsync(TestContext.Current.CancellationToken);
        return app;
    }

    private static async Task<byte[]> PngOfAsync(StudioServer server, string json)
    {
        (_, string[] images) = await server.GenerateImagesAsync(json);
        return await server.Http.GetByteArrayAsync($"/api/images/{images[0]}", TestContext.Current.CancellationToken);
    }

    private static async Task<PngFile> EditAsync(StudioServer server, byte[] input, (string Name, string Value)[] fields)
    {
        using MultipartFormDataContent form = StudioServer.Form(input, fields);
        (HttpStatusCode status, JsonElement body) = await server.SendAsync(HttpMethod.Post, "/api/edit", form);
        Assert.True(status == HttpStatusCode.OK, body.ToString());
        return await server.ImageAsync(body.GetProperty("data")[0].GetProperty("id").GetString()!);
    }
}
