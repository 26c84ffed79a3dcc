namespace SdCpp.Interop.Tests;

public sealed class ModelFileChecksTests : ModelFileTest
{
    private const int Vocabulary = 151_936;

    private static ModelFileInfo Info(string path, ModelFamily family, ModelRole role, params (string Name, long[] Shape)[] tensors) => new()
    {
        Path = path,
        Format = ModelFormat.Gguf,
        Family = family,
        Role = role,
        Tensors = [.. tensors.Select(t => new ModelTensor(t.Name, t.Shape, "f16", 0))],
    };

    private static ModelFileInfo ZImage(long width = 256, long text = 64) => Info("z.gguf", ModelFamily.ZImage, ModelRole.DiffusionModel,
        ("x_embedder.weight", [width, 64]), ("cap_embedder.1.weight", [width, text]),
        ("layers.0.attention.qkv.weight", [3 * width, width]), ("layers.0.attention.out.weight", [width, width]));

    private static ModelFileInfo Qwen(long width = 64, long rows = Vocabulary) => Info("q.gguf", ModelFamily.Unknown, ModelRole.TextEncoder,
        ("token_embd.weight", [rows, width]), ("blk.0.attn_q.weight", [width, width]));

    private static ModelFileInfo Lora(params string[] names) =>
        Info("l.safetensors", ModelFamily.Unknown, ModelRole.Lora, [.. names.Select(n => (n, new long[] { 4, 4 }))]);

    [Fact]
    public void Files_that_belong_together_pass()
    {
        Assert.Empty(ModelFileChecks.FindMismatches([ZImage(), Qwen()]));
        Assert.Empty(ModelFileChecks.FindMismatches([ZImage(3840, 2560), Qwen(2560)]));
        ModelFileInfo clip = Info("c", ModelFamily.Unknown, ModelRole.TextEncoder, ("text_model.encoder.layers.0.self_attn.q_proj.weight", [8, 8]), ("token_embd.weight", [9, 9]));
        Assert.Empty(ModelFileChecks.FindMismatches([ZImage(), Qwen(), clip]));
        Assert.Empty(ModelFileChecks.FindMismatches([Info("f", ModelFamily.Flux, ModelRole.DiffusionModel), Qwen(1, 1)]));
    }

    [Fact]
    public void Files_that_cannot_work_together_are_named()
    {
        string width = Assert.Single(ModelFileChecks.FindMismatches([ZImage(), Qwen(128)]));
        Assert.Contains("q.gguf", width, StringComparison.Ordinal);
        Assert.Contains("64", width, StringComparison.Ordinal);
        Assert.Contains("32000 tokens", Assert.Single(ModelFileChecks.FindMismatches([ZImage(), Qwen(64, 32000)])), StringComparison.Ordinal);
        Assert.Single(ModelFileChecks.FindMismatches([ZImage(128), Qwen()]));
        Assert.Single(ModelFileChecks.FindMismatches([ZImage(320), Qwen()]));
        Assert.Equal(3, ModelFileChecks.FindMismatches([ZImage(320), Qwen(32, 5)]).Count);
    }

    [Fact]
    public void Attention_heads_that_the_engine_does_not_have_are_named()
    {
        // Lumina-Image 2.0 has the names of Z-Image and a width that Z-Image could have: 24 heads of 96.
        ModelFileInfo lumina = ZImage(2304, 2304) with { Tensors = [.. ZImage(2304, 2304).Tensors, new("layers.0.attention.q_norm.weight", [96], "f32", 384)] };
        string head = Assert.Single(ModelFileChecks.FindMismatches([lumina, Qwen(2304)]));
        Assert.Contains("z.gguf has attention heads 96 wide", head, StringComparison.Ordinal);
        ModelFileInfo small = Qwen() with { Tensors = [.. Qwen().Tensors, new("blk.0.attn_k_norm.weight", [64], "f32", 256)] };
        head = Assert.Single(ModelFileChecks.FindMismatches([ZImage(), small]));
        Assert.Contains("q.gguf is a text encoder with attention heads 64 wide", head, StringComparison.Ordinal);
        ModelFileInfo right = Qwen() with { Tensors = [.. Qwen().Tensors, new("blk.0.attn_k_norm.weight", [128], "f32", 512)] };
        Assert.Empty(ModelFileChecks.FindMismatches([ZImage(), right]));
    }

