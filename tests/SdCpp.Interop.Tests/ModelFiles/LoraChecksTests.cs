namespace SdCpp.Interop.Tests;

/// <summary>LoRAs that the engine gives up the process over.</summary>
public sealed class LoraChecksTests : ModelFileTest
{
    private const string Out = "diffusion_model.layers.0.attention.out.";

    [Theory]
    [InlineData("lokr_w1", "16,16", "lokr_w2", "16,16", null)]
    [InlineData("lokr_w1", "4,2", "lokr_w2", "64,128", null)]
    [InlineData("lokr_w1", "16,16", "lokr_w2", "16,17", "other sizes")]
    [InlineData("lokr_w1", "256", "lokr_w2", "16,16", "no matrices")]
    [InlineData("lokr_w1", "16,16", "lokr_w2.1", "16,16", "lacks one of its two factors")]
    [InlineData("lokr_w1", "16,16", "lokr_w2_a", "16,4", "lacks one of its two factors")]
    public void A_change_by_a_kronecker_product_must_fit(string first, string firstShape, string second, string secondShape, string? words) =>
        Expect(words, (Out + first, Shape(firstShape)), (Out + second, Shape(secondShape)));

    [Fact]
    public void Factors_that_are_written_in_two_ways_are_not_put_together() =>
        Expect("lacks one of its two factors", (Out + "lokr_w1", [16, 16]), ("model.diffusion_model." + Out + "lokr_w2", [16, 16]));

    [Fact]
    public void Products_of_products_and_tucker_forms_are_refused()
    {
        Expect("products themselves", (Out + "lokr_w1", [16, 16]), (Out + "lokr_w2_a", [16, 4]), (Out + "lokr_w2_b", [4, 16]));
        Expect("Tucker", (Out + "lokr_w1", [16, 16]), (Out + "lokr_w2_a", [4, 16]), (Out + "lokr_w2_b", [4, 16]), (Out + "lokr_t2", [4, 4, 3, 3]));
    }

    [Theory]
    [InlineData("diffusion_model.layers.0.ffn_norm1", true)]
    [InlineData("text_encoders.llm.model.layers.0.input_layernorm", true)]
    [InlineData("lora_te1_text_model_encoder_layers_0_layer_norm1", true)]
    [InlineData("diffusion_model.layers.0.attention.out", false)]
    [InlineData("transformer.transformer_blocks.0.norm1.linear", false)]
    [InlineData("lora_unet_double_blocks_0_img_mod_lin", false)]
    public void Norms_are_not_changed_by_factors(string target, bool isRefused) =>
        Expect(isRefused ? "no matrix" : null, (target + ".lora_down.weight", [1, 256]), (target + ".lora_up.weight", [1, 1]));

    [Fact]
    public void Tensors_without_numbers_are_refused() =>
        Expect("holds no numbers", (Out + "lora_A.weight", [2, 256]), (Out + "lora_B.weight", [256, 2]), (Out + "alpha", [0]));

    [Theory]
    [InlineData(0u, false)]
    [InlineData(26u, false)]
    [InlineData(28u, true)]
    public void The_scale_of_a_gguf_must_be_of_a_type_that_the_engine_reads(uint type, bool isRefused)
    {
        var gguf = new GgufBytes();
        gguf.Tensor(Out + "lora_A.weight", [2, 256], 0, 2048);
        gguf.Tensor(Out + "alpha", [1], type, 8);
        Expect(isRefused ? "'" + Out + "alpha'" : null, Inspect(gguf.Build()));
    }

    [Theory]
    [InlineData("hada_w1_a")]
    [InlineData("diff")]
    [InlineData("diff_b")]
    public void Kinds_that_end_the_process_in_the_prebuilt_engine_are_not_supported_there(string kind)
    {
        ModelFileInfo lora = Inspect(ModelBytes.Safetensors((Out + kind, [256, 256]), (Out + "lora_A.weight", [2, 256])));
        SdException error = Assert.Throws<SdException>(() => LoraChecks.Check(lora, [Model], isPrebuilt: true));
        Assert.Equal(SdError.NotSupported, error.Code);
        Assert.Contains(kind, error.Message, StringComparison.Ordinal);
        LoraChecks.Check(lora, [Model], isPrebuilt: false);
    }

    [Fact]
    public void What_the_engine_passes_over_by_itself_is_left_to_it() =>
        Expect(null, (Out + "lora_A.weight", [2, 999]), (Out + "lora_B.weight", [7, 3]), (Out + "alpha", []));

    private static ModelFileInfo Model { get; } = new()
    {
        Path = "z.gguf",
        Format = ModelFormat.Gguf,
        Family = ModelFamily.ZImage,
        Tensors = [new ModelTensor("layers.0.attention.out.weight", [256, 256], "f32", 0), new ModelTensor("layers.0.ffn_norm1.weight", [256], "f32", 0)],
    };

    private static long[] Shape(string text) => [.. text.Split(',').Select(long.Parse)];

    private void Expect(string? words, params (string, long[])[] tensors) => Expect(words, Inspect(ModelBytes.Safetensors("F32", 4, tensors)));

    private static void Expect(string? words, ModelFileInfo lora)
    {
        if (words is null)
        {
            LoraChecks.Check(lora, [Model], isPrebuilt: true);
            return;
        }
        SdException error = Assert.Throws<SdException>(() => LoraChecks.Check(lora, [Model], isPrebuilt: true));
        Assert.Equal(SdError.ModelFileInvalid, error.Code);
        Assert.Contains(words, error.Message, StringComparison.Ordinal);
    }
}
