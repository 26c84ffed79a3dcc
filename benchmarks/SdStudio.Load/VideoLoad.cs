using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using SdCpp.Interop;
using SdStudio.Tests;

namespace SdStudio.Load;

/// <summary>What a frame of a video costs at the server, against the same call in this process: one after the other, round by round.</summary>
internal static class VideoLoad
{
    private const int Rounds = 30;

    public static async Task RunAsync(int frames, int side)
    {
        string data = Directory.CreateTempSubdirectory("sdstudio-video").FullName;
        File.WriteAllText(Path.Combine(data, "models.yml"), "models: {}\n");
        TinyVideoEntry.AddTo(data, "moving");
        string weights = Path.Combine(data, "models", "moving");
        var options = new DiffusionModelOptions
        {
            DiffusionModelPath = Path.Combine(weights, "tiny-hunyuan.safetensors"), LlmPath = Path.Combine(weights, "tiny-qwen.safetensors"), TaesdPath = Path.Combine(weights, "tiny-taehv.safetensors"), Threads = 1,
        };
        var request = new VideoRequest { Prompt = "a red fox", Width = side, Height = side, Frames = frames, Fps = 16, Steps = TinyVideoModel.ExactSteps, FlowShift = 1, CfgScale = 1, Seed = 7, Sampler = "euler" };
        await using DiffusionModel model = await DiffusionModel.LoadAsync(options);
        using Studio studio = await Studio.StartAsync(data, ("SdStudio__Threads", "1"));
        await MakeAsync(studio, frames, side);
        (await model.GenerateVideoAsync(request)).Dispose();

        List<double> here = [], engine = [], whole = [], process = [], there = [];
        long before = studio.Rss;
        for (int round = 0; round < Rounds; round++)
        {
            TimeSpan processor = Process.GetCurrentProcess().TotalProcessorTime;
            long start = Stopwatch.GetTimestamp();
            (await model.GenerateVideoAsync(request)).Dispose();
            here.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            process.Add((Process.GetCurrentProcess().TotalProcessorTime - processor).TotalMilliseconds);
            processor = studio.ProcessorTime;
            (double all, double made) = await MakeAsync(studio, frames, side);
            there.Add((studio.ProcessorTime - processor).TotalMilliseconds);
            whole.Add(all);
            engine.Add(made);
        }

        Console.WriteLine($"{frames} frames of {side} x {side}, {request.Steps} steps, 1 thread, {Rounds} rounds by turns; medians a frame");
        Say("processor time", process, there);
        Say("time in the engine and to the file", here, engine);
        Say("time from request to answer", here, whole);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"memory of the server: {(studio.Rss - before) / 1024.0 / (Rounds * frames):F1} KiB a frame kept after {Rounds} videos of {frames * side * side * 3 / 1024} KiB of pixels"));
        Directory.Delete(data, recursive: true);

        void Say(string what, List<double> raw, List<double> server)
        {
            raw.Sort();
            server.Sort();
            double one = Figures.At(raw, .5) / frames, other = Figures.At(server, .5) / frames;
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what}: {one:F2} ms alone, {other:F2} ms at the server, {other / one:F3}"));
        }
    }

    private static async Task<(double Whole, double Engine)> MakeAsync(Studio studio, int frames, int side)
    {
        using var request = new StringContent(
            $$"""{"model":"moving","prompt":"a red fox","size":"{{side}}x{{side}}","frames":{{frames}},"fps":16,"steps":{{TinyVideoModel.ExactSteps}},"cfg_scale":1,"seed":7,"sampler":"euler"}""", Encoding.UTF8, "application/json");
        long start = Stopwatch.GetTimestamp();
        using HttpResponseMessage response = await studio.Http.PostAsync(new Uri("/api/video", UriKind.Relative), request);
        string text = await response.Content.ReadAsStringAsync();
        double whole = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        if (!response.IsSuccessStatusCode)
            throw new InvalidOperationException(text);
        using JsonDocument answer = JsonDocument.Parse(text);
        using JsonDocument job = JsonDocument.Parse(await studio.Http.GetStringAsync(new Uri($"/api/queue/{answer.RootElement.GetProperty("id").GetString()}", UriKind.Relative)));
        return (whole, job.RootElement.GetProperty("generation_time_ms").GetDouble());
    }
}
