using SdStudio.Tests;

namespace SdCpp.Interop.Tests;

/// <summary>Videos by the real engine: what comes out is a known function of what went in.</summary>
public sealed class VideoTests(VideoModel video, Demo demo) : IClassFixture<VideoModel>
{
    private const int Grey = 128;
    private const int Near = 4;

    private static readonly Rgb24[] Colours = [new(200, 40, 90), new(60, 210, 120), new(120, 130, 60), new(30, 90, 180)];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private Task<GeneratedVideo> MakeAsync(VideoRequest request, SdCallbacks? callbacks = null, CancellationToken? cancellation = null) =>
        video.Model.GenerateVideoAsync(request, callbacks, cancellation ?? Cancellation);

    [Fact]
    public async Task A_video_has_its_frames_its_rate_and_its_motion()
    {
        Assert.Equal(("Hunyuan Video", true, false), (video.Model.Family, video.Model.SupportsVideo, video.Model.SupportsImages));
        Assert.Contains("video", demo.Engine.Info.Features);
        using GeneratedVideo made = await MakeAsync(VideoModel.Request with { Frames = 9 });

        Assert.Equal((9, 8, 7L), (made.Frames.Count, made.Fps, made.Seed));
        Assert.Equal(TimeSpan.FromSeconds(9 / 8.0), made.Duration);
        Assert.Null(made.Audio);
        int level = made.Frames[1].Pixels[0, 0].B;
        Assert.InRange(level, 30, 180);
        for (int i = 0; i < made.Frames.Count; i++)
        {
            Assert.Equal((32, 32, 3), (made.Frames[i].Width, made.Frames[i].Height, made.Frames[i].Channels));
            foreach (Rgb24 pixel in made.Frames[i].Pixels)
            {
                Assert.InRange(pixel.R, Grey - Near, Grey + Near);
                Assert.InRange(pixel.G, Grey - Near, Grey + Near);
                Assert.InRange(pixel.B, level + TinyVideoModel.BlueOf(i) - Near, level + TinyVideoModel.BlueOf(i) + Near);
            }
        }
    }

