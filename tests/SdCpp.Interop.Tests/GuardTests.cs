using System.Text;

namespace SdCpp.Interop.Tests;

/// <summary>
/// What is known to end the process, or never to come back, when the engine sees it: each must be an <see cref="SdException"/>, and the
/// model must generate afterwards.
/// </summary>
public sealed class GuardTests(Demo demo)
{
    // What it is called, what the refusal names, and the request.
    private static readonly (string Case, string Named, TextToImageRequest Request)[] Cases =
    [
        ("width 0", "Width is 0;", Demo.Request with { Width = 0, Height = 512 }),
        ("height -1", "Height is -1;", Demo.Request with { Height = -1 }),
        ("width -64", "Width is -64;", Demo.Request with { Width = -64 }),
        ("the largest sides", "2147483647", Demo.Request with { Width = int.MaxValue, Height = int.MaxValue }),
        ("overflow when rounded up", "Width is 2147483640;", Demo.Request with { Width = 2147483640, Height = 8 }),
        ("100000 squared", "Width is 100000;", Demo.Request with { Width = 100_000, Height = 100_000 }),
        ("16384 squared", "Width × Height is 268435456;", Demo.Request with { Width = 16384, Height = 16384 }),
        ("no steps", "Steps is 0", Demo.Request with { Steps = 0 }),
        ("steps -1", "Steps is -1", Demo.Request with { Steps = -1 }),
        ("ten million steps", "Steps is 10000000", Demo.Request with { Steps = 10_000_000 }),
        ("unknown sampler", "Sampler 'bogus'", Demo.Request with { Sampler = "bogus" }),
        ("sampler by number", "Sampler '-1'", Demo.Request with { Sampler = "-1" }),
        ("scheduler NONE", "Scheduler 'NONE'", Demo.Request with { Scheduler = "NONE" }),
        ("gits with one step", "Scheduler 'gits' needs 2 steps", Demo.Request with { Scheduler = "gits", Steps = 1 }),
        ("karras with one step", "Scheduler 'karras' needs 2 steps", Demo.Request with { Scheduler = "karras", Steps = 1 }),
        ("gits with one step in the second pass", "Scheduler 'gits' needs 2 steps", Demo.Request with { Scheduler = "gits", Hires = new HiresFix { Steps = 1 } }),
        ("ays for Z-Image", "Scheduler 'ays' has no sigmas", Demo.Request with { Scheduler = "ays" }),
        ("a step mask of words", "Cache.StepMask", Demo.Request with { Cache = new StepCache("dbcache") { StepMask = "1,x" } }),
        ("-1 derivatives", "Cache.Derivatives", Demo.Request with { Cache = new StepCache("taylorseer") { Derivatives = -1 } }),
        ("a polynomial of degree -3", "Cache.SpectrumDegree", Demo.Request with { Cache = new StepCache("spectrum") { SpectrumDegree = -3 } }),
        ("a polynomial of degree 100000", "Cache.SpectrumDegree", Demo.Request with { Cache = new StepCache("spectrum") { SpectrumDegree = 100_000 } }),
        ("no image", "BatchCount is 0", Demo.Request with { BatchCount = 0 }),
        ("-1 images", "BatchCount is -1", Demo.Request with { BatchCount = -1 }),
        ("billions of images", "BatchCount is 2147483647", Demo.Request with { BatchCount = int.MaxValue }),
        ("a prompt of 99 KB", "Prompt is 99000 bytes", Demo.Request with { Prompt = string.Concat(Enumerable.Repeat("red circle ", 9000)) }),
        ("a negative prompt of 100 KB", "NegativePrompt is", Demo.Request with { NegativePrompt = new string('x', 100_000) }),
        ("a zero character", "zero character", Demo.Request with { Prompt = "a\0b" }),
        ("cfg NaN", "CfgScale is", Demo.Request with { CfgScale = float.NaN }),
        ("cfg infinite", "CfgScale is", Demo.Request with { CfgScale = float.PositiveInfinity }),
        ("cfg negative", "CfgScale is", Demo.Request with { CfgScale = -5 }),
        ("seed -1", "Seed is -1", Demo.Request with { Seed = -1 }),
        ("the largest seed", "Seed is", Demo.Request with { Seed = long.MaxValue }),
        ("clip skip 99", "ClipSkip is 99", Demo.Request with { ClipSkip = 99 }),
        ("flow shift NaN", "FlowShift: 'nan'", WithOption("sample_params.flow_shift", "nan")),
        ("eta infinite", "Eta: 'inf'", WithOption("sample_params.eta", "inf")),
        ("a switch that is neither", "VaeTiling: 'yes'", WithOption("vae_tiling_params.enabled", "yes")),
        ("a fraction of a pixel", "VaeTiling.TileWidth: '1.5'", WithOption("vae_tiling_params.tile_size_x", "1.5")),
        ("joined edges in tiles", "circular_x or circular_y", Demo.Request with { CircularX = true, VaeTiling = new VaeTiling() }),
        ("joined edges in tiles, by name", "circular_x or circular_y", WithOption("vae_tiling_params.enabled", "true") with { CircularY = true }),
        ("reference images by name", "ReferenceImages is not supported", WithOption("ref_images", "1")),
        ("hires scale", "Hires.Scale: '1000'", WithOption("hires.scale", "1000")),
    ];

