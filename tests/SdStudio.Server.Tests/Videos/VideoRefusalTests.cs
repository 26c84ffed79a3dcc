using System.Net;
using System.Text.Json;

namespace SdStudio.Server.Tests.Videos;

/// <summary>What no video is made of, in words; nothing of it reaches the engine.</summary>
public sealed class VideoRefusalTests(VideoServer videos) : IClassFixture<VideoServer>
{
    private StudioServer Server => videos.Server;

    [Theory]
    [InlineData("\"model\":\"demo\"", "Model 'demo' makes no videos; models that do: moving")]
    [InlineData("\"frames\":0", "frames is '0'; allowed is a whole number from 1 to 257")]
    [InlineData("\"frames\":258", "frames is '258'; allowed is a whole number from 1 to 257")]
    [InlineData("\"fps\":241", "fps is '241'; allowed is a whole number from 1 to 240")]
    [InlineData("\"format\":\"avi\"", "format is 'avi'; allowed is one of: webp, apng")]
    [InlineData("\"size\":\"2048x2048\",\"frames\":65", "frames is 65; with 2048x2048 these are 272629760 pixels, allowed are at most 268435456 together")]
    [InlineData("\"prompt\":\"\"", "Missing required field: prompt")]
    [InlineData("\"moe_boundary\":2", "moe_boundary is '2'; allowed is a number from 0 to 1")]
    [InlineData("\"high_noise_sampler\":\"dowsing\"", "high_noise_sampler is 'dowsing'; allowed is one of: ")]
    [InlineData("\"start_image\":\"x\"", "start_image")]
    [InlineData("\"end_image\":\"iVBORw0KGgo=\"", "end_image")]
    [InlineData("\"source_image_id\":\"nothing\"", "source_image_id is 'nothing'; there is no such image")]
    public async Task Every_wrong_field_is_named_with_what_is_allowed(string field, string expected)
    {
        (HttpStatusCode status, JsonElement body) = await Server.SendAsync(HttpMethod.Post, "/api/queue/video", StudioServer.Json(VideoServer.With(field)));

        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains(expected, body.GetProperty("error").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task More_control_frames_than_frames_are_refused()
    {
        using var form = new MultipartFormDataContent();
        foreach (JsonProperty field in JsonDocument.Parse(VideoServer.With("\"frames\":1")).RootElement.EnumerateObject())
            form.Add(new StringContent(field.Value.ToString()), field.Name);
        for (int frame = 0; frame < 2; frame++)
            form.Add(new ByteArrayContent(SampleImages.Good("png")), "control_frames", "frame.png");

        (HttpStatusCode status, JsonElement body) = await Server.SendAsync(HttpMethod.Post, "/api/queue/video", form);

        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains("2 images were sent for 1 frames", body.GetProperty("error").GetString(), StringComparison.Ordinal);
        // Their copies do not stay.
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(Server.Folder, "inputs")));
    }

