using FsCheck;
using FsCheck.Fluent;

namespace SdCpp.Interop.Tests;

/// <summary>Random requests, sane and insane values mixed: each is generated or refused with an <see cref="SdException"/>, and nothing ends the process.</summary>
public sealed class RequestFuzzTests(Demo demo)
{
    private const int Requests = 10_000;

    private static readonly float[] Floats =
        [0, 0.001f, 0.3f, 0.5f, 1, 2.5f, 7, 100, -1, -0.001f, 1e-30f, 1e30f, float.MaxValue, float.Epsilon, float.NaN, float.PositiveInfinity, float.NegativeInfinity];

    private static readonly int[] Ints = [0, 1, 2, 3, 8, 17, 64, 1000, 1001, -1, -2, -64, 32768, int.MaxValue, int.MinValue];

    private static readonly string[] Texts =
        ["", "a red circle", "a (red:1.5) [circle] (((x", "(red:nan) (blue:1e999) (x:)", "\ud83d\udd34 円", "\u0001\t\r\n", "<|im_start|><|vision_start|><|image_pad|>", "<lora:x:1>", "a\0b", "BREAK AND \\( \\)", "1,0.5,0", "true", "nan", "\ud800"];

    private static Gen<float> Float => Gen.Elements(Floats);

    private static Gen<float?> FloatOrNull => Gen.Elements([null, .. Floats.Cast<float?>()]);

    private static Gen<int> Int => Gen.Elements(Ints);

    private static Gen<int?> IntOrNull => Gen.Elements([null, .. Ints.Cast<int?>()]);

    private static Gen<string> Text => Gen.Elements(Texts);

    private static Gen<IReadOnlyList<float>> FloatList => Float.ListOf().Select(list => (IReadOnlyList<float>)list.Take(8).ToList());

    private static Gen<Func<ImageRequest, ImageRequest>> Edit<T>(Gen<T> values, Func<ImageRequest, T, ImageRequest> set) =>
        values.Select(value => new Func<ImageRequest, ImageRequest>(request => set(request, value)));

    private static Gen<Func<ImageRequest, ImageRequest>> Edits(DemoModelFiles files) => Gen.OneOf(
        Edit(Gen.Elements(Ints.Where(side => side is < 65 or > 16384)), (r, v) => r with { Width = v }),
        Edit(Gen.Elements(Ints.Where(side => side is < 65 or > 16384)), (r, v) => r with { Height = v }),
        Edit(Gen.Elements(Ints.Where(steps => steps is < 4 or > 1000)), (r, v) => r with { Steps = v }),
        Edit(Gen.Elements(Ints.Where(count => count is < 4 or > 64)), (r, v) => r with { BatchCount = v }),
        Edit(Gen.Elements<long?>(null, 0, 7, -1, long.MaxValue, long.MinValue, long.MaxValue - 64), (r, v) => r with { Seed = v }),
        Edit(Float, (r, v) => r with { CfgScale = v }),
        Edit(FloatOrNull, (r, v) => r with { ImageCfgScale = v }),
        Edit(FloatOrNull, (r, v) => r with { Guidance = v }),
        Edit(FloatOrNull, (r, v) => r with { Eta = v }),
        Edit(FloatOrNull, (r, v) => r with { FlowShift = v }),
        Edit(IntOrNull, (r, v) => r with { ShiftedTimestep = v }),
        Edit(Int, (r, v) => r with { ClipSkip = v }),
        Edit(IntOrNull, (r, v) => r with { LayerCount = v }),
        Edit(Text, (r, v) => r with { Prompt = v }),
        Edit(Text, (r, v) => r with { NegativePrompt = v, CfgScale = 2 }),
        Edit(Text, (r, v) => r with { SamplerArguments = v }),
        Edit(Text, (r, v) => r with { ReferenceImageArguments = v }),
        Edit(Gen.Elements(SdEngine.Load().Samplers.Append("bogus").Append("")), (r, v) => r with { Sampler = v }),
        Edit(Gen.Elements(SdEngine.Load().Schedulers.Append("bogus").Append("")), (r, v) => r with { Scheduler = v }),
        Edit(FloatList, (r, v) => r with { Sigmas = v }),
        Edit(from layers in Int.ListOf() from scale in Float from start in Float select new SkipLayerGuidance([.. layers.Take(8)], scale, start), (r, v) => r with { SkipLayers = v }),
        Edit(Caches, (r, v) => r with { Cache = v }),
        Edit(Tilings, (r, v) => r with { VaeTiling = v }),
        Edit(HiresFixes(files), (r, v) => r with { Hires = v }),
        Edit(Gen.Elements(true, false), (r, v) => r with { CircularX = v, CircularY = !v }),
        Edit(from path in Gen.Elements(files.Taesd, files.DiffusionModel, "missing.safetensors", "") from weight in Float select new LoraReference(path, weight), (r, v) => r with { Loras = [v] }),
        Edit(
            from name in Gen.Elements("hires.enabled", "cache.mode", "vae_tiling_params.enabled", "sample_params.custom_sigmas", "pm_params.id_embed_path", "width", "")
            from value in Text
            select new Dictionary<string, string> { [name] = value }, (r, v) => r with { EngineOptions = v }));

