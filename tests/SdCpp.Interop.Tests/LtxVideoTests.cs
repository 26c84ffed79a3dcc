using SdStudio.Tests;

namespace SdCpp.Interop.Tests;

/// <summary>Videos with sound by the real engine, of the family LTX-2: what comes out is a known function of what went in.</summary>
public sealed class LtxVideoTests(LtxModel ltx) : IClassFixture<LtxModel>
{
    private const string Other = "The child will run home";
    private const int Grey = 128;
    private const int Near = 3;
    private const int SampleRate = 16_000;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private Task<GeneratedVideo> MakeAsync(VideoRequest request, SdCallbacks? callbacks = null, CancellationToken? cancellation = null) =>
        ltx.Model.GenerateVideoAsync(request, callbacks, cancellation ?? Cancellation);

    [Fact]
    public async Task A_video_has_its_frames_its_motion_and_sound_as_long_as_they_are()
    {
        Assert.Equal(("LTXAV", true, false), (ltx.Model.Family, ltx.Model.SupportsVideo, ltx.Model.SupportsImages));
        using GeneratedVideo made = await MakeAsync(LtxModel.Request);

        Assert.Equal((9, 8, 7L), (made.Frames.Count, made.Fps, made.Seed));
        int level = made.Frames[1].Pixels[0, 0].B;
        Assert.InRange(level, 60, 180);
        for (int i = 0; i < made.Frames.Count; i++)
        {
            Assert.Equal((32, 32, 3), (made.Frames[i].Width, made.Frames[i].Height, made.Frames[i].Channels));
            foreach (Rgb24 pixel in made.Frames[i].Pixels)
            {
                AssertIsNear(Grey, pixel.R);
                AssertIsNear(Grey, pixel.G);
                AssertIsNear(level + TinyLtxModel.BlueOf(i), pixel.B);
            }
        }

        AudioClip sound = made.Audio!;
        Assert.Equal((SampleRate, 2, made.Duration), (sound.SampleRate, sound.Channels, sound.Duration));
        Assert.Equal(9 * SampleRate / 8, sound.Samples.Length / 2);
        float loud = sound.Samples.Span[0];
        Assert.InRange(loud, 0.2f, 0.8f);
        for (int i = 0; i < sound.Samples.Length / 2; i++)
        {
            float expected = (i % TinyLtxSound.Period) switch { < 64 => loud, < 128 => -loud, _ => 0 };
            Assert.Equal(expected, sound.Samples.Span[2 * i], 0.01f);
            Assert.Equal(expected / -2, sound.Samples.Span[(2 * i) + 1], 0.01f);
        }
    }

    // 16 frames are no number that this family makes: 17 are generated, and the last is left out, with its sound.
    [Fact]
    public async Task Any_number_of_frames_is_delivered_as_it_was_asked_for()
    {
        using GeneratedVideo made = await MakeAsync(LtxModel.Request with { Frames = 16 }), whole = await MakeAsync(LtxModel.Request with { Frames = 17 });
        Assert.Equal((16, 17), (made.Frames.Count, whole.Frames.Count));
        for (int i = 0; i < made.Frames.Count; i++)
            Assert.True(made.Frames[i].Span.SequenceEqual(whole.Frames[i].Span));
        Assert.Equal(TimeSpan.FromSeconds(2), made.Audio!.Duration);
        Assert.True(whole.Audio!.Samples.Span[..made.Audio.Samples.Length].SequenceEqual(made.Audio.Samples.Span));
    }

    // The engine makes sound in latents of 40 ms, of which the last may end 30 ms early.
    [Fact]
    public async Task A_single_frame_has_the_familys_own_rate_its_sound_and_its_phases_in_order()
    {
        List<GenerationProgress> seen = [];
        using GeneratedVideo made = await MakeAsync(LtxModel.Request with { Frames = 1, Fps = null }, new SdCallbacks { Progress = new Recorder(seen) });
        Assert.Equal((1, 24), (made.Frames.Count, made.Fps));
        Assert.InRange((made.Duration - made.Audio!.Duration).TotalMilliseconds, -0.1, 30);
        Assert.Contains(made.Audio.Samples.ToArray(), sample => Math.Abs(sample) > 0.1f);
        VideoChecks.AssertPhases(seen, TinyLtxModel.ExactSteps);
    }

    [Fact]
    public async Task The_first_frame_shows_its_image_and_the_last_image_is_attended_to()
    {
        Rgb24 left = new(200, 40, 90), right = new(60, 210, 120);
        using ImageBuffer start = VideoChecks.Cells(LtxModel.Cell, 64, 32, left, right), end = VideoChecks.Cells(LtxModel.Cell, 64, 32, new Rgb24(250, 0, 0));
        VideoRequest request = LtxModel.Request with { Width = null, Height = null, StartImage = start };
        using GeneratedVideo begins = await MakeAsync(request);
        VideoChecks.AssertShows(start, begins.Frames[0], Near);
        Assert.All(begins.Frames.Skip(1), frame => AssertIsNear(Grey, frame.Pixels[0, 0].R));

        using GeneratedVideo both = await MakeAsync(request with { EndImage = end });
        VideoChecks.AssertShows(start, both.Frames[0], Near);
        // Of the three latent frames that attend to each other, the first and the last are the images.
        double more = TinyLtxModel.BlueOfEnd(250, frames: 9) + TinyLtxModel.BlueOfEnd((left.R + right.R) / 2.0, frames: 9), before = ((left.R + right.R) / 2.0 - 127.5) / 2;
        for (int i = 1; i < both.Frames.Count; i++)
            AssertIsNear(begins.Frames[i].Pixels[0, 0].B + more - before, both.Frames[i].Pixels[31, 63].B);
    }

