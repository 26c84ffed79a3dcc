namespace SdCpp.Interop.Tests;

/// <summary>Files of video models that the engine would end the process over, and pairs that are not whole.</summary>
public sealed class VideoModelChecksTests : ModelFileTest
{
    private string Wan(string name, int layers = 40, string title = "Wan")
    {
        var file = new GgufBytes();
        file.Note("general.architecture", "wan");
        file.Note("general.name", title);
        file.Tensor("patch_embedding.weight", [2, 4], 1, 16);
        for (int i = 0; i < layers; i++)
        {
            file.Tensor($"blocks.{i}.self_attn.q.weight", [2, 4], 1, 16);
            file.Tensor($"blocks.{i}.cross_attn.q.weight", [2, 4], 1, 16);
        }

        return Write(file.Build(), name);
    }

    [Theory]
    [InlineData("Wan2.2 T2V A14B LowNoise", "Wan2.2-T2V-A14B-HighNoise", null)]
    [InlineData("a Wan that does not say", "another", null)]
    [InlineData("Wan2.2-HighNoise", "Wan2.2_low_noise", "low.gguf is the high-noise half of a pair and *high.gguf the low-noise one: exchange them.")]
    [InlineData("Wan2.2-HighNoise", null, "low.gguf is the high-noise half of a pair: give it as HighNoiseDiffusionModelPath")]
    [InlineData("Wan2.2-low-noise", null, "low.gguf is the low-noise half of a pair: give its high-noise half as HighNoiseDiffusionModelPath.")]
    [InlineData("Wan2.2", "Wan2.2 LowNoise", "high.gguf is the low-noise half of a pair; HighNoiseDiffusionModelPath needs the high-noise one.")]
    [InlineData("Wan2.1", null, null)]
    public void A_pair_has_both_halves_in_their_places(string low, string? high, string? fault)
    {
        var options = new DiffusionModelOptions { DiffusionModelPath = Wan("low.gguf", title: low), HighNoiseDiffusionModelPath = high is null ? null : Wan("high.gguf", title: high) };
        if (fault is null)
            Assert.NotEmpty(ModelFiles.Check(options));
        else
            Assert.All(fault.Split('*'), part => Assert.Contains(part, Fault(options), StringComparison.Ordinal));
    }

    [Fact]
    public void A_high_noise_half_goes_with_Wan_alone()
    {
        string flux = Write(ModelBytes.Safetensors(ModelBytes.Named("double_blocks.0.img_attn.qkv.weight")), "flux.safetensors");
        Assert.Contains("the high-noise half of a pair, which the engine has for Wan", Fault(new DiffusionModelOptions { DiffusionModelPath = flux, HighNoiseDiffusionModelPath = Wan("high.gguf") }), StringComparison.Ordinal);
    }

    [Fact]
    public void A_Wan_of_other_layers_is_refused()
    {
        Assert.NotEmpty(ModelFiles.Check(new DiffusionModelOptions { DiffusionModelPath = Wan("small.gguf", layers: 30) }));
        Assert.Contains("is a Wan of 2 layers; the engine has those of 30 and 40 layers.", Fault(new DiffusionModelOptions { DiffusionModelPath = Wan("two.gguf", layers: 2) }), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2048, null)]
    [InlineData(3072, "is a HunyuanVideo 3072 wide; the engine takes it for one of 16 heads, which has to be 2048 wide")]
    public void A_HunyuanVideo_of_a_width_that_the_engine_dies_of_is_refused(long width, string? fault)
    {
        var options = new DiffusionModelOptions
        {
            DiffusionModelPath = Write(ModelBytes.Safetensors(
                ("img_in.proj.weight", [width, 2, 1, 1, 1]), ("img_in.proj.bias", [width]), ("double_blocks.0.img_attn.norm.key_norm.scale", [128]),
                ("txt_in.individual_token_refiner.blocks.0.norm1.weight", [2])), "hunyuan.safetensors"),
        };
        if (fault is null)
            Assert.NotEmpty(ModelFiles.Check(options));
        else
            Assert.Contains(fault, Fault(options), StringComparison.Ordinal);
    }

    private static string Fault(DiffusionModelOptions options)
    {
        SdException error = Assert.Throws<SdException>(() => ModelFiles.Check(options));
        Assert.Equal(SdError.ModelFileInvalid, error.Code);
        return error.Message;
    }
}