    public static TheoryData<string> BadRequests { get; } = [.. Cases.Select(item => item.Case)];

    private static TextToImageRequest WithOption(string name, string value) =>
        Demo.Request with { EngineOptions = new Dictionary<string, string> { [name] = value } };

    [Theory]
    [MemberData(nameof(BadRequests))]
    public async Task A_bad_request_is_refused_and_the_model_still_generates(string name)
    {
        (_, string named, TextToImageRequest request) = Cases.Single(item => item.Case == name);
        SdException refused = await Assert.ThrowsAsync<SdException>(
            () => demo.Model.TextToImageAsync(request, null, TestContext.Current.CancellationToken));

        Assert.True(refused.Code is SdError.InvalidArgument or SdError.NotSupported, refused.ToString());
        Assert.Contains(named, refused.Message, StringComparison.Ordinal);
        Assert.NotEmpty(await demo.GenerateAsync(Demo.Request with { Width = 16, Height = 16, Steps = 1 }));
    }

    [Fact]
    public async Task The_longest_allowed_prompt_is_generated() =>
        Assert.NotEmpty(await demo.GenerateAsync(Demo.Request with { Prompt = string.Concat(Enumerable.Repeat("red 円 ", 1000))[..4096], Steps = 1 }));

    [Theory]
    [InlineData(-0.5f)]
    [InlineData(1.5f)]
    [InlineData(float.NaN)]
    public async Task A_strength_out_of_range_is_refused(float strength)
    {
        using ImageBuffer image = ImageBuffer.Create(64, 64);
        await RefusedAsync(Request(image) with { Strength = strength }, "Strength");
    }

    [Fact]
    public async Task An_input_image_of_one_channel_is_refused()
    {
        using ImageBuffer image = ImageBuffer.Create(64, 64, 1);
        await RefusedAsync(Request(image), "channels");
    }

    [Fact]
    public async Task An_input_image_of_another_size_is_refused()
    {
        using ImageBuffer image = ImageBuffer.Create(32, 32);
        await RefusedAsync(Request(image), "32x32");
    }

    [Theory]
    [InlineData(32, 1)]
    [InlineData(64, 3)]
    public async Task A_mask_of_another_size_or_kind_is_refused(int side, int channels)
    {
        using ImageBuffer image = ImageBuffer.Create(64, 64);
        using ImageBuffer mask = ImageBuffer.Create(side, side, channels);
        await RefusedAsync(Request(image) with { Mask = mask }, "Mask");
    }

    [Fact]
    public async Task An_input_image_that_was_disposed_is_refused()
    {
        ImageBuffer image = ImageBuffer.Create(64, 64);
        image.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(
            () => demo.Model.ImageToImageAsync(Request(image), null, TestContext.Current.CancellationToken));
    }

    private static ImageToImageRequest Request(ImageBuffer image) =>
        new() { Prompt = "a red circle", Image = image, Width = 64, Height = 64, Steps = 4, CfgScale = 1, Seed = 1 };

    private async Task RefusedAsync(ImageToImageRequest request, string named)
    {
        SdException refused = await Assert.ThrowsAsync<SdException>(
            () => demo.Model.ImageToImageAsync(request, null, TestContext.Current.CancellationToken));
        Assert.Equal(SdError.InvalidArgument, refused.Code);
        Assert.Contains(named, refused.Message, StringComparison.Ordinal);
        Assert.NotEmpty(await demo.GenerateAsync(Demo.Request));
    }

