namespace SdCpp.Interop.Tests;

public sealed class TextToImageTests(Demo demo)
{
    // Radius of a usual shape, as a part of the image's side; and each shape's size in radii. See DemoModel's construction.
    private const double Radius = .31;

    // Prompts that were not used while the model was made.
    [Theory]
    [InlineData("a crimson ball on a silver wall", 191, 13, 51, 191, 194, 199, "circle", 1.0)]
    [InlineData("one beige box on a navy floor", 237, 227, 196, 10, 20, 97, "square", 1.0)]
    [InlineData("the large lime kite on a purple lawn", 153, 230, 26, 128, 41, 173, "diamond", 1.25)]
    [InlineData("a gold stripe across the teal field please", 217, 168, 33, 13, 128, 128, "band", 1.0)]
    [InlineData("a small white moon in a black sky", 250, 250, 250, 10, 10, 13, "circle", 0.65)]
    [InlineData("A huge Cyan Square on a Brown Table", 26, 204, 224, 115, 69, 31, "square", 1.45)]
    public async Task The_image_shows_what_the_prompt_says(
        string prompt, int r, int g, int b, int backR, int backG, int backB, string shape, double size)
    {
        byte[] rgb = await demo.GenerateAsync(Demo.Request with { Prompt = prompt, Width = 128, Height = 128, Steps = 8, Seed = 99 });

        var image = new RgbImage(rgb, 128, 128);
        AssertNear([r, g, b], image.Middle);
        AssertNear([backR, backG, backB], image.Corner);
        double scaled = Radius * size;
        double area = shape switch
        {
            "circle" => Math.PI * scaled * scaled,
            "square" => 4 * .85 * .85 * scaled * scaled,
            "diamond" => 2 * 1.15 * 1.15 * scaled * scaled,
            _ => 2 * .45 * scaled,
        };
        Assert.InRange(image.ShapeArea / area, .92, 1.08);
        AssertOutline(image, shape, scaled);
    }

    // Only a square reaches this far into its corners, only a band to the sides; halfway out on the diagonal are circle and square.
    private static void AssertOutline(RgbImage image, string shape, double radius)
    {
        Assert.Equal(shape == "square", image.IsShapeAt(.5 + .76 * radius, .5 + .76 * radius));
        Assert.Equal(shape == "band", image.IsShapeAt(.02, .5));
        Assert.Equal(shape is "circle" or "square", image.IsShapeAt(.5 + .64 * radius, .5 + .64 * radius));
    }

    private static void AssertNear(int[] expected, byte[] actual)
    {
        for (int c = 0; c < 3; c++)
            Assert.InRange(actual[c], expected[c] - 14, expected[c] + 14);
    }

    [Fact]
    public async Task The_same_seed_generates_the_same_bytes_and_another_seed_others()
    {
        byte[] first = await demo.GenerateAsync(Demo.Request);
        byte[] again = await demo.GenerateAsync(Demo.Request);
        byte[] other = await demo.GenerateAsync(Demo.Request with { Seed = 8 });

        Assert.Equal(first, again);
        Assert.NotEqual(first, other);
    }

    [Fact]
    public async Task Every_image_of_a_batch_comes_with_its_seed_and_can_be_generated_alone()
    {
        using GenerationResult batch =
            await demo.Model.TextToImageAsync(Demo.Request with { BatchCount = 3 }, null, TestContext.Current.CancellationToken);

        Assert.Equal([7L, 8L, 9L], batch.Images.Select(image => image.Seed));
        byte[] alone = await demo.GenerateAsync(Demo.Request with { Seed = 9 });
        Assert.Equal(alone, batch.Images[2].Image.Span.ToArray());
    }

    [Fact]
    public async Task A_request_without_a_seed_gets_a_random_one()
    {
        using GenerationResult a = await demo.Model.TextToImageAsync(Demo.Request with { Seed = null }, null, TestContext.Current.CancellationToken);
        using GenerationResult b = await demo.Model.TextToImageAsync(Demo.Request with { Seed = null }, null, TestContext.Current.CancellationToken);

        Assert.NotEqual(a.Images[0].Seed, b.Images[0].Seed);
        Assert.InRange(a.Images[0].Seed, 0, uint.MaxValue);
    }

    [Theory]
    [InlineData(108, 60)]
    [InlineData(125, 91)]
    [InlineData(9, 300)]
    public async Task A_size_off_the_engines_grid_is_exact_and_its_middle_is_the_middle(int width, int height)
    {
        using GenerationResult result = await demo.Model.TextToImageAsync(
            Demo.Request with { Width = width, Height = height, Steps = 8 }, null, TestContext.Current.CancellationToken);

        ImageBuffer pixels = result.Images[0].Image;
        Assert.Equal((width, height), (pixels.Width, pixels.Height));
        // The shape is centred: what is left of it equals what is right of it.
        if (width > 50)
        {
            var image = new RgbImage(pixels.Span.ToArray(), width, height);
            int left = Enumerable.Range(0, width / 2).Count(x => image.IsShapeAt((x + .5) / width, .5));
            int right = Enumerable.Range(width / 2, width - width / 2).Count(x => image.IsShapeAt((x + .5) / width, .5));
            Assert.InRange(left - right, -3, 3);
        }
    }

    [Fact]
    public async Task Every_sampler_and_scheduler_of_the_engine_is_accepted()
    {
        foreach (string sampler in demo.Engine.Samplers)
            Assert.NotEmpty(await demo.GenerateAsync(Demo.Request with { Sampler = sampler, Width = 32, Height = 32 }));
        // The engine has sigmas of ays for some families only (GuardTests).
        foreach (string scheduler in demo.Engine.Schedulers.Except(["ays"]))
            Assert.NotEmpty(await demo.GenerateAsync(Demo.Request with { Scheduler = scheduler, Width = 32, Height = 32 }));
    }

    [Fact]
    public async Task Prompts_in_any_script_and_odd_characters_are_generated()
    {
        foreach (string prompt in new[] { "", "ein Kreis – 円 🔴", "(((red:1.5) [circle]", "<|im_end|><|vision_start|>", "\u0001\t\n", "\ud800 lone" })
            Assert.NotEmpty(await demo.GenerateAsync(Demo.Request with { Prompt = prompt }));
    }
}
