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

    [Theory]
    [InlineData(10, 2_000)]
    [InlineData(150, 1)]
    [InlineData(1, 31_000)]
    public async Task Headers_beyond_those_of_any_client_are_refused_with_words(int count, int length)
    {
        (string, string)[] headers = [.. Enumerable.Range(0, count).Select(i => ($"X-Long-{i}", new string('x', length)))];
        bool isTooMuch = count > 100;

        foreach (string path in new[] { "/api/health", "/v1/models", "/sdapi/v1/samplers" })
        {
            (HttpStatusCode status, JsonElement body) = await studio.Server.SendAsync(HttpMethod.Get, path, null, headers);
            Assert.Equal(isTooMuch ? HttpStatusCode.RequestHeaderFieldsTooLarge : HttpStatusCode.OK, status);
            (status, body) = await studio.Server.SendAsync(HttpMethod.Get, path, null, [.. headers, ("Cookie", new string('c', 33_000))]);
            Assert.Equal(HttpStatusCode.RequestHeaderFieldsTooLarge, status);
            Assert.Contains("allowed are at most 100 of 32768 bytes", body.ToString(), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("/api/generations?q=", HttpStatusCode.OK)]
    [InlineData("/api/models/", HttpStatusCode.NotFound)]
    public async Task An_address_has_a_longest_length(string start, HttpStatusCode within)
    {
        Assert.Equal(within, (await studio.Server.GetAsync(start + new string('a', 8000))).Status);

        (HttpStatusCode status, JsonElement body) = await studio.Server.GetAsync(start + new string('a', 9000));

        Assert.Equal(HttpStatusCode.RequestUriTooLong, status);
        Assert.Contains("at most 8192", Shape.Error(body), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_form_of_too_many_fields_or_too_long_names_is_refused_as_too_large_and_a_long_image_as_text_is_not()
    {
        string[] forms = [string.Join('&', Enumerable.Range(0, 2000).Select(i => $"f{i}=1")), new string('n', 5000) + "=1"];
        foreach (string form in forms)
        {
            using ByteArrayContent content = Bytes(Encoding.UTF8.GetBytes(form), "application/x-www-form-urlencoded");
            (HttpStatusCode status, JsonElement body) = await studio.Server.SendAsync(HttpMethod.Post, "/api/generate", content);
            Assert.Equal(HttpStatusCode.RequestEntityTooLarge, status);
            Assert.Contains("is too large", Shape.Error(body), StringComparison.Ordinal);
        }

        // Five megabytes of base64: more than a field of a form may have by default.
        using MultipartFormDataContent image = StudioServer.Form(null, ("prompt", "a"), ("image", Convert.ToBase64String(new byte[5_000_000])));
        (HttpStatusCode read, JsonElement problem) = await studio.Server.SendAsync(HttpMethod.Post, "/api/edit", image);
        Assert.Equal(HttpStatusCode.BadRequest, read);
        Assert.Contains("image", Shape.Error(problem), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/api/queue/generate", "\"loras\":[", "{\"name\":\"x\",\"weight\":1}", "at most 64")]
    [InlineData("/api/queue/generate", "\"skip_layers\":[", "1", "at most 100")]
    [InlineData("/api/queue/generate", "\"loras\":[", "7", "at most 64")]
    [InlineData("/sdapi/v1/txt2img", "\"loras\":[", "\"x\"", "at most 64")]
    public async Task A_list_without_end_is_refused_in_few_words_and_at_once(string path, string begin, string item, string words)
    {
        string json = $"{{\"model\":\"demo\",\"prompt\":\"a\",{begin}{string.Join(',', Enumerable.Repeat(item, 200_000))}]}}";
        var time = System.Diagnostics.Stopwatch.StartNew();

        (HttpStatusCode status, JsonElement body) = await studio.Server.SendAsync(HttpMethod.Post, path, StudioServer.Json(json));

        Assert.True(status is HttpStatusCode.BadRequest or HttpStatusCode.UnprocessableEntity, status.ToString());
        Assert.Contains(words, body.GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.InRange(body.ToString().Length, 1, 5000);
        // It took half a minute.
        Assert.InRange(time.Elapsed.TotalSeconds, 0, 10);
    }

    [Fact]
    public async Task What_a_client_names_a_million_times_is_noted_in_few_words()
    {
        string tags = string.Concat(Enumerable.Range(0, 500).Select(i => $"<lora:x{i}:1>"));
        string settings = string.Join(',', Enumerable.Range(0, 50_000).Select(i => $"\"k{i}\":1"));

        (HttpStatusCode status, JsonElement body) = await studio.Server.SendAsync(
            HttpMethod.Post, "/sdapi/v1/txt2img", StudioServer.Json($"{{\"prompt\":\"a {tags}\",\"width\":16,\"height\":16,\"steps\":1,\"override_settings\":{{{settings}}}}}"));

        Assert.Equal(HttpStatusCode.OK, status);
        string info = body.GetProperty("info").GetString()!;
        Assert.Contains("49980 more are not used", info, StringComparison.Ordinal);
        Assert.Contains("more than 64 LoRAs are named", info, StringComparison.Ordinal);
        Assert.InRange(info.Length, 1, 10_000);
    }

    [Theory]
    [InlineData("0,8")]
    [InlineData("te=0.8")]
    [InlineData("NaN")]
    public async Task A_weight_that_is_no_number_is_told(string weight)
    {
        string folder = studio.NewDataFolder();
        Directory.CreateDirectory(Path.Combine(folder, "loras"));
        File.WriteAllText(Path.Combine(folder, "loras", "ink.safetensors"), "");
        await using StudioServer server = await StudioServer.StartAsync(folder);

        (HttpStatusCode status, JsonElement body) = await server.GenerateAsync($$"""{"model":"demo","prompt":"a <lora:ink:{{weight}}>"}""");

        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains("the weight of the LoRA 'ink' is not a number", Shape.Error(body), StringComparison.Ordinal);
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
        (string id, string[] images) = await studio.Server.GenerateImagesAsync("""{"model":"demo","prompt":"a red circle","size":"16x16","steps":1}""");
        JsonElement generation = await studio.Server.GenerationAsync(id);
        File.Delete(Path.Combine(studio.Server.Folder, generation.GetProperty("images")[0].GetProperty("file_path").GetString()!));

        (HttpStatusCode status, JsonElement body) = await studio.Server.SendAsync(
            HttpMethod.Post, "/api/variation", StudioServer.Json($$"""{"source_image_id":"{{images[0]}}","model":"demo","prompt":"x"}"""));

        Assert.True(status == HttpStatusCode.NotFound, $"{status}: {body}");
        Assert.Contains("gone", Shape.Error(body), StringComparison.Ordinal);
    }
}