    // Off the family's grid, frames are generated larger and cropped evenly, as the start image was padded.
    [Fact]
    public async Task Sides_off_the_grid_are_cropped_evenly_and_an_image_is_kept_as_firmly_as_asked()
    {
        using ImageBuffer start = VideoChecks.Cells(LtxModel.Cell, 20, 48, new Rgb24(228, 28, 0));
        VideoRequest request = LtxModel.Request with { Width = null, Height = null, Frames = 1, StartImage = start };
        using GeneratedVideo firm = await MakeAsync(request), half = await MakeAsync(request with { Strength = 0.5f });
        Assert.Equal((20, 48), (firm.Frames[0].Width, firm.Frames[0].Height));
        VideoChecks.AssertShows(start, firm.Frames[0], Near);
        Assert.InRange(half.Frames[0].Pixels[24, 10].R, Grey + 15, 228 - 15);
    }

    [Fact]
    public async Task The_same_seed_makes_the_same_bytes_and_another_one_others()
    {
        VideoRequest request = LtxModel.Request with { Frames = 1, Steps = 3, FlowShift = null };
        (byte[] Frames, float[] Sound) first = await BytesAsync(request), again = await BytesAsync(request), other = await BytesAsync(request with { Seed = 8 });
        Assert.Equal(first.Frames, again.Frames);
        Assert.Equal(first.Sound, again.Sound);
        Assert.NotEqual(first.Frames, other.Frames);
        Assert.NotEqual(first.Sound, other.Sound);
    }

    // Without a scale of guidance a negative prompt is not read.
    [Fact]
    public async Task The_prompts_set_the_colour_and_how_loud_it_is()
    {
        VideoRequest request = LtxModel.Request with { Frames = 1 };
        (byte[] Frames, float[] Sound) first = await BytesAsync(request), other = await BytesAsync(request with { Prompt = Other }), guided = await BytesAsync(request with { NegativePrompt = Other, CfgScale = 3 });
        int moved = other.Frames[2] - first.Frames[2];
        float louder = other.Sound[0] - first.Sound[0];
        Assert.InRange(Math.Abs(moved), 5, 60);
        Assert.Equal(moved / 255f, louder, 0.01f);
        // Three times as far from the negative prompt.
        AssertIsNear(other.Frames[2] - (3 * moved), guided.Frames[2]);
        Assert.Equal(other.Sound[0] - (3 * louder), guided.Sound[0], 0.02f);
    }

    [Theory]
    [InlineData(GenerationPhase.Encode)]
    [InlineData(GenerationPhase.Sample)]
    [InlineData(GenerationPhase.Decode)]
    public async Task A_video_is_cancelled_in_each_phase(GenerationPhase phase)
    {
        await VideoChecks.CancelAsync(ltx.Model, LtxModel.Request with { Frames = 1 }, phase);
    }

    [Fact]
    public async Task What_cannot_be_is_refused_by_the_name_of_its_property()
    {
        using ImageBuffer image = ImageBuffer.Create(32, 32);
        await VideoChecks.RefusedAsync(ltx.Model, LtxModel.Request with { Frames = 10, EndImage = image }, "Frames", "makes 9 or 17");
        await VideoChecks.RefusedAsync(ltx.Model, LtxModel.Request with { ControlFrames = [image] }, "ControlFrames", "follows none", SdError.NotSupported);
        await VideoChecks.RefusedAsync(ltx.Model, LtxModel.Request with { Strength = 1.5f }, "Strength", "0 to 1");
        await VideoChecks.RefusedAsync(ltx.Model, LtxModel.Request with { Fps = 0 }, "Fps", "Fps is 0");
    }

    // The engine would end the process: it has no product of its own 32-bit numbers and tables of other types. In this model's file they have 16 bits.
    [Fact]
    public async Task Tables_of_any_type_are_computed_and_without_an_audio_vae_there_is_no_sound()
    {
        await using DiffusionModel model = await DiffusionModel.LoadAsync(
            ltx.Options with { AudioVaePath = null, WeightType = "f16", TensorTypeRules = "scale_shift=f16,norm=f32" }, null, Cancellation);
        using GeneratedVideo made = await model.GenerateVideoAsync(LtxModel.Request with { Frames = 1 }, null, Cancellation);
        Assert.Null(made.Audio);
        AssertIsNear(Grey, made.Frames[0].Pixels[16, 16].R);
    }

    // Gemma 3 4B, say: the engine would throw in each generation.
    [Fact]
    public async Task A_text_encoder_of_another_size_is_refused_while_loading()
    {
        string narrow = ltx.NewPath(".safetensors");
        TinyWeights.Save(narrow, [TinyWeights.Zeros("model.embed_tokens.weight", 64, 2560), TinyWeights.Zeros("model.layers.33.self_attn.q_proj.weight", 8, 2560)]);
        SdException refused = await Assert.ThrowsAsync<SdException>(() => DiffusionModel.LoadAsync(ltx.Options with { LlmPath = narrow }, null, Cancellation));
        Assert.Equal(SdError.ModelFileInvalid, refused.Code);
        Assert.Contains("2560 wide of 34 layers; LTX-2 reads Gemma 3 12B", refused.Message, StringComparison.Ordinal);
    }

    private static void AssertIsNear(double expected, int actual) => Assert.InRange(actual, expected - Near, expected + Near);

    private async Task<(byte[] Frames, float[] Sound)> BytesAsync(VideoRequest request)
    {
        using GeneratedVideo made = await MakeAsync(request);
        return ([.. made.Frames.SelectMany(frame => frame.Span.ToArray())], made.Audio!.Samples.ToArray());
    }
}
