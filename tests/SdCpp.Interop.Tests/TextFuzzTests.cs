namespace SdCpp.Interop.Tests;

/// <summary>Texts made to exhaust whoever reads them by recursion or by trying: each is refused or used, and nothing of it ends the process.</summary>
public sealed class TextFuzzTests(Demo demo)
{
    private const int Long = 20_000;

    // Characters of a prompt that is encoded in a moment.
    private const int Encoded = 200;

    // Pieces that nest, repeat, choose or escape in one of the languages that the engine reads: prompts, regular expressions, lists, JSON.
    private static readonly string[] Pieces = ["(", ")", "[", "]", "{", "(a", "((a:1.1)", "<lora:", "\\", "a|", "(a|", ",", "=", "a=b,", "1,", ":", "\"", "*", "é", "&", "{\"a\":", "-"];

    private static readonly string[] RequestOptions =
        ["sample_params.extra_sample_args", "vae_tiling_params.extra_tiling_args", "ref_image_args", "cache.scm_mask", "sample_params.custom_sigmas", "sample_params.guidance.slg.layers", "hires.upscaler"];

    private static readonly string[] ModelOptions =
        ["tensor_type_rules", "backend", "params_backend", "split_mode", "max_vram", "model_args", "wtype", "prediction", "rng_type", "vae_format"];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static TheoryData<string> Rules => new(
    [
        string.Concat(Enumerable.Repeat("(", Long)) + "a" + string.Concat(Enumerable.Repeat(")", Long)) + "=f16",
        string.Concat(Enumerable.Repeat("(", 400)) + "a" + string.Concat(Enumerable.Repeat(")", 400)) + "=f16",
        "(?:(?:(?:(?:(?:(?:(?:(?:(?:a)))))))))=f16",
        "(a*)*b=f16", "((a+)+)+$=f16", "(a|a)*b=f16", "(a|aa)+$=f16", "(a?){60}b=f16", "(.*a){20}=f16",
        ".*.*.*.*.*x=f16", "a{1000}=f16", "a{1,99999999999}=f16", "((a{60}){60}){60}=f16", @"(a)\1=f16", "[[[=f16", "(=f16", "a)=f16", "*=f16",
    ]);

    [Theory]
    [MemberData(nameof(Rules))]
    public async Task A_rule_that_could_run_away_is_refused(string rules)
    {
        SdException refused = await Assert.ThrowsAsync<SdException>(() => DiffusionModel.LoadAsync(demo.Files.ToOptions(1) with { TensorTypeRules = rules }, null, Cancellation));
        Assert.Equal((SdError.InvalidArgument, "TensorTypeRules"), (refused.Code, refused.Option));
        Assert.InRange(refused.Message.Length, 20, 400);
    }

    [Theory]
    [InlineData(@"^vae\.=f16,norm=f32")]
    [InlineData(@"layers\.[0-9]+\.(attention|feed_forward)\..*weight=f16")]
    [InlineData(".*a.*b.*=f32")]
    [InlineData("(a(b(c(d(e(f(g)?)?)?)?)?)?)=f16")]
    public async Task A_usual_rule_is_used(string rules)
    {
        await using DiffusionModel model = await DiffusionModel.LoadAsync(demo.Files.ToOptions(1) with { TensorTypeRules = rules }, null, Cancellation);
        Assert.Equal("Z-Image", model.Family);
    }

    [Fact]
    public async Task No_text_of_a_request_ends_the_process()
    {
        TextToImageRequest small = Demo.Request with { Width = 8, Height = 8, Steps = 1 };
        foreach (string piece in Pieces)
        {
            string most = string.Concat(Enumerable.Repeat(piece, ImageRequest.MaxPromptBytes / System.Text.Encoding.UTF8.GetByteCount(piece)));
            // A prompt of the longest kind takes the encoder ten seconds: only those that nest deepest are worth them.
            await TryAsync(small with { Prompt = piece == "(" ? most : most[..Encoded] });
            await TryAsync(small with { Prompt = "red", NegativePrompt = most[..Encoded], CfgScale = 2 });
            await TryAsync(small with { Sampler = most });
            await TryAsync(small with { Scheduler = most });
            foreach (string option in RequestOptions)
                await TryAsync(small with { EngineOptions = new Dictionary<string, string> { [option] = most } });
        }

        Assert.NotEmpty(await demo.GenerateAsync(small));
    }

    [Fact]
    public async Task No_text_of_a_models_options_ends_the_process()
    {
        // Shorter than the longest that reaches the engine, and longer.
        foreach (string piece in (string[])["(", "[", "a=b,", "cuda&", "\\", "é"])
        {
            foreach (string option in ModelOptions)
            {
                foreach (int length in (int[])[4000, Long])
                    await LoadAsync(option, string.Concat(Enumerable.Repeat(piece, length / piece.Length)));
            }
        }

        Assert.NotEmpty(await demo.GenerateAsync(Demo.Request));

        async Task LoadAsync(string option, string text)
        {
            try
            {
                await using DiffusionModel model = await DiffusionModel.LoadAsync(
                    demo.Files.ToOptions(1) with { EngineOptions = new Dictionary<string, string> { [option] = text } }, null, Cancellation);
            }
            catch (SdException refused)
            {
                Assert.NotEmpty(refused.Message);
            }
        }
    }

    private async Task TryAsync(TextToImageRequest request)
    {
        try
        {
            (await demo.Model.TextToImageAsync(request, null, Cancellation)).Dispose();
        }
        catch (SdException refused)
        {
            Assert.True(refused.Code is SdError.InvalidArgument or SdError.NotSupported, refused.ToString());
        }
    }
}
