using System.Net;
using System.Text;
using System.Text.Json;

namespace SdStudio.Server.Tests.Clients;

/// <summary>Progress and interrupts of Automatic1111's API: whose they are, and what is left of what was interrupted.</summary>
public sealed class SdProgressTests(Workshop studio)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static JsonElement InfoOf(JsonElement body)
    {
        using JsonDocument info = JsonDocument.Parse(body.GetProperty("info").GetString()!);
        return info.RootElement.Clone();
    }

    [Fact]
    public async Task Progress_shows_the_image_and_an_interrupt_stops_only_the_callers_own()
    {
        await using StudioServer server = await StudioServer.StartAsync(studio.NewDataFolder(), "--SdStudio:Limits:MaxSteps=1000");
        (_, JsonElement idle) = await server.GetAsync("/sdapi/v1/progress");
        Assert.Equal(0, idle.GetProperty("progress").GetDouble());
        Assert.Equal(0, idle.GetProperty("state").GetProperty("job_count").GetInt32());

        Task<(HttpStatusCode Status, JsonElement Body)> long_ = server.SendAsync(
            HttpMethod.Post, "/sdapi/v1/txt2img", StudioServer.Json("""{"prompt":"a circle","width":64,"height":64,"steps":1000,"force_task_id":"mine"}"""), ("User-Agent", "one"));
        JsonElement busy;
        do
            (_, busy) = await server.GetAsync("/sdapi/v1/progress");
        while (busy.GetProperty("current_image").ValueKind == JsonValueKind.Null);
        Assert.True(busy.GetProperty("progress").GetDouble() > 0);
        Assert.Equal(1, busy.GetProperty("state").GetProperty("job_count").GetInt32());
        Assert.Equal(1000, busy.GetProperty("state").GetProperty("sampling_steps").GetInt32());
        Assert.True(new PngFile(busy.GetProperty("current_image").GetBytesFromBase64()).Width > 0);
        (_, JsonElement quiet) = await server.GetAsync("/sdapi/v1/progress?skip_current_image=true");
        Assert.Equal(JsonValueKind.Null, quiet.GetProperty("current_image").ValueKind);

        Assert.False(await InterruptAsync(server, "another", ""));
        Assert.False(await InterruptAsync(server, "one", """{"force_task_id":"not mine"}"""));
        Assert.False(long_.IsCompleted);
        Assert.True(await InterruptAsync(server, "one", """{"force_task_id":"mine"}"""));
        (HttpStatusCode status, JsonElement body) = await long_;
        Assert.True(status == HttpStatusCode.OK, body.ToString());
        Assert.Equal(0, body.GetProperty("images").GetArrayLength());
        Assert.True(InfoOf(body).GetProperty("interrupted").GetBoolean());
        Assert.Single(InfoOf(body).GetProperty("infotexts").EnumerateArray());
    }

    [Fact]
    public async Task An_interrupted_batch_returns_the_images_that_were_completed()
    {
        await using StudioServer server = await StudioServer.StartAsync(studio.NewDataFolder(), "--SdStudio:Limits:MaxSteps=1000");
        Task<(HttpStatusCode Status, JsonElement Body)> batch = server.SendAsync(
            HttpMethod.Post, "/sdapi/v1/txt2img", StudioServer.Json("""{"prompt":"a circle","width":64,"height":64,"steps":100,"batch_size":8,"seed":5}"""), ("User-Agent", "one"));
        string id = await server.JobOfAsync("a circle");
        JsonElement images;
        do
            (_, images) = await server.GetAsync($"/api/generations/{id}/images");
        while (images.GetArrayLength() == 0);

        Assert.True(await InterruptAsync(server, "one", ""));
        (HttpStatusCode status, JsonElement body) = await batch;

        Assert.Equal(HttpStatusCode.OK, status);
        int count = body.GetProperty("images").GetArrayLength();
        Assert.InRange(count, 1, 7);
        JsonElement info = InfoOf(body);
        Assert.True(info.GetProperty("interrupted").GetBoolean());
        Assert.Equal(Enumerable.Range(5, count), info.GetProperty("all_seeds").EnumerateArray().Select(seed => seed.GetInt32()));
    }

    [Fact]
    public async Task With_keys_an_interrupt_reaches_only_the_jobs_of_its_key_and_an_image_in_the_making_is_its_owners()
    {
        await using StudioServer server = await StudioServer.StartAsync(
            studio.NewDataFolder(), "--SdStudio:Limits:MaxSteps=1000", "--SdStudio:Security:ApiKeys:ann=key-of-ann-0123", "--SdStudio:Security:ApiKeys:bob=key-of-bob-0123");
        (string, string) ann = ("Authorization", "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes("ann:key-of-ann-0123")));
        (string, string) bob = ("Authorization", "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes("any:key-of-bob-0123")));

        (HttpStatusCode none, JsonElement error) = await server.SendAsync(HttpMethod.Get, "/sdapi/v1/options", null, ("Authorization", "Basic "));
        Assert.Equal(HttpStatusCode.Unauthorized, none);
        Assert.Equal("Unauthorized", error.GetProperty("error").GetString());
        Task<(HttpStatusCode Status, JsonElement Body)> generating = server.SendAsync(
            HttpMethod.Post, "/sdapi/v1/txt2img", StudioServer.Json("""{"prompt":"a circle","width":64,"height":64,"steps":1000}"""), ann);
        JsonElement busy;
        do
            (_, busy) = await server.SendAsync(HttpMethod.Get, "/sdapi/v1/progress", null, ann);
        while (busy.GetProperty("current_image").ValueKind == JsonValueKind.Null);
        (_, JsonElement seenByBob) = await server.SendAsync(HttpMethod.Get, "/sdapi/v1/progress", null, bob);
        (_, JsonElement bobs) = await server.SendAsync(HttpMethod.Post, "/sdapi/v1/interrupt", null, bob);
        (_, JsonElement anns) = await server.SendAsync(HttpMethod.Post, "/sdapi/v1/interrupt", null, ann);

        Assert.Equal(JsonValueKind.Null, seenByBob.GetProperty("current_image").ValueKind);
        Assert.False(bobs.GetProperty("interrupted").GetBoolean());
        Assert.True(anns.GetProperty("interrupted").GetBoolean());
        Assert.Equal(HttpStatusCode.OK, (await generating).Status);
    }

    [Fact]
    public async Task Only_this_surface_makes_browsers_ask_for_a_password()
    {
        await using StudioServer server = await StudioServer.StartAsync(studio.NewDataFolder(), "--SdStudio:Security:ApiKey=key-of-ann-0123");

        using HttpResponseMessage sd = await server.Http.GetAsync("/sdapi/v1/options", Cancellation);
        using HttpResponseMessage api = await server.Http.GetAsync("/api/models", Cancellation);

        Assert.Equal("Basic", Assert.Single(sd.Headers.WwwAuthenticate).Scheme);
        Assert.Empty(api.Headers.WwwAuthenticate);
    }

    private static async Task<bool> InterruptAsync(StudioServer server, string agent, string json)
    {
        (HttpStatusCode status, JsonElement body) = await server.SendAsync(
            HttpMethod.Post, "/sdapi/v1/interrupt", json.Length > 0 ? StudioServer.Json(json) : null, ("User-Agent", agent));
        Assert.Equal(HttpStatusCode.OK, status);
        return body.GetProperty("interrupted").GetBoolean();
    }
}