    [Theory]
    [InlineData("layers.0.attention.qkv.lora_A.weight")]
    [InlineData("diffusion_model.layers.0.attention.qkv.lora_A.weight")]
    [InlineData("model.diffusion_model.layers.0.attention.qkv.lora_up.weight")]
    [InlineData("transformer.layers.0.attention.qkv.lora_B.default.weight")]
    [InlineData("base_model.model.layers.0.attention.qkv.lora_A.weight")]
    [InlineData("lora_unet_layers_0_attention_qkv.alpha")]
    [InlineData("lora_unet_layers_0_attention_qkv.lokr_w1")]
    [InlineData("lora_unet_layers_0_attention_qkv.hada_w1_a")]
    [InlineData("diffusion_model.layers.0.attention.qkv.diff")]
    [InlineData("lycoris_layers_0_attention_qkv.lokr_w1")]
    [InlineData("lora.diffusion_model.layers.0.attention.qkv.lora_A.weight")]
    public void The_usual_ways_to_name_a_place_are_understood(string name) =>
        Assert.Equal(LoraFit.Fits, ModelFileChecks.FitOf(Lora("nowhere.lora_A.weight", name), [Qwen(), ZImage()]));

    [Fact]
    public void What_fits_nothing_is_told_from_what_is_not_known()
    {
        ModelFileInfo wan = Lora("diffusion_model.blocks.0.self_attn.q.lora_A.weight");
        Assert.Equal(LoraFit.FitsNothing, ModelFileChecks.FitOf(wan, [ZImage(), Qwen()]));
        Assert.Equal(LoraFit.FitsNothing, ModelFileChecks.FitOf(Lora("lora_unet_down_blocks_0_attn.lora_up.weight"), [ZImage()]));
        // Written with q, k and v apart, which the engine can put together.
        Assert.Equal(LoraFit.Unknown, ModelFileChecks.FitOf(Lora("layers.0.attention.to_q.lora_A.weight"), [ZImage()]));
        // The engine translates names of text encoders, and those of other families.
        Assert.Equal(LoraFit.Unknown, ModelFileChecks.FitOf(Lora("text_encoder.model.layers.0.self_attn.q_proj.lora_A.weight"), [ZImage(), Qwen()]));
        Assert.Equal(LoraFit.Unknown, ModelFileChecks.FitOf(wan, [Info("f", ModelFamily.Flux, ModelRole.DiffusionModel)]));
        Assert.Equal(LoraFit.Unknown, ModelFileChecks.FitOf(wan, []));
        ModelFileInfo qwen = Info("i", ModelFamily.QwenImage, ModelRole.DiffusionModel, ("transformer_blocks.0.attn.to_q.weight", [4, 4]));
        Assert.Equal(LoraFit.Fits, ModelFileChecks.FitOf(Lora("lycoris_transformer_blocks_0_attn_to_q.lokr_w1"), [qwen]));
        Assert.Equal(LoraFit.Unknown, ModelFileChecks.FitOf(Lora("lycoris_layers_0_attention_to_q.lokr_w1"), [ZImage()]));
    }

    [Theory]
    [InlineData(ModelFamily.Sd1, ModelFamily.Sdxl, false)]
    [InlineData(ModelFamily.Sd1, ModelFamily.Flux, false)]
    [InlineData(ModelFamily.Flux, ModelFamily.Sdxl, false)]
    [InlineData(ModelFamily.Sdxl, ModelFamily.Sdxl, true)]
    [InlineData(ModelFamily.Sdxl, ModelFamily.Unknown, true)]
    // Chroma has the names of FLUX, and takes its LoRAs.
    [InlineData(ModelFamily.Chroma, ModelFamily.Flux, true)]
    public void A_lora_of_another_family_fits_nothing_though_the_names_are_there(ModelFamily model, ModelFamily lora, bool fits)
    {
        const string name = "input_blocks.4.1.transformer_blocks.0.attn1.to_q";
        Assert.Equal(fits ? LoraFit.Fits : LoraFit.FitsNothing, ModelFileChecks.FitOf(Lora(name + ".lora_A.weight") with { Family = lora }, [Info("m", model, ModelRole.DiffusionModel, (name + ".weight", [640, 640]))]));
    }

