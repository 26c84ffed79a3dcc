using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using NetVips;
using SdStudio.Server.Images;
using SdStudio.Server.Images.Videos;

namespace SdStudio.Server.Tests.Videos;

/// <summary>Videos over HTTP: made, listed, served, read again, cancelled, deleted.</summary>
public sealed class VideoTests(VideoServer videos) : IClassFixture<VideoServer>
{
    private const int Frames = 16;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private StudioServer Server => videos.Server;

    [Fact]
    public async Task A_video_is_made_listed_served_in_parts_and_deleted()
    {
        (string job, string id) = await VideoServer.MakeAsync(Server, VideoServer.Request);

        byte[] file = await Server.Http.GetByteArrayAsync($"/api/images/{id}", Cancellation);
        using (Image all = Image.NewFromBuffer(file, kwargs: new VOption { { "n", -1 } }))
        {
            Assert.Equal((64, 32), (all.Width, all.PageHeight));
            Assert.Equal(1000, ((int[])all.Get("delay")).Sum());
        }

        using (var part = new HttpRequestMessage(HttpMethod.Get, $"/api/images/{id}") { Headers = { Range = new RangeHeaderValue(4, 11) } })
        using (HttpResponseMessage answer = await Server.Http.SendAsync(part, Cancellation))
        {
            Assert.Equal((HttpStatusCode.PartialContent, "image/webp", "bytes"), (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType, answer.Headers.AcceptRanges.Single()));
            Assert.Equal(file[4..12], await answer.Content.ReadAsByteArrayAsync(Cancellation));
        }

        using (var head = new HttpRequestMessage(HttpMethod.Head, $"/api/images/{id}"))
        using (HttpResponseMessage answer = await Server.Http.SendAsync(head, Cancellation))
            Assert.Equal((HttpStatusCode.OK, "image/webp", file.Length), (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType, answer.Content.Headers.ContentLength));

        JsonElement listed = (await Server.GetAsync("/api/images?type=video")).Body.GetProperty("images").EnumerateArray().Single(image => image.GetProperty("id").GetString() == id);
        AssertIsClip(listed.GetProperty("video"));
        JsonElement generation = await Server.GenerationAsync(job);
        Assert.Equal(("video", 1), (generation.GetProperty("type").GetString(), generation.GetProperty("image_count").GetInt32()));
        AssertIsClip(generation.GetProperty("images")[0].GetProperty("video"));
        Assert.Equal((64, 32, 1), await SizeOfAsync($"/api/images/{id}/thumbnail?size=256"));
        Assert.Equal((8 * 64, 2 * 32, 1), await SizeOfAsync($"/api/images/{id}/sheet"));
        (_, JsonElement parameters) = await Server.GetAsync($"/api/images/{id}/parameters");
        Assert.Equal((Frames, 16, "webp"), (parameters.GetProperty("frames").GetInt32(), parameters.GetProperty("fps").GetInt32(), parameters.GetProperty("format").GetString()));

        JsonElement told = await ToldOfAsync(job);
        Assert.Equal("job.completed", told.GetProperty("type").GetString());
        JsonElement video = Assert.Single(told.GetProperty("data").GetProperty("images").EnumerateArray().ToArray());
        Assert.Equal((id, "image/webp"), (video.GetProperty("id").GetString(), video.GetProperty("mime_type").GetString()));
        AssertIsClip(video.GetProperty("video"));

        (HttpStatusCode status, _) = await Server.SendAsync(HttpMethod.Delete, $"/api/images/{id}");
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.DoesNotContain((await Server.GetAsync("/api/images?type=video")).Body.GetProperty("images").EnumerateArray(), image => image.GetProperty("id").GetString() == id);
        Assert.Equal(HttpStatusCode.NotFound, (await Server.GetAsync($"/api/images/{id}/sheet")).Status);
        Assert.Empty(Directory.EnumerateFiles(Server.Folder, $"*{id}*", SearchOption.AllDirectories));
        Assert.False(Directory.Exists(Path.Combine(Server.Folder, "thumbnails", id[..2], id)));
    }

