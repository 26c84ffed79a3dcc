using System.Diagnostics;
using System.Net;
using System.Text.Json;
using NetVips;
using SdCpp.Interop;
using SdStudio.Tests;

namespace SdStudio.Server.Tests.Videos;

/// <summary>A video with sound, of the family LTX-2, over HTTP.</summary>
public sealed class LtxServerTests(Workshop studio)
{
    private const int Frames = 9;
    private const int Fps = 8;
    private const long Memory = 6L << 30;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_video_with_sound_is_made_from_an_image_and_its_file_has_both()
    {
        Assert.SkipWhen(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes < Memory, "needs 6 GB of memory");
        VideoServer.NeedFfmpeg();
        string folder = studio.NewDataFolder();
        AddModel(folder);
        await using StudioServer server = await StudioServer.StartAsync(folder);
        using var form = new MultipartFormDataContent();
        foreach ((string name, string value) in new[] { ("model", "sounding"), ("prompt", "The people look at the water"), ("size", "64x32"), ("frames", $"{Frames}"), ("format", "mp4"), ("seed", "7") })
            form.Add(new StringContent(value), name);
        using Image red = (Image.Black(64, 32) + new double[] { 230, 30, 30 }).Cast(Enums.BandFormat.Uchar);
        form.Add(new ByteArrayContent(red.PngsaveBuffer()), "image", "start.png");

        (HttpStatusCode status, JsonElement body) = await server.SendAsync(HttpMethod.Post, "/api/video", form);

        Assert.True(status == HttpStatusCode.OK, $"{status}: {body}");
        string id = Assert.Single(body.GetProperty("data").EnumerateArray().ToArray()).GetProperty("id").GetString()!;
        string file = Path.Combine(folder, "clip.mp4");
        await File.WriteAllBytesAsync(file, await server.Http.GetByteArrayAsync($"/api/images/{id}", Cancellation), Cancellation);
        JsonElement[] streams = await StreamsAsync(file);
        JsonElement video = streams.Single(stream => stream.GetProperty("codec_type").GetString() == "video"), sound = streams.Single(stream => stream.GetProperty("codec_type").GetString() == "audio");
        Assert.Equal(($"{Frames}", $"{Fps}/1", 64, 32), (video.GetProperty("nb_read_frames").GetString(), video.GetProperty("r_frame_rate").GetString(), video.GetProperty("width").GetInt32(), video.GetProperty("height").GetInt32()));
        Assert.Equal(2, sound.GetProperty("channels").GetInt32());
        // A codec's last packet is whole.
        Assert.InRange(double.Parse(sound.GetProperty("duration").GetString()!, System.Globalization.CultureInfo.InvariantCulture), Frames / (double)Fps - 0.03, (Frames / (double)Fps) + 0.1);

        using Image first = Image.NewFromBuffer(await server.Http.GetByteArrayAsync($"/api/images/{id}/sheet", Cancellation));
        Assert.InRange(first[32, 16][0], 210, 250);
        Assert.InRange(first[64 + 32, 16][0], 110, 145);
    }

    private static void AddModel(string data)
    {
        DiffusionModelOptions tiny = TinyLtxModel.Write(Path.Combine(data, "models", "sounding"));
        File.WriteAllText(
            Path.Combine(data, "video.yml"),
            $$"""
            models:
              sounding:
                name: "Sounding"
                capabilities: ["text-to-video", "image-to-video"]
                args: ["-M", "vid_gen", "--diffusion-model", "{{tiny.DiffusionModelPath}}", "--llm", "{{tiny.LlmPath}}", "--embeddings-connectors", "{{tiny.EmbeddingsConnectorsPath}}", "--taesd", "{{tiny.TaesdPath}}", "--audio-vae", "{{tiny.AudioVaePath}}", "--flow-shift", "1", "--fps", "{{Fps}}"]
                default_size: "64x32"
                generation_params: { cfg_scale: 1, sample_steps: {{TinyLtxModel.ExactSteps}}, sampling_method: "euler" }

            """);
    }

    private static async Task<JsonElement[]> StreamsAsync(string file)
    {
        using var probe = Process.Start(new ProcessStartInfo("ffprobe", ["-v", "error", "-count_frames", "-show_streams", "-of", "json", file]) { RedirectStandardOutput = true })!;
        using JsonDocument said = JsonDocument.Parse(await probe.StandardOutput.ReadToEndAsync(Cancellation));
        await probe.WaitForExitAsync(Cancellation);
        return [.. said.RootElement.GetProperty("streams").Clone().EnumerateArray()];
    }
}
