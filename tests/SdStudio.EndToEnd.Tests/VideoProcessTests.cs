using System.Net.Http.Json;
using System.Text;
using System.Text.Json;

namespace SdStudio.EndToEnd.Tests;

/// <summary>Videos in the real process, which is killed while it makes one.</summary>
public sealed class VideoProcessTests : IDisposable
{
    private readonly string _data = ServerProcess.NewFolder();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_data, recursive: true);

    [Fact]
    public async Task A_video_that_kill_9_cut_off_is_made_whole_after_the_next_start()
    {
        MovingModel.AddTo(_data, "moving");
        string job;
        using (ServerProcess server = await ServerProcess.StartAsync(_data))
        {
            using var request = new StringContent("""{"model":"moving","prompt":"a red circle","size":"64x32","frames":17,"fps":16,"steps":60,"seed":7,"format":"apng"}""", Encoding.UTF8, "application/json");
            using HttpResponseMessage queued = await server.Client.PostAsync(new Uri("/api/queue/video", UriKind.Relative), request, Cancellation);
            job = (await queued.Content.ReadFromJsonAsync(JsonContext.Default.JsonElement, Cancellation)).GetProperty("job_id").GetString()!;
            while ((await JobAsync(server, job)).GetProperty("step").ValueKind == JsonValueKind.Null)
                await Task.Delay(10, Cancellation);
            await server.SignalAsync("KILL");
        }

        Assert.Empty(Directory.EnumerateFiles(Path.Combine(_data, "images"), "*.png"));
        using ServerProcess second = await ServerProcess.StartAsync(_data);
        JsonElement ended;
        while ((ended = await JobAsync(second, job)).GetProperty("status").GetString() is "pending" or "processing")
            await Task.Delay(20, Cancellation);

        Assert.Equal("completed", ended.GetProperty("status").GetString());
        byte[] file = await second.Client.GetByteArrayAsync(new Uri(ended.GetProperty("images")[0].GetProperty("url").GetString()!, UriKind.Relative), Cancellation);
        // The end of a PNG, and the control of each frame.
        Assert.Equal("IEND"u8, file.AsSpan(file.Length - 8, 4));
        Assert.Equal(17, System.Text.RegularExpressions.Regex.Count(Encoding.Latin1.GetString(file), "fcTL"));
        Assert.Single(Directory.EnumerateFiles(Path.Combine(_data, "images")));
    }

    private static Task<JsonElement> JobAsync(ServerProcess server, string id) => server.Client.GetFromJsonAsync(new Uri($"/api/queue/{id}", UriKind.Relative), JsonContext.Default.JsonElement, Cancellation);
}