    // 16 frames are no number that this family makes: 17 are generated, and the last is left out.
    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 5)]
    [InlineData(16, 17)]
    public async Task Any_number_of_frames_is_delivered_as_it_was_asked_for(int frames, int generated)
    {
        using GeneratedVideo made = await MakeAsync(VideoModel.Request with { Frames = frames }), whole = await MakeAsync(VideoModel.Request with { Frames = generated });
        Assert.Equal((frames, generated), (made.Frames.Count, whole.Frames.Count));
        for (int i = 0; i < frames; i++)
            Assert.True(made.Frames[i].Span.SequenceEqual(whole.Frames[i].Span));
    }

    [Fact]
    public async Task The_first_and_the_last_frame_show_the_images_that_are_given()
    {
        using ImageBuffer start = VideoChecks.Cells(VideoModel.Cell, 64, 32, Colours), end = VideoChecks.Cells(VideoModel.Cell, 64, 32, Colours[2], Colours[0]);
        VideoRequest request = VideoModel.Request with { Width = null, Height = null, StartImage = start };
        using GeneratedVideo begins = await MakeAsync(request);
        VideoChecks.AssertShows(start, begins.Frames[0], Near);
        Assert.InRange(begins.Frames[4].Pixels[0, 0].R, Grey - Near, Grey + Near);

        using GeneratedVideo both = await MakeAsync(request with { Frames = 9, EndImage = end });
        VideoChecks.AssertShows(start, both.Frames[0], Near);
        VideoChecks.AssertShows(end, both.Frames[8], Near);
        Assert.InRange(both.Frames[2].Pixels[0, 0].R, Grey - Near, Grey + Near);

        using GeneratedVideo ends = await MakeAsync(request with { Width = 64, Height = 32, StartImage = null, EndImage = end });
        VideoChecks.AssertShows(end, ends.Frames[4], Near);
        using GeneratedVideo simple = await video.Model.ImageToVideoAsync("a red fox", start, frames: 1, Cancellation);
        Assert.Equal((1, 64, 32), (simple.Frames.Count, simple.Frames[0].Width, simple.Frames[0].Height));
    }

    // Off the family's grid, frames are generated larger and cropped evenly, as the start image was padded.
    [Fact]
    public async Task Sides_off_the_grid_are_cropped_evenly()
    {
        using ImageBuffer start = VideoChecks.Cells(VideoModel.Cell, 48, 16, new Rgb24(220, 60, 0));
        using GeneratedVideo made = await MakeAsync(VideoModel.Request with { Width = null, Height = null, StartImage = start });
        Assert.All(made.Frames, frame => Assert.Equal((48, 16), (frame.Width, frame.Height)));
        VideoChecks.AssertShows(start, made.Frames[0], Near);
    }

    [Fact]
    public async Task The_same_seed_makes_the_same_bytes_and_another_prompt_or_seed_others()
    {
        VideoRequest request = VideoModel.Request with { FlowShift = null };
        byte[] first = await BytesAsync(request);
        Assert.Equal(first, await BytesAsync(request));
        Assert.NotEqual(first, await BytesAsync(request with { Seed = 8 }));
        Assert.NotEqual(first, await BytesAsync(request with { Prompt = "seven blue whales in the sea" }));
        Assert.NotEqual(first, await BytesAsync(request with { CfgScale = 5, NegativePrompt = "seven blue whales in the sea" }));
        using GeneratedVideo random = await video.Model.TextToVideoAsync("a fox", frames: 1, Cancellation);
        Assert.InRange(random.Seed, 0, uint.MaxValue);
    }

    [Fact]
    public async Task Phases_and_steps_come_in_order()
    {
        List<GenerationProgress> seen = [];
        (await MakeAsync(VideoModel.Request, new SdCallbacks { Progress = new Recorder(seen) })).Dispose();
        VideoChecks.AssertPhases(seen, TinyVideoModel.ExactSteps);
        Assert.All(seen, p => Assert.Equal((0, 1, 1), (p.ImageIndex, p.ImageCount, p.Pass)));
    }

    [Fact]
    public async Task A_preview_of_the_first_frame_comes_with_each_step()
    {
        List<int> steps = [];
        var callbacks = new SdCallbacks
        {
            PreviewMode = PreviewMode.Taesd,
            Preview = preview =>
            {
                steps.Add(preview.Step);
                preview.Image.Dispose();
            },
        };
        (await MakeAsync(VideoModel.Request, callbacks)).Dispose();
        Assert.Equal(Enumerable.Range(1, TinyVideoModel.ExactSteps), steps);
    }

    [Theory]
    [InlineData(GenerationPhase.Encode)]
    [InlineData(GenerationPhase.Sample)]
    [InlineData(GenerationPhase.Decode)]
    public async Task A_video_is_cancelled_in_each_phase_and_the_next_one_is_made(GenerationPhase phase)
    {
        await VideoChecks.CancelAsync(video.Model, VideoModel.Request, phase);
        (await MakeAsync(VideoModel.Request)).Dispose();
    }

    [Fact]
    public async Task What_cannot_be_is_refused_by_the_name_of_its_property()
    {
        using ImageBuffer small = ImageBuffer.Create(16, 16), right = ImageBuffer.Create(32, 32), grey = ImageBuffer.Create(32, 32, channels: 1);
        VideoRequest good = VideoModel.Request;
        await VideoChecks.RefusedAsync(video.Model, good with { Frames = 0 }, "Frames", "Frames is 0; allowed is 1 to 1025");
        await VideoChecks.RefusedAsync(video.Model, good with { Frames = VideoRequest.MaxFrames + 1 }, "Frames", "Frames is 1026");
        await VideoChecks.RefusedAsync(video.Model, good with { Fps = VideoRequest.MaxFps + 1 }, "Fps", "Fps is 241");
        await VideoChecks.RefusedAsync(video.Model, good with { Width = 4096, Height = 4096, Frames = 33 }, "Frames", "553648128");
        await VideoChecks.RefusedAsync(video.Model, good with { Steps = 0 }, "Steps", "Steps is 0");
        await VideoChecks.RefusedAsync(video.Model, good with { Sampler = "dice" }, "Sampler", "dice");
        await VideoChecks.RefusedAsync(video.Model, good with { MoeBoundary = 2 }, "MoeBoundary", "0 to 1");
        await VideoChecks.RefusedAsync(video.Model, good with { Strength = float.NaN }, "Strength", "0 to 1");
        await VideoChecks.RefusedAsync(video.Model, good with { HighNoise = new HighNoiseSampling { Steps = 2 } }, "HighNoise.Steps", "need a model that was loaded with");
        await VideoChecks.RefusedAsync(video.Model, good with { StartImage = small }, "StartImage", "StartImage is 16x16; it must have the size of the result, 32x32");
        await VideoChecks.RefusedAsync(video.Model, good with { EndImage = grey }, "EndImage", "EndImage channels is 1");
        await VideoChecks.RefusedAsync(video.Model, good with { Frames = 6, EndImage = right }, "Frames", "makes 5 or 9");
        await VideoChecks.RefusedAsync(video.Model, good with { ControlFrames = [right] }, "ControlFrames", "follows none", SdError.NotSupported);
        await VideoChecks.RefusedAsync(video.Model, good with { Prompt = new string('x', ImageRequest.MaxPromptBytes + 1) }, "Prompt", "8192 bytes at most");
        await VideoChecks.RefusedAsync(video.Model, good with { EngineOptions = new Dictionary<string, string> { ["no_such"] = "1" } }, "no_such", "not supported", SdError.NotSupported);
        await Assert.ThrowsAsync<ArgumentException>(() => MakeAsync(good with { ControlFrames = null! }));
        small.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => MakeAsync(good with { Width = 16, Height = 16, StartImage = small }));
    }

    [Fact]
    public async Task Models_of_images_make_no_videos_and_models_of_videos_no_images()
    {
        Assert.Equal((false, true), (demo.Model.SupportsVideo, demo.Model.SupportsImages));
        SdException noVideo = await Assert.ThrowsAsync<SdException>(() => demo.Model.GenerateVideoAsync(VideoModel.Request, null, Cancellation));
        Assert.Equal(SdError.NotSupported, noVideo.Code);
        Assert.Contains("'Z-Image' makes no videos", noVideo.Message, StringComparison.Ordinal);
        SdException noImage = await Assert.ThrowsAsync<SdException>(() => video.Model.TextToImageAsync(Demo.Request, null, Cancellation));
        Assert.Equal(SdError.NotSupported, noImage.Code);
        Assert.Contains("makes videos and no images", noImage.Message, StringComparison.Ordinal);
    }

    private async Task<byte[]> BytesAsync(VideoRequest request)
    {
        using GeneratedVideo made = await MakeAsync(request);
        return [.. made.Frames.SelectMany(frame => frame.Span.ToArray())];
    }
}
