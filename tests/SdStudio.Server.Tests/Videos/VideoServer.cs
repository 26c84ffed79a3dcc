using System.Net;
using System.Text.Json;
using SdStudio.Tests;

namespace SdStudio.Server.Tests.Videos;

/// <summary>A server with a model that makes videos beside the one that makes images.</summary>
public sealed class VideoServer(Workshop studio) : IAsyncLifetime
{
    /// <summary>Sixteen small frames.</summary>
    public const string Request = """{"model":"moving","prompt":"a red circle moves to the right","size":"64x32","frames":16,"fps":16,"steps":2,"seed":7}""";

    internal StudioServer Server { get; private set; } = null!;

    /// <summary>Hears of its jobs.</summary>
    internal WebhookReceiver Listener { get; } = new();

    public async ValueTask InitializeAsync() => Server = await StartAsync(
        $"--SdStudio:Webhooks:shop:Url={Listener.Address}", $"--SdStudio:Webhooks:shop:Secret={WebhookReceiver.Secret}", "--SdStudio:Webhooks:shop:AllowPrivateAddresses=true");

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        await Listener.DisposeAsync();
    }

    internal Task<StudioServer> StartAsync(params string[] settings)
    {
        string folder = studio.NewDataFolder();
        TinyVideoEntry.AddTo(folder, "moving");
        return StudioServer.StartAsync(folder, settings);
    }

    internal static void NeedFfmpeg() =>
        Assert.SkipWhen(!File.Exists("/usr/bin/ffmpeg") && DebianPackages.Install("ffmpeg") is not null && !File.Exists("/usr/bin/ffmpeg"), "ffmpeg cannot be installed");

    /// <summary>Makes a video, expecting success.</summary>
    /// <returns>The job's id and the video's.</returns>
    internal static async Task<(string Job, string Video)> MakeAsync(StudioServer server, string json)
    {
        (HttpStatusCode status, JsonElement body) = await server.SendAsync(HttpMethod.Post, "/api/video", StudioServer.Json(json));
        Assert.True(status == HttpStatusCode.OK, $"{status}: {body}");
        return (body.GetProperty("job_id").GetString()!, Assert.Single(body.GetProperty("data").EnumerateArray().ToArray()).GetProperty("id").GetString()!);
    }

    /// <summary>The same with other fields.</summary>
    internal static string With(string fields) => $"{Request[..^1]},{fields}}}";
}