    [Fact]
    public async Task Frames_that_have_no_room_are_refused_with_the_numbers_before_anything_is_loaded()
    {
        await using StudioServer server = await videos.StartAsync("--SdStudio:Models:MemoryMiB=600");

        (HttpStatusCode status, JsonElement body) = await server.SendAsync(HttpMethod.Post, "/api/video", StudioServer.Json(VideoServer.With("\"size\":\"1024x1024\",\"frames\":33")));

        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains("frames is 33; its frames take 594 MiB and the model", body.GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.Contains("and there is memory for 600 MiB. Ask for fewer or smaller frames", body.GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.Empty((await server.GetAsync("/api/models/running")).Body.EnumerateArray());
    }

    [Fact]
    public async Task Without_ffmpeg_mp4_is_refused_and_the_server_says_what_there_is()
    {
        await using StudioServer server = await videos.StartAsync("--SdStudio:Images:Ffmpeg=none");

        (HttpStatusCode status, JsonElement body) = await server.SendAsync(HttpMethod.Post, "/api/video", StudioServer.Json(VideoServer.With("\"format\":\"mp4\"")));

        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Equal("format is 'mp4'; allowed is one of: webp, apng", body.GetProperty("error").GetString());
        (_, JsonElement health) = await server.GetAsync("/api/health");
        Assert.Equal(["webp", "apng"], health.GetProperty("video_formats").EnumerateArray().Select(format => format.GetString()));
        JsonElement row = (await server.GetAsync("/api/parameters?type=video")).Body.GetProperty("parameters").EnumerateArray().Single(parameter => parameter.GetProperty("name").GetString() == "format");
        Assert.Equal(["webp", "apng"], row.GetProperty("values").EnumerateArray().Select(format => format.GetString()));
    }

    [Fact]
    public async Task Models_say_whether_they_make_videos()
    {
        (_, JsonElement body) = await Server.GetAsync("/api/models");

        Dictionary<string, bool> makes = body.GetProperty("models").EnumerateArray().ToDictionary(model => model.GetProperty("id").GetString()!, model => model.GetProperty("makes_videos").GetBoolean());
        Assert.True(makes["moving"]);
        Assert.False(makes["demo"]);
    }

    [Fact]
    public async Task A_video_model_that_is_asked_for_an_image_says_what_it_is()
    {
        (HttpStatusCode status, JsonElement body) = await Server.GenerateAsync("""{"model":"moving","prompt":"a red circle","size":"32x32","steps":1}""");

        Assert.NotEqual(HttpStatusCode.OK, status);
        Assert.Contains("video", body.GetProperty("error").GetString(), StringComparison.OrdinalIgnoreCase);
        Assert.Equal(HttpStatusCode.OK, (await Server.GetAsync("/api/health")).Status);
    }

    [Fact]
    public async Task Requests_of_any_values_are_made_or_refused_and_never_end_the_server()
    {
        var random = new Random(25);
        (string Name, string Good)[] names =
        [
            ("frames", "3"), ("fps", "24"), ("format", "\"apng\""), ("steps", "2"), ("size", "\"40x24\""), ("seed", "9"), ("cfg_scale", "1.5"), ("flow_shift", "3"), ("eta", "0.5"), ("guidance", "3.5"), ("moe_boundary", "0.9"),
            ("high_noise_steps", "1"), ("high_noise_cfg_scale", "2"), ("control_strength", "1"), ("clip_skip", "0"), ("vae_tiling", "false"), ("sampler", "\"euler\""), ("scheduler", "\"karras\""), ("slg_scale", "0"), ("skip_layers", "[1,2]"),
        ];
        string[] values = ["0", "1", "2", "3", "5", "-1", "0.5", "1e9", "99999999999999999999", "\"\"", "\"x\"", "null", "true", "[]", "[1,2]", "{}", "\"16x16\"", "\"40x24\"", "\"8x8\"", "\"webp\"", "\"apng\"", "\"euler\"", "\"karras\"", "\"NaN\""];
        int made = 0;
        for (int round = 0; round < 60; round++)
        {
            string fields = string.Join(',', Enumerable.Range(0, random.Next(1, 4)).Select(_ => names[random.Next(names.Length)]).Select(name => $"\"{name.Name}\":{(random.Next(3) > 0 ? name.Good : values[random.Next(values.Length)])}"));
            string request = $$"""{"model":"moving","prompt":"x","size":"16x16","frames":2,"steps":1,{{fields}}}""";
            (HttpStatusCode status, JsonElement body) = await Server.SendAsync(HttpMethod.Post, "/api/video", StudioServer.Json(request));
            Assert.True(status is HttpStatusCode.OK or HttpStatusCode.BadRequest, $"{request}: {status} {body}");
            made += status == HttpStatusCode.OK ? 1 : 0;
        }

        Assert.InRange(made, 10, 50);
        Assert.Equal(HttpStatusCode.OK, (await Server.GetAsync("/api/health")).Status);
    }
}