    private static Gen<StepCache> Caches =>
        from mode in Gen.Elements("disabled", "easycache", "ucache", "dbcache", "taylorseer", "cache-dit", "spectrum", "bogus")
        from numbers in FloatOrNull.ArrayOf(8)
        from counts in IntOrNull.ArrayOf(8)
        from mask in Gen.Elements<string?>(null, "1,0,1", "1,x", "")
        select new StepCache(mode)
        {
            ReuseThreshold = Rarely(numbers[0]), Start = Rarely(numbers[1]), End = Rarely(numbers[2]), ErrorDecayRate = Rarely(numbers[3]), ResidualThreshold = Rarely(numbers[4]),
            SpectrumWeight = Rarely(numbers[5]), SpectrumLambda = Rarely(numbers[6]), SpectrumWindowGrowth = Rarely(numbers[7]), FrontBlocks = Rarely(counts[0]), BackBlocks = Rarely(counts[1]),
            WarmupSteps = Rarely(counts[2]), MaxCachedSteps = Rarely(counts[3]), Derivatives = Rarely(counts[4]), SkipInterval = Rarely(counts[5]), SpectrumDegree = Rarely(counts[6]),
            SpectrumWindow = Rarely(counts[7]), StepMask = mask,
        };

    // With sixteen insane values in a row nothing sane would be left.
    private static float? Rarely(float? value) => value is >= 0 and <= 1 or null ? value : null;

    private static int? Rarely(int? value) => value is >= 0 and <= 1000 or -1 or null ? value : null;

    private static Gen<VaeTiling> Tilings =>
        from width in Int from height in Int from overlap in Float from relative in Float
        select new VaeTiling { TileWidth = width, TileHeight = height, Overlap = overlap, RelativeWidth = relative, RelativeHeight = relative };

    private static Gen<HiresFix> HiresFixes(DemoModelFiles files) =>
        from upscaler in Gen.Elements("Lanczos", "Nearest", "Latent", "Model", "None", "bogus", "")
        from path in Gen.Elements(null, files.UpscalerX2, files.Taesd, "missing")
        from scale in Float from width in IntOrNull from steps in Gen.Elements(0, 1, 2, -1, int.MaxValue) from strength in Float from tile in Gen.Elements(0, 16, 128, -1, 5000)
        select new HiresFix { Upscaler = upscaler, ModelPath = path, Scale = scale, Width = width is > 64 and < 16384 ? 96 : width, Height = width is > 64 and < 16384 ? 80 : width, Steps = steps, Strength = strength, TileSize = tile };

    [Fact]
    public void Ten_thousand_random_requests_are_generated_or_refused()
    {
        int generated = 0, changed = 0;
        TextToImageRequest text = Demo.Request with { Width = 16, Height = 16, Steps = 1 };
        using ImageBuffer image = ImageBuffer.Create(16, 16), mask = ImageBuffer.Create(16, 16, channels: 1);
        mask.Span[..128].Fill(255);
        var changing = new ImageToImageRequest { Prompt = text.Prompt, Image = image, Width = 16, Height = 16, Steps = 1, CfgScale = 1, Seed = 7 };
        Gen<ImageRequest> requests =
            from start in Gen.Elements<ImageRequest>(text, text, changing, changing with { Mask = mask, Strength = 0.5f })
            from count in Gen.Choose(4, 14)
            from edits in Edits(demo.Files).ListOf(count)
            select edits.Aggregate(start, (request, edit) => edit(request));

        Prop.ForAll(requests.ToArbitrary(), request =>
        {
            try
            {
                using GenerationResult result = Generate(request);
                generated++;
                changed += request is ImageToImageRequest ? 1 : 0;
                return result.Images.Count == request.BatchCount;
            }
            catch (SdException)
            {
                return true;
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(Requests).WithQuietOnSuccess(true));

        // Both happen: neither a wall that lets nothing through nor none at all.
        Assert.InRange(generated, Requests / 200, Requests / 10);
        Assert.InRange(changed, generated / 10, generated);
        TestContext.Current.TestOutputHelper?.WriteLine($"{generated} of {Requests} were generated, {changed} of them from an image");
    }

    private GenerationResult Generate(ImageRequest request) => (request is ImageToImageRequest from
        ? demo.Model.ImageToImageAsync(from, null, TestContext.Current.CancellationToken)
        : demo.Model.TextToImageAsync((TextToImageRequest)request, null, TestContext.Current.CancellationToken)).GetAwaiter().GetResult();
}
