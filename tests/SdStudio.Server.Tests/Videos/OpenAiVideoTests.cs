using System.Net;
using System.Text.Json;

namespace SdStudio.Server.Tests.Videos;

/// <summary>OpenAI's videos: <c>/v1/videos</c>.</summary>
public sealed class OpenAiVideoTests(VideoServer videos) : IClassFixture<VideoServer>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private StudioServer Server => videos.Server;

    [Theory]
    [InlineData("/v1")]
    [InlineData("/api/v1")]
    public async Task A_video_is_created_followed_fetched_listed_and_deleted(string root)
    {
        using var form = new MultipartFormDataContent
        {
            { new StringContent("sora-2"), "model" }, { new StringContent("a red circle moves"), "prompt" }, { new StringContent("64x32"), "size" }, { new StringContent("0.5"), "seconds" },
            { new StringContent("2"), "steps" }, { new StringContent("webp"), "format" }, { new StringContent("16"), "fps" }, { new ByteArrayContent(SampleImages.Good("png")), "input_reference", "start.png" },
        };
        (HttpStatusCode status, JsonElement video) = await Server.SendAsync(HttpMethod.Post, $"{root}/videos", form);
        Assert.True(status == HttpStatusCode.OK, video.ToString());
        Assert.Equal(("video", "moving", "64x32"), (video.GetProperty("object").GetString(), video.GetProperty("model").GetString(), video.GetProperty("size").GetString()));
        Assert.True(video.GetProperty("status").GetString() is "queued" or "in_progress" or "completed", video.ToString());
        string id = video.GetProperty("id").GetString()!;

        video = await UntilAsync(id, "completed", root);
        Assert.Equal((100, 9), (video.GetProperty("progress").GetInt32(), video.GetProperty("frames").GetInt32()));
        Assert.Equal(JsonValueKind.Null, video.GetProperty("error").ValueKind);
        await AssertContentAsync($"{root}/videos/{id}/content", "image/webp");
        await AssertContentAsync($"{root}/videos/{id}/content?variant=thumbnail", "image/webp");
        await AssertContentAsync($"{root}/videos/{id}/content?variant=spritesheet", "image/webp");
        (_, JsonElement list) = await Server.GetAsync($"{root}/videos?limit=1");
        Assert.Equal(("list", id), (list.GetProperty("object").GetString(), list.GetProperty("data")[0].GetProperty("id").GetString()));
        (_, JsonElement behind) = await Server.GetAsync($"{root}/videos?after={id}&order=desc");
        Assert.DoesNotContain(behind.GetProperty("data").EnumerateArray(), other => other.GetProperty("id").GetString() == id);

        (_, JsonElement deleted) = await Server.SendAsync(HttpMethod.Delete, $"{root}/videos/{id}");
        Assert.Equal(("video.deleted", true), (deleted.GetProperty("object").GetString(), deleted.GetProperty("deleted").GetBoolean()));
        (status, JsonElement gone) = await Server.GetAsync($"{root}/videos/{id}");
        Assert.Equal((HttpStatusCode.NotFound, "video_not_found"), (status, gone.GetProperty("error").GetProperty("code").GetString()));
    }

    [Fact]
    public async Task A_running_video_has_no_content_and_is_cancelled_when_it_is_deleted()
    {
        (_, JsonElement video) = await Server.SendAsync(HttpMethod.Post, "/v1/videos", StudioServer.Json("""{"prompt":"a red circle","size":"64x32","frames":33,"steps":150}"""));
        string id = video.GetProperty("id").GetString()!;
        video = await UntilAsync(id, "in_progress", "/v1");
        Assert.InRange(video.GetProperty("progress").GetInt32(), 0, 99);
        (HttpStatusCode status, JsonElement refused) = await Server.GetAsync($"/v1/videos/{id}/content");
        Assert.Equal((HttpStatusCode.NotFound, "video_not_ready"), (status, refused.GetProperty("error").GetProperty("code").GetString()));

        (_, JsonElement deleted) = await Server.SendAsync(HttpMethod.Delete, $"/v1/videos/{id}");

        Assert.True(deleted.GetProperty("deleted").GetBoolean());
    }

    [Theory]
    [InlineData("""{"model":"nobody","prompt":"x"}""", 404, "model", "The model 'nobody' does not exist")]
    [InlineData("""{"model":"demo","prompt":"x"}""", 400, "model", "Model 'demo' makes no videos; models that do: moving")]
    [InlineData("""{"model":"moving"}""", 400, "prompt", "Missing required field: prompt")]
    [InlineData("""{"model":"moving","prompt":"x","seconds":"soon"}""", 400, "seconds", "seconds is 'soon'; allowed is a number")]
    [InlineData("""{"model":"moving","prompt":"x","seconds":"100"}""", 400, "frames", "allowed is a whole number from 1 to 257")]
    [InlineData("""{"model":"moving","prompt":"x","size":"big"}""", 400, "size", "size is 'big'")]
    [InlineData("""{"model":"moving","prompt":"x","input_reference":{"file_id":"file-1"}}""", 400, "input_reference", "input_reference has no image")]
    public async Task Errors_have_OpenAIs_shape(string request, int expected, string field, string words)
    {
        (HttpStatusCode status, JsonElement body) = await Server.SendAsync(HttpMethod.Post, "/v1/videos", StudioServer.Json(request));

        Assert.Equal(expected, (int)status);
        JsonElement error = body.GetProperty("error");
        Assert.Equal((field, "invalid_request_error"), (error.GetProperty("param").GetString(), error.GetProperty("type").GetString()));
        Assert.Contains(words, error.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    private async Task<JsonElement> UntilAsync(string id, string wanted, string root)
    {
        while (true)
        {
            (_, JsonElement video) = await Server.GetAsync($"{root}/videos/{id}");
            string state = video.GetProperty("status").GetString()!;
            if (state == wanted)
                return video;
            Assert.True(state is "queued" or "in_progress", video.ToString());
            await Task.Delay(10, Cancellation);
        }
    }

    private async Task AssertContentAsync(string path, string type)
    {
        using HttpResponseMessage answer = await Server.Http.GetAsync(path, Cancellation);
        Assert.Equal((HttpStatusCode.OK, type), (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
        Assert.InRange((await answer.Content.ReadAsByteArrayAsync(Cancellation)).Length, 50, 1_000_000);
    }
}