    [Theory]
    [InlineData("missing")]
    [InlineData("garbage")]
    [InlineData("empty")]
    [InlineData("truncated")]
    [InlineData("not a LoRA")]
    [InlineData("fits nothing")]
    public async Task A_bad_lora_is_refused_by_name_and_the_model_still_generates(string kind)
    {
        string path = demo.NewPath(".safetensors");
        if (kind == "not a LoRA")
            path = demo.Files.Taesd;
        else if (kind != "missing")
            await File.WriteAllBytesAsync(path, BadLora(kind), TestContext.Current.CancellationToken);

        SdException refused = await Assert.ThrowsAsync<SdException>(() => demo.Model.TextToImageAsync(
            Demo.Request with { Loras = [new LoraReference(path)] }, null, TestContext.Current.CancellationToken));

        Assert.True(refused.Code is SdError.ModelFileNotFound or SdError.ModelFileInvalid or SdError.ModelFileTruncated, refused.ToString());
        Assert.Contains(Path.GetFileName(path), refused.Message, StringComparison.Ordinal);
        Assert.NotEmpty(await demo.GenerateAsync(Demo.Request));
    }

    [Fact]
    public async Task A_lora_without_a_path_or_with_a_senseless_multiplier_is_refused()
    {
        await Assert.ThrowsAsync<SdException>(() => demo.Model.TextToImageAsync(
            Demo.Request with { Loras = [new LoraReference("")] }, null, TestContext.Current.CancellationToken));
        string path = demo.NewPath(".safetensors");
        await File.WriteAllBytesAsync(path, Lora("diffusion_model.layers.0.attention.qkv"), TestContext.Current.CancellationToken);
        SdException refused = await Assert.ThrowsAsync<SdException>(() => demo.Model.TextToImageAsync(
            Demo.Request with { Loras = [new LoraReference(path, float.NaN)] }, null, TestContext.Current.CancellationToken));
        Assert.Contains("Loras.Multiplier", refused.Message, StringComparison.Ordinal);
    }

    private static byte[] BadLora(string kind) => kind switch
    {
        "garbage" => [.. Enumerable.Range(0, 1000).Select(i => (byte)(i * 37))],
        "empty" => [],
        "truncated" => Lora("diffusion_model.layers.0.attention.qkv")[..^100],
        _ => Lora("diffusion_model.double_blocks.0.img_attn.qkv"),
    };

    [Fact]
    public async Task A_lora_changes_its_own_call_and_nothing_of_it_stays()
    {
        string path = demo.NewPath(".safetensors");
        await File.WriteAllBytesAsync(path, Lora("diffusion_model.layers.0.attention.qkv", .5f), TestContext.Current.CancellationToken);
        byte[] before = await demo.GenerateAsync(Demo.Request);
        byte[] with = await demo.GenerateAsync(Demo.Request with { Loras = [new LoraReference(path)] });
        byte[] stronger = await demo.GenerateAsync(Demo.Request with { Loras = [new LoraReference(path, 3)] });
        byte[] after = await demo.GenerateAsync(Demo.Request);

        Assert.NotEqual(before, with);
        Assert.NotEqual(with, stronger);
        Assert.Equal(before, after);
    }

    [Theory]
    [InlineData("immediately")]
    [InlineData("auto")]
    public async Task Merging_loras_into_the_weights_is_refused(string mode)
    {
        SdException refused = await Assert.ThrowsAsync<SdException>(() => DiffusionModel.LoadAsync(
            demo.Files.ToOptions(1) with { EngineOptions = new Dictionary<string, string> { ["lora_apply_mode"] = mode } }, null,
            TestContext.Current.CancellationToken));
        Assert.Equal(SdError.NotSupported, refused.Code);
        Assert.Equal("LoraApplyMode", refused.Option);
    }

    // Rank 1, one value everywhere, for a matrix of 256 to 768.
    private static byte[] Lora(string name, float value = 0)
    {
        const int down = 256 * 4, up = 768 * 4;
        string header = "{\"" + name + ".lora_A.weight\":{\"dtype\":\"F32\",\"shape\":[1,256],\"data_offsets\":[0," + down + "]},\"" + name +
            ".lora_B.weight\":{\"dtype\":\"F32\",\"shape\":[768,1],\"data_offsets\":[" + down + "," + (down + up) + "]}}";
        return [.. BitConverter.GetBytes((ulong)header.Length), .. Encoding.UTF8.GetBytes(header),
            .. Enumerable.Repeat(value, (down + up) / sizeof(float)).SelectMany(BitConverter.GetBytes)];
    }
}
