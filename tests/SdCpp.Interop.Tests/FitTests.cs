namespace SdCpp.Interop.Tests;

/// <summary>What fits, told before a model is loaded.</summary>
public sealed class FitTests(Demo demo)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private DiffusionModelOptions Options => demo.Files.ToOptions(1) with { Backend = null, ParamsBackend = null };

    [Fact]
    public async Task A_model_that_fits_is_told_with_what_each_part_needs_and_loads_as_planned()
    {
        Assert.Contains("fit", demo.Engine.Info.Features);
        ModelFit fit = await DiffusionModel.FitAsync(Options, 64, 64, "a red circle", null, Cancellation);
        Assert.True(fit.Fits, fit.Report);
        Assert.Contains("diffusion", fit.Report, StringComparison.Ordinal);
        Assert.Contains("vae", fit.Report, StringComparison.Ordinal);
        await using DiffusionModel model = await DiffusionModel.LoadAsync(fit.Apply(Options), null, Cancellation);
        Assert.Equal("Z-Image", model.Family);
    }

    [Fact]
    public async Task A_larger_image_needs_more()
    {
        ModelFit small = await DiffusionModel.FitAsync(Options, 64, 64, "", null, Cancellation), large = await DiffusionModel.FitAsync(Options, 1024, 1024, "", null, Cancellation);
        Assert.True(small.Fits && large.Fits, large.Report);
        Assert.NotEqual(small.Report, large.Report);
    }

    [Theory]
    [InlineData("Width")]
    [InlineData("Backend")]
    [InlineData("ModelPath")]
    public async Task What_cannot_be_is_refused_by_name(string option)
    {
        SdException refused = await Assert.ThrowsAsync<SdException>(() => option switch
        {
            "Width" => DiffusionModel.FitAsync(Options, 0, 64, "", null, Cancellation),
            "Backend" => DiffusionModel.FitAsync(Options with { Backend = "cpu" }, 64, 64, "", null, Cancellation),
            _ => DiffusionModel.FitAsync(new DiffusionModelOptions { ModelPath = "/nowhere.gguf" }, 64, 64, "", null, Cancellation),
        });
        Assert.True(refused.Code is SdError.InvalidArgument or SdError.ModelFileNotFound, refused.ToString());
        Assert.Contains(option == "ModelPath" ? "/nowhere.gguf" : option, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Asking_while_a_model_generates_changes_nothing_of_its_image()
    {
        byte[] alone = await demo.GenerateAsync(Demo.Request);
        Task<byte[]> generated = demo.GenerateAsync(Demo.Request);
        for (int i = 0; i < 4; i++)
            Assert.True((await DiffusionModel.FitAsync(Options, 128, 128, "", null, Cancellation)).Fits);
        Assert.Equal(alone, await generated);
    }
}
