namespace SdCpp.Interop.Tests;

public sealed class SelfTestTests(Demo demo)
{
    private static CancellationToken Stopped => TestContext.Current.CancellationToken;

    private string Folder => Path.GetDirectoryName(demo.Files.DiffusionModel)!;

    [Fact]
    public async Task The_engine_passes_with_a_model_of_its_own_that_is_removed()
    {
        string[] before = Leftovers();
        SelfTestResult result = await demo.Engine.SelfTestAsync(cancellation: Stopped);

        Assert.True(result.Passed, result.Problem);
        Assert.Null(result.Problem);
        Assert.Equal("CPU", result.Device);
        Assert.True(result.LoadSeconds > 0 && result.ImageSeconds > 0);
        Assert.InRange(Assert.IsType<ChannelDifference>(result.Difference).Largest, .01, 3.5);
        Assert.Equal(before, Leftovers());

        static string[] Leftovers() => Directory.GetDirectories(Path.GetTempPath(), "sdcpp-self-test-*");
    }

    // The real engine generates each of them: none is what the self-test expects.
    [Theory]
    [InlineData("a blue circle on a red background", "middle is rgb(")]
    [InlineData("a red square on a blue background", "it differs from the expected image by")]
    [InlineData("a large red circle on a blue background", "it differs from the expected image by")]
    [InlineData("a red circle on a blue background on the left", "it differs from the expected image by")]
    public async Task Another_image_fails(string prompt, string expected)
    {
        SelfTestResult result = await new SelfTest(demo.Engine.Devices).RunAsync(SelfTest.Request with { Prompt = prompt }, "cpu", Folder, Stopped);

        Assert.False(result.Passed);
        Assert.StartsWith("The image is not a red circle on a blue background: ", result.Problem, StringComparison.Ordinal);
        Assert.Contains(expected, result.Problem, StringComparison.Ordinal);
        Assert.InRange(result.Difference!.Largest, 5.01, 255);
    }

    // Another seed makes a red circle on blue as well: only the pixels tell that a setting did not arrive.
    [Fact]
    public async Task A_circle_that_is_not_this_engines_own_fails_by_its_pixels()
    {
        Assert.NotNull(SelfTestImages.Of(demo.Engine.Info));
        SelfTestResult result = await new SelfTest(demo.Engine.Devices, demo.Engine.Info).RunAsync(SelfTest.Request with { Seed = 8 }, "cpu", Folder, Stopped);

        Assert.False(result.Passed);
        Assert.Contains($"not the one that {demo.Engine.Info.Version} makes", result.Problem, StringComparison.Ordinal);
        Assert.True((await new SelfTest(demo.Engine.Devices).RunAsync(SelfTest.Request with { Seed = 8 }, "cpu", Folder, Stopped)).Passed, "an engine that nobody recorded is judged by the circle alone");
    }

    [Fact]
    public void An_engine_that_was_not_recorded_has_no_image_to_compare_with() =>
        Assert.Null(SelfTestImages.Of(demo.Engine.Info with { Version = "another engine 1.0" }));

    [Fact]
    public async Task A_model_whose_weights_are_lost_fails_with_the_colours_that_were_seen()
    {
        string folder = CopyOfModel();
        byte[] decoder = await File.ReadAllBytesAsync(Path.Combine(folder, "demo-taesd.gguf"), Stopped);
        // What GGUF says about the tensors lies in the first kilobytes, their values after it.
        decoder.AsSpan(64 * 1024).Clear();
        await File.WriteAllBytesAsync(Path.Combine(folder, "demo-taesd.gguf"), decoder, Stopped);

        SelfTestResult result = await demo.Engine.SelfTestAsync("CPU", folder, Stopped);

        Assert.False(result.Passed);
        Assert.Contains("expected rgb(219, 26, 31)", result.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_image_that_cannot_be_generated_is_a_result()
    {
        SelfTestResult result = await new SelfTest(demo.Engine.Devices)
            .RunAsync(SelfTest.Request with { Sampler = "dowsing" }, null, Folder, Stopped);

        Assert.False(result.Passed);
        Assert.StartsWith("The image could not be generated: ", result.Problem, StringComparison.Ordinal);
        Assert.Null(result.Difference);
    }

    [Fact]
    public async Task A_model_that_cannot_be_loaded_is_a_result()
    {
        // An engine that lists no devices takes any name, and says itself that it has none such.
        SelfTestResult result = await new SelfTest([]).RunAsync(SelfTest.Request, "Vulkan77", Folder, Stopped);

        Assert.False(result.Passed);
        Assert.StartsWith("The demo model could not be loaded: ", result.Problem, StringComparison.Ordinal);
        Assert.Equal((0, "Vulkan77"), (result.ImageSeconds, result.Device));
    }

    [Fact]
    public async Task An_unknown_device_is_refused_with_those_that_are_there()
    {
        var refused = await Assert.ThrowsAsync<SdException>(() => demo.Engine.SelfTestAsync("Vulkan77", Folder, Stopped));

        Assert.Equal(SdError.InvalidArgument, refused.Code);
        Assert.Contains("no device 'Vulkan77'. There are: CPU", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cancelled_self_test_ends()
        => await Assert.ThrowsAnyAsync<OperationCanceledException>(() => demo.Engine.SelfTestAsync("CPU", Folder, new CancellationToken(canceled: true)));

    private string CopyOfModel()
    {
        string folder = Directory.CreateDirectory(demo.NewPath("")).FullName;
        foreach (string file in Directory.GetFiles(Folder, "demo-*.gguf"))
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        return folder;
    }
}