    [Fact]
    public async Task What_is_asked_of_a_video_that_only_an_image_has_is_refused_in_words()
    {
        (_, string id) = await VideoServer.MakeAsync(Server, VideoServer.With("\"frames\":5"));

        foreach (string type in new[] { "edit", "variation", "upscale", "video" })
        {
            (HttpStatusCode status, JsonElement body) = await Server.SendAsync(
                HttpMethod.Post, $"/api/queue/{type}", StudioServer.Json($$"""{"model":"{{(type == "video" ? "moving" : "demo")}}","prompt":"x","source_image_id":"{{id}}"}"""));
            Assert.Equal(HttpStatusCode.BadRequest, status);
            Assert.Equal($"source_image_id is '{id}'; that is a video. Send an image of it: /api/images/{id}/thumbnail is a still, /sheet has its frames", Shape.Error(body));
        }

        (HttpStatusCode png, JsonElement refused) = await Server.GetAsync($"/api/images/{id}?format=png");
        Assert.Equal(HttpStatusCode.BadRequest, png);
        Assert.Contains("is a video stored as webp; leave format out", Shape.Error(refused), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("webp", "image/webp")]
    [InlineData("apng", "image/apng")]
    [InlineData("mp4", "video/mp4")]
    [InlineData("webm", "video/webm")]
    public async Task Every_format_is_what_was_asked_for_and_makes_the_same_video_again(string format, string type)
    {
        if (type.StartsWith("video", StringComparison.Ordinal))
            VideoServer.NeedFfmpeg();
        // A server that has looked for it since it is there.
        await using StudioServer server = await videos.StartAsync();
        (_, string id) = await VideoServer.MakeAsync(server, VideoServer.With($"\"format\":\"{format}\""));

        using HttpResponseMessage answer = await server.Http.GetAsync($"/api/images/{id}?download=true", Cancellation);
        byte[] file = await answer.Content.ReadAsByteArrayAsync(Cancellation);
        Assert.Equal(type, answer.Content.Headers.ContentType?.MediaType);
        Assert.EndsWith("." + VideoFormats.ExtensionOf(format), answer.Content.Headers.ContentDisposition!.FileNameStar, StringComparison.Ordinal);
        Assert.EndsWith("trainedAlgorithmicMedia", ImageTexts.In(ImageDecoder.Texts(file, "video")).SourceType, StringComparison.Ordinal);

        using MultipartFormDataContent form = StudioServer.Form(file);
        (_, JsonElement read) = await server.SendAsync(HttpMethod.Post, "/api/settings/read", form);
        JsonElement request = read.GetProperty("request");
        Assert.Equal((Frames, 16, 7, "moving"), (request.GetProperty("frames").GetInt32(), request.GetProperty("fps").GetInt32(), request.GetProperty("seed").GetInt32(), read.GetProperty("local_model").GetString()));
        (_, JsonElement again) = await server.SendAsync(HttpMethod.Post, $"/api/images/{id}/reproduce");
        Assert.True(again.GetProperty("same").GetBoolean(), again.ToString());

        byte[] bare = await server.Http.GetByteArrayAsync($"/api/images/{id}?infotext=false", Cancellation);
        Assert.Null(ImageTexts.In(ImageDecoder.Texts(bare, "video")).Infotext);
        byte[] packed = await server.Http.GetByteArrayAsync($"/api/images/{id}", Cancellation);
        using HttpResponseMessage zip = await server.Http.PostAsync("/api/images/zip?type=video&format=jpeg", content: null, Cancellation);
        await using var archive = new ZipArchive(await zip.Content.ReadAsStreamAsync(Cancellation));
        Assert.All(archive.Entries, entry => Assert.EndsWith("." + VideoFormats.ExtensionOf(format), entry.Name, StringComparison.Ordinal));
        Assert.Contains(archive.Entries, entry => entry.Length == packed.Length);
    }

    [Fact]
    public async Task A_start_image_changes_the_video_and_an_image_of_the_server_can_be_one()
    {
        (_, string without) = await VideoServer.MakeAsync(Server, VideoServer.With("\"frames\":5"));
        (_, string[] images) = await Server.GenerateImagesAsync("""{"model":"demo","prompt":"a red circle","size":"64x32","steps":1}""");
        string begun = await BeginAsync(StudioServer.Form(null, ("source_image_id", images[0])));
        using var form = new MultipartFormDataContent { { new ByteArrayContent(SampleImages.Good("png")), "start_image", "start.png" } };
        string other = await BeginAsync(form);

        Assert.Equal(3, new[] { await HashAsync(without), await HashAsync(begun), await HashAsync(other) }.Distinct().Count());

        async Task<string> BeginAsync(MultipartFormDataContent fields)
        {
            foreach (JsonProperty field in JsonDocument.Parse(VideoServer.With("\"frames\":5")).RootElement.EnumerateObject())
                fields.Add(new StringContent(field.Value.ToString()), field.Name);
            (HttpStatusCode status, JsonElement body) = await Server.SendAsync(HttpMethod.Post, "/api/video", fields);
            Assert.True(status == HttpStatusCode.OK, $"{status}: {body}");
            string id = body.GetProperty("data")[0].GetProperty("id").GetString()!;
            Assert.NotNull((await Server.GenerationAsync(body.GetProperty("id").GetString()!)).GetProperty("input_image_path").GetString());
            return id;
        }
    }

    [Fact]
    public async Task A_cancelled_video_leaves_nothing()
    {
        (HttpStatusCode status, JsonElement queued) = await Server.SendAsync(HttpMethod.Post, "/api/queue/video", StudioServer.Json(VideoServer.With("\"steps\":150,\"frames\":33")));
        Assert.True(status == HttpStatusCode.OK, queued.ToString());
        string id = queued.GetProperty("job_id").GetString()!;
        await Server.WaitForAsync(id, "processing");
        while ((await Server.JobAsync(id)).GetProperty("step").ValueKind == JsonValueKind.Null)
            await Task.Delay(10, Cancellation);

        await Server.SendAsync(HttpMethod.Delete, $"/api/queue/{id}");

        Assert.Equal("cancelled", (await Server.WaitForAsync(id, "cancelled", "completed")).GetProperty("status").GetString());
        string image = SdStudio.Server.Images.ImageId.Of(id, 0);
        Assert.Empty(Directory.EnumerateFiles(Server.Folder, $"{image}*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task The_phases_and_the_end_of_a_video_are_told()
    {
        (_, JsonElement queued) = await Server.SendAsync(HttpMethod.Post, "/api/queue/video", StudioServer.Json(VideoServer.With("\"steps\":150,\"frames\":65")));
        string running = queued.GetProperty("job_id").GetString()!;
        JsonElement seen;
        while ((seen = await Server.JobAsync(running)).GetProperty("phase").GetString() != "sample" || seen.GetProperty("step_count").GetInt32() == 0)
        {
            Assert.True(seen.GetProperty("status").GetString() is "pending" or "processing", seen.ToString());
            await Task.Delay(5, Cancellation);
        }

        Assert.Equal((150, 65), (seen.GetProperty("step_count").GetInt32(), seen.GetProperty("video").GetProperty("frames").GetInt32()));
        await Server.SendAsync(HttpMethod.Delete, $"/api/queue/{running}");
        await Server.WaitForAsync(running, "cancelled", "completed");

        using HttpResponseMessage stream = await Server.Http.GetAsync("/api/events?channels=queue", HttpCompletionOption.ResponseHeadersRead, Cancellation);
        using var lines = new StreamReader(await stream.Content.ReadAsStreamAsync(Cancellation));
        (string job, _) = await VideoServer.MakeAsync(Server, VideoServer.Request);
        JsonElement? completed = null;
        while (completed is null && await lines.ReadLineAsync(Cancellation) is { } line)
        {
            if (line.StartsWith("data: ", StringComparison.Ordinal) && JsonDocument.Parse(line["data: ".Length..]).RootElement is var happened
                && happened.TryGetProperty("type", out JsonElement type) && type.GetString() == "job_completed")
                completed = happened.GetProperty("data");
        }

        Assert.Equal(job, completed!.Value.GetProperty("id").GetString());
        AssertIsClip(completed.Value.GetProperty("images")[0].GetProperty("video"));
    }

    private async Task<JsonElement> ToldOfAsync(string job)
    {
        while (true)
        {
            foreach ((_, string body, _) in videos.Listener.Received)
            {
                if (JsonElement.Parse(body) is var message && message.GetProperty("data").GetProperty("id").GetString() == job)
                    return message;
            }

            await Task.Delay(20, Cancellation);
        }
    }

    private static void AssertIsClip(JsonElement video)
    {
        Assert.Equal((Frames, 16, 1.0, "webp", false), (video.GetProperty("frames").GetInt32(), video.GetProperty("fps").GetInt32(), video.GetProperty("seconds").GetDouble(), video.GetProperty("format").GetString(), video.GetProperty("sound").GetBoolean()));
        Assert.Equal((Frames, 8), (video.GetProperty("sheet_frames").GetInt32(), video.GetProperty("sheet_columns").GetInt32()));
    }

    private async Task<(int Width, int Height, int Pages)> SizeOfAsync(string path)
    {
        using Image image = Image.NewFromBuffer(await Server.Http.GetByteArrayAsync(path, Cancellation), kwargs: new VOption { { "n", -1 } });
        return (image.Width, image.Height, image.Height / image.PageHeight);
    }

    private async Task<string> HashAsync(string id) =>
        Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(await Server.Http.GetByteArrayAsync($"/api/images/{id}/sheet", Cancellation)));
}