    [Theory]
    [InlineData("lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k.lora_down.weight", 768, ModelFamily.Sd1)]
    [InlineData("unet.mid_block.attentions.0.transformer_blocks.0.attn2.to_k.lora_A.weight", 2048, ModelFamily.Sdxl)]
    [InlineData("lora_te2_text_model_encoder_layers_0_self_attn_q_proj.lora_down.weight", 1280, ModelFamily.Sdxl)]
    // Video models attend to their text by the same names, and the second text encoder of FLUX is a T5.
    [InlineData("transformer_blocks.0.attn2.to_k.lora_A.weight", 2048, ModelFamily.Unknown)]
    [InlineData("lora_te2_encoder_block_0_layer_0_SelfAttention_q.lora_down.weight", 4096, ModelFamily.Unknown)]
    public void The_family_of_a_lora_of_a_unet_is_told_by_its_text(string name, long width, ModelFamily family) =>
        Assert.Equal(family, Inspect(ModelBytes.Safetensors((name, [4, width]))).Family);

    [Fact]
    public void A_model_is_checked_file_by_file_and_as_a_whole()
    {
        string model = Write(ModelBytes.Gguf("lumina2", [.. ModelLayouts.ZImage(256, 64, 1, 1)]), "z.gguf");
        string encoder = Write(ModelBytes.Gguf("qwen3", ("token_embd.weight", [100, 8]), ("blk.0.attn_q.weight", [8, 8])), "q.gguf");
        Assert.Single(ModelFiles.Check(new DiffusionModelOptions { DiffusionModelPath = model }));
        SdException error = Assert.Throws<SdException>(() => ModelFiles.Check(new DiffusionModelOptions { DiffusionModelPath = model, LlmPath = encoder }));
        Assert.Equal(SdError.ModelFileInvalid, error.Code);
        Assert.Contains("q.gguf", error.Message, StringComparison.Ordinal);
        error = Assert.Throws<SdException>(() => ModelFiles.Check(new DiffusionModelOptions { ModelPath = Path.Combine(Folder, "none") }));
        Assert.Equal(SdError.ModelFileNotFound, error.Code);
    }

    [Fact]
    public void Loras_are_checked_each_time()
    {
        string good = Write(ModelBytes.Safetensors(("layers.0.attention.qkv.lora_A.weight", [4, 4])), "good.safetensors");
        Check(good);
        Assert.Contains("fits nothing", Fails(Write(ModelBytes.Safetensors(("blocks.0.attn.lora_A.weight", [4, 4])), "wan.safetensors")), StringComparison.Ordinal);
        Assert.Contains("it is a VAE", Fails(Write(ModelBytes.Safetensors(ModelBytes.Named("decoder.conv_in.weight", "decoder.mid.x")), "vae.safetensors")), StringComparison.Ordinal);
        Assert.Contains("PyTorch", Fails(Write([.. "PK\u0003\u0004 archive/data.pkl"u8], "lora.pt")), StringComparison.Ordinal);
        Assert.Contains("HTML", Fails(Write([.. "<html>"u8], "page.safetensors")), StringComparison.Ordinal);
        Assert.Contains("does not exist", Fails(Path.Combine(Folder, "none")), StringComparison.Ordinal);
        File.WriteAllBytes(good, File.ReadAllBytes(good)[..^1]);
        Assert.Contains("cut off", Fails(good), StringComparison.Ordinal);

        static void Check(string path) => ModelFiles.CheckLoras([new LoraReference(path)], [ZImage()]);
        static string Fails(string path) => Assert.Throws<SdException>(() => Check(path)).Message;
    }

    [Fact]
    public void An_upscaler_is_one_or_cannot_be_told()
    {
        ModelFiles.CheckUpscaler(Write(ModelBytes.Safetensors([.. ModelLayouts.Esrgan(1, 1)])));
        ModelFiles.CheckUpscaler(Write(ModelBytes.Safetensors(ModelBytes.Named("something"))));
        string lora = Write(ModelBytes.Safetensors(ModelBytes.Named("a.lora_A.weight")));
        SdException error = Assert.Throws<SdException>(() => ModelFiles.CheckUpscaler(lora));
        Assert.Contains("it is a LoRA", error.Message, StringComparison.Ordinal);
    }
}
