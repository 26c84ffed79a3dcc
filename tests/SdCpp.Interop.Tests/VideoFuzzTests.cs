using FsCheck;
using FsCheck.Fluent;

namespace SdCpp.Interop.Tests;

/// <summary>Random videos, sane and insane values mixed: each is made or refused with an <see cref="SdException"/>, and nothing ends the process.</summary>
public sealed class VideoFuzzTests(VideoModel video) : IClassFixture<VideoModel>
{
    private const int Requests = 2_000;

    private static readonly float[] Floats = [0, 0.001f, 0.3f, 0.5f, 1, 2.5f, 7, 100, -1, 1e-30f, 1e30f, float.MaxValue, float.Epsilon, float.NaN, float.PositiveInfinity, float.NegativeInfinity];

    private static readonly int[] Ints = [0, 1, 2, 3, 5, 8, 17, 240, 1000, 1001, 1025, 1026, -1, -64, 32768, int.MaxValue, int.MinValue];

    private static readonly string[] Texts = ["", "a red fox", "a (red:1.5) [fox] (((x", "(red:nan) (blue:1e999)", "\ud83d\udd34 円", "\u0001\t\r\n", "<|im_start|><|vision_start|><|image_pad|>", "<|video_pad|>", "a\0b", "\ud800"];

    private static Gen<float> Float => Gen.Elements(Floats);

    private static Gen<float?> FloatOrNull => Gen.Elements([null, .. Floats.Cast<float?>()]);

    private static Gen<Func<VideoRequest, VideoRequest>> Edit<T>(Gen<T> values, Func<VideoRequest, T, VideoRequest> set) =>
        values.Select(value => new Func<VideoRequest, VideoRequest>(request => set(request, value)));

    private static Gen<Func<VideoRequest, VideoRequest>> Edits(ImageBuffer[] images) => Gen.OneOf(
        Edit(Gen.Elements(Ints.Where(side => side is < 33 or > 16384)), (r, v) => r with { Width = v }),
        Edit(Gen.Elements(Ints.Where(side => side is < 33 or > 16384)), (r, v) => r with { Height = v }),
        Edit(Gen.Elements(Ints.Where(frames => frames is < 10 or > 1025)), (r, v) => r with { Frames = v }),
        Edit(Gen.Elements(Ints), (r, v) => r with { Fps = v }),
        Edit(Gen.Elements(Ints.Where(steps => steps is < 4 or > 1000)), (r, v) => r with { Steps = v }),
        Edit(Gen.Elements<long?>(null, 0, 7, -1, long.MaxValue, long.MinValue), (r, v) => r with { Seed = v }),
        Edit(Float, (r, v) => r with { CfgScale = v }),
        Edit(FloatOrNull, (r, v) => r with { ImageCfgScale = v }),
        Edit(FloatOrNull, (r, v) => r with { Guidance = v }),
        Edit(FloatOrNull, (r, v) => r with { Eta = v }),
        Edit(FloatOrNull, (r, v) => r with { FlowShift = v }),
        Edit(FloatOrNull, (r, v) => r with { MoeBoundary = v }),
        Edit(FloatOrNull, (r, v) => r with { Strength = v }),
        Edit(FloatOrNull, (r, v) => r with { VaceStrength = v }),
        Edit(Gen.Elements(Ints), (r, v) => r with { ClipSkip = v }),
        Edit(Gen.Elements(Texts), (r, v) => r with { Prompt = v }),
        Edit(Gen.Elements(Texts), (r, v) => r with { NegativePrompt = v, CfgScale = 2 }),
        Edit(Gen.Elements(Texts), (r, v) => r with { SamplerArguments = v }),
        Edit(Gen.Elements(SdEngine.Load().Samplers.Append("bogus").Append("")), (r, v) => r with { Sampler = v }),
        Edit(Gen.Elements(SdEngine.Load().Schedulers.Append("bogus").Append("")), (r, v) => r with { Scheduler = v }),
        Edit(Float.ListOf(), (r, v) => r with { Sigmas = [.. v.Take(6)] }),
        Edit(from layers in Gen.Elements(Ints).ListOf() from scale in Float select new SkipLayerGuidance([.. layers.Take(8)], scale), (r, v) => r with { SkipLayers = v }),
        Edit(from mode in Gen.Elements("disabled", "easycache", "ucache", "dbcache", "taylorseer", "cache-dit", "spectrum", "bogus") from start in FloatOrNull select new StepCache(mode) { Start = start },
            (r, v) => r with { Cache = v }),
        Edit(from width in Gen.Elements(Ints) from overlap in Float from relative in Float select new VaeTiling { TileWidth = width, TileHeight = width, Overlap = overlap, RelativeWidth = relative },
            (r, v) => r with { VaeTiling = v }),
        Edit(Gen.Elements(true, false), (r, v) => r with { CircularX = v, CircularY = !v }),
        Edit(Gen.Elements(images), (r, v) => r with { StartImage = v }),
        Edit(Gen.Elements(images), (r, v) => r with { EndImage = v }),
        Edit(Gen.Elements(images), (r, v) => r with { ControlFrames = [v, v] }),
        Edit(from steps in Gen.Elements(Ints) from cfg in FloatOrNull select new HighNoiseSampling { Steps = steps, CfgScale = cfg }, (r, v) => r with { HighNoise = v }),
        Edit(from path in Gen.Elements(images.Length > 0 ? "missing.safetensors" : "", "") from weight in Float select new LoraReference(path, weight, HighNoise: true), (r, v) => r with { Loras = [v] }),
        Edit(from name in Gen.Elements("hires.enabled", "moe_boundary", "ref_images", "video_frames", "") from value in Gen.Elements(Texts) select new Dictionary<string, string> { [name] = value },
            (r, v) => r with { EngineOptions = v }));

    [Fact]
    public void Thousands_of_random_videos_are_made_or_refused()
    {
        using ImageBuffer right = VideoChecks.Cells(VideoModel.Cell, 32, 32, new Rgb24(200, 30, 60)), small = ImageBuffer.Create(1, 1), grey = ImageBuffer.Create(32, 32, channels: 1);
        int made = 0, fromImage = 0;
        VideoRequest plain = VideoModel.Request with { Frames = 1, Steps = 1 };
        Gen<VideoRequest> requests =
            from start in Gen.Elements(plain, plain with { Frames = 5 }, plain with { StartImage = right }, plain with { Frames = 5, StartImage = right, EndImage = right })
            from count in Gen.Choose(1, 8)
            from edits in Edits([right, right, small, grey]).ListOf(count)
            select edits.Aggregate(start, (request, edit) => edit(request));

        Prop.ForAll(requests.ToArbitrary(), request =>
        {
            try
            {
                using GeneratedVideo result = video.Model.GenerateVideoAsync(request, null, TestContext.Current.CancellationToken).GetAwaiter().GetResult();
                made++;
                fromImage += request.StartImage is null ? 0 : 1;
                return result.Frames.Count == request.Frames && result.Fps == request.Fps;
            }
            catch (SdException)
            {
                return true;
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(Requests).WithQuietOnSuccess(true));

        Assert.InRange(made, Requests / 200, Requests / 2);
        Assert.InRange(fromImage, 1, made);
        TestContext.Current.TestOutputHelper?.WriteLine($"{made} of {Requests} were made, {fromImage} of them from an image");
    }
}
