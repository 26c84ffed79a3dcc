using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace SdStudio.Server.Tests;

/// <summary>Bodies that are damaged, and fields that name images.</summary>
public sealed class RequestBodyTests(Workshop studio)
{
    private static ByteArrayContent Bytes(byte[] bytes, string type)
    {
        var content = new ByteArrayContent(bytes);
        content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
        return content;
    }

    [Theory]
    [InlineData("--b\r\nContent-Disposition: form-data; name=\"prompt\"\r\n\r\na")]
    [InlineData("--b\r\nContent-Disposition: form-data; name=\"image\"; filename=\"a.png\"\r\n\r\nabc")]
    [InlineData("--b\r\nContent-Disposition: form-data; name=\"prompt\"\r\n")]
    [InlineData("")]
    [InlineData("--c\r\n\r\n--c--")]
    public async Task A_form_that_is_cut_short_is_the_clients_fault(string text)
    {
        using ByteArrayContent content = Bytes(Encoding.UTF8.GetBytes(text), "multipart/form-data; boundary=b");

        (HttpStatusCode status, JsonElement body) = await studio.Server.SendAsync(HttpMethod.Post, "/api/edit", content);

        Assert.True(status == HttpStatusCode.BadRequest, $"{status}: {body}");
        Assert.DoesNotContain("disk", body.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/api/generate", "{\"model\":\"demo\",\"prompt\":\"a\",\"whatever\":\"\u00FF\"}")]
    [InlineData("/sdapi/v1/txt2img", "{\"prompt\":\"a\",\"whatever\":\"\u00FF\"}")]
    [InlineData("/sdapi/v1/options", "{\"whatever\":\"\u00FF\"}")]
    [InlineData("/v1/images/generations", "{\"prompt\":\"a\",\"\u00FF\":1}")]
    public async Task Bytes_that_are_no_utf8_are_refused_whichever_field_has_them(string path, string text)
    {
        // With a key the fields are hashed as well.
        using ByteArrayContent content = Bytes(Encoding.Latin1.GetBytes(text), "application/json");

        (HttpStatusCode status, JsonElement body) = await studio.Server.SendAsync(HttpMethod.Post, path, content, ("Idempotency-Key", Guid.NewGuid().ToString()));

        Assert.True(status == HttpStatusCode.BadRequest, $"{status}: {body}");
        Assert.Contains("UTF-8", body.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_byte_order_mark_is_no_damage()
    {
        using ByteArrayContent content = Bytes([0xEF, 0xBB, 0xBF, .. """{"model":"demo","prompt":"a","size":"16x16","steps":1}"""u8], "application/json");

        (HttpStatusCode status, JsonElement body) = await studio.Server.SendAsync(HttpMethod.Post, "/api/queue/generate", content);

        Assert.True(status == HttpStatusCode.OK, body.ToString());
    }

    [Fact]
    public async Task Of_a_field_that_comes_twice_the_last_counts()
    {
        using MultipartFormDataContent form = StudioServer.Form(null, ("model", "demo"), ("prompt", "first"), ("prompt", "second"), ("size", "16x16"), ("steps", "1"));

        (HttpStatusCode status, JsonElement body) = await studio.Server.SendAsync(HttpMethod.Post, "/api/queue/generate", form);

        Assert.True(status == HttpStatusCode.OK, body.ToString());
        Assert.Equal("second", (await studio.Server.JobAsync(body.GetProperty("job_id").GetString()!)).GetProperty("prompt").GetString());
    }

    [Fact]
    public async Task A_source_image_must_be_one_and_is_nothing_to_text_to_image()
    {
        string endless = new('x', 100_000);
        foreach (string path in new[] { "/api/queue/edit", "/api/queue/variation", "/api/queue/upscale" })
        {
            foreach (string id in new[] { endless, "nobody", "../inputs" })
            {
                (HttpStatusCode status, JsonElement body) = await studio.Server.SendAsync(
                    HttpMethod.Post, path, StudioServer.Json($$"""{"model":"demo","prompt":"x","source_image_id":"{{id}}"}"""));
                Assert.Equal(HttpStatusCode.BadRequest, status);
                Assert.Contains("source_image_id", Shape.Error(body), StringComparison.Ordinal);
                Assert.InRange(body.ToString().Length, 1, 500);
            }
        }

        string job = await studio.Server.QueueAsync($$"""{"model":"demo","prompt":"x","size":"16x16","steps":1,"source_image_id":"{{endless}}"}""");
        Assert.Equal(JsonValueKind.Null, (await studio.Server.JobAsync(job)).GetProperty("source_image_id").ValueKind);
    }

    [Fact]
    public async Task A_source_image_whose_file_is_gone_is_not_found()
    {
        (string id, string[] images) = await studio.Server.DrawAsync("""{"model":"demo","prompt":"a red circle","size":"16x16","steps":1}""");
        JsonElement generation = await studio.Server.GenerationAsync(id);
        File.Delete(Path.Combine(studio.Server.Folder, generation.GetProperty("images")[0].GetProperty("file_path").GetString()!));

        (HttpStatusCode status, JsonElement body) = await studio.Server.SendAsync(
            HttpMethod.Post, "/api/variation", StudioServer.Json($$"""{"source_image_id":"{{images[0]}}","model":"demo","prompt":"x"}"""));

        Assert.True(status == HttpStatusCode.NotFound, $"{status}: {body}");
        Assert.Contains("gone", Shape.Error(body), StringComparison.Ordinal);
    }
}
