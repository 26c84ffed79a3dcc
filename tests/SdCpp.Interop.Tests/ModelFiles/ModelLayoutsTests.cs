namespace SdCpp.Interop.Tests;

/// <summary>The tensors that the engine expects, against the published files and the demo model.</summary>
public sealed class ModelLayoutsTests(Demo demo) : ModelFileTest
{
    private static readonly (string Name, long[] Shape)[] DemoLike = [.. ModelLayouts.ZImage(256, 64, 1, 1)];

    [Fact]
    public void Published_files_have_as_many_tensors_and_numbers()
    {
        // z_image_turbo: 453 tensors, 6.15 billion numbers.
        (string Name, long[] Shape)[] turbo = [.. ModelLayouts.ZImage(3840, 2560, layers: 30, refiners: 2)];
        Assert.Equal(453, turbo.Length);
        Assert.Equal(6.15, Numbers(turbo) / 1e9, 0.01);
        Assert.Equal([10240, 3840], turbo.Single(t => t.Name == "layers.29.feed_forward.w3.weight").Shape);
        // Qwen3-4B: 398 tensors, 4.02 billion numbers, its output being its embedding.
        foreach (bool isLlama in new[] { true, false })
        {
            (string Name, long[] Shape)[] qwen = [.. ModelLayouts.Qwen3(isLlama, 151_936, 2560, 4096, 9728, 36)];
            Assert.Equal(398, qwen.Length);
            Assert.Equal(4.02, Numbers(qwen) / 1e9, 0.01);
        }
        // RealESRGAN_x4plus.
        (string Name, long[] Shape)[] esrgan = [.. ModelLayouts.Esrgan(23, 2)];
        Assert.Equal(702, esrgan.Length);
        Assert.Equal(16_697_987, Numbers(esrgan));
    }

    [Fact]
    public void The_demo_model_has_all_of_them()
    {
        Assert.Equal(3, ModelFiles.Check(demo.Files.ToOptions()).Length);
        ModelFiles.CheckUpscaler(demo.Files.UpscalerX2);
        ModelFiles.CheckUpscaler(demo.Files.UpscalerX4);
    }

    [Theory]
    [InlineData("layers.0.ffn_norm2.weight", null, "lacks tensor 'layers.0.ffn_norm2.weight'")]
    [InlineData("x_pad_token", null, "lacks tensor 'x_pad_token'")]
    [InlineData("layers.0.feed_forward.w2.weight", "768,256", "of 768 × 256; Z-Image of its sizes has 256 × 768 there")]
    [InlineData("x_embedder.weight", "256,16", "has 256 × 64 there")]
    [InlineData("layers.0.attention.qkv.weight", "512,256", "has 768 × 256 there")]
    [InlineData("final_layer.linear.weight", "", "of one number")]
    public void A_tensor_that_is_missing_or_of_another_size_is_named(string name, string? shape, string words)
    {
        IEnumerable<(string, long[])> tensors = DemoLike.Where(t => t.Name != name);
        if (shape is not null)
            tensors = tensors.Append((name, [.. shape.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(long.Parse)]));
        Assert.Contains(words, Refused([.. tensors]), StringComparison.Ordinal);
    }

    [Fact]
    public void A_layer_that_is_missing_between_others_is_named() =>
        Assert.Contains("lacks tensor 'layers.1.attention.qkv.weight'", Refused([.. DemoLike, ("layers.2.attention.qkv.weight", [768, 256])]), StringComparison.Ordinal);

    [Fact]
    public void Prefixes_and_outer_ones_change_nothing_and_other_ways_to_write_it_are_left_to_the_engine()
    {
        Check([.. DemoLike.Select(t => ("model.diffusion_model." + t.Name, t.Name.EndsWith("_token", StringComparison.Ordinal) ? [1, .. t.Shape] : t.Shape))]);
        Check([.. DemoLike.Where(t => !t.Name.Contains("qkv", StringComparison.Ordinal)), ("layers.0.attention.to_q.weight", [256, 256])]);
    }

    [Fact]
    public void A_text_encoder_of_another_build_is_named()
    {
        (string Name, long[] Shape)[] encoder = [.. ModelLayouts.Qwen3(isLlama: false, 151_936, 4, 256, 8, 2)];
        (string, long[])[] model = [.. ModelLayouts.ZImage(256, 4, 1, 1)];
        Load(encoder);
        Assert.Contains("lacks tensor 'model.layers.1.mlp.up_proj.weight', which Qwen3 has",
            Assert.Throws<SdException>(() => Load([.. encoder.Where(t => t.Name != "layers.1.mlp.up_proj.weight")])).Message, StringComparison.Ordinal);
        Assert.Contains("'embed_tokens.weight'", Assert.Throws<SdException>(() => Load([.. encoder.Skip(1)])).Message, StringComparison.Ordinal);

        void Load((string Name, long[] Shape)[] tensors) => ModelFiles.Check(new DiffusionModelOptions
        {
            DiffusionModelPath = Write(ModelBytes.Safetensors(model), "z.safetensors"),
            LlmPath = Write(ModelBytes.Safetensors([.. tensors.Select(t => ("model." + t.Name, t.Shape))]), "q.safetensors"),
        });
    }

    [Fact]
    public void An_upscaler_of_another_build_is_named()
    {
        (string Name, long[] Shape)[] right = [.. ModelLayouts.Esrgan(1, 2)];
        ModelFiles.CheckUpscaler(Write(ModelBytes.Safetensors(right)));
        ModelFiles.CheckUpscaler(Write(ModelBytes.Safetensors([.. ModelLayouts.Esrgan(2, 0)])));
        Assert.Contains("conv_up1", Fails([.. right.Where(t => t.Name != "conv_up1.weight")]), StringComparison.Ordinal);
        Assert.Contains("body.1.rdb1", Fails([.. right, ("body.3.rdb1.conv1.weight", [32, 64, 3, 3])]), StringComparison.Ordinal);
        Assert.Contains("layer 70000", Fails([.. right, ("body.70000.rdb1.conv1.weight", [32, 64, 3, 3])]), StringComparison.Ordinal);

        string Fails((string, long[])[] tensors)
        {
            string path = Write(ModelBytes.Safetensors(tensors));
            return Assert.Throws<SdException>(() => ModelFiles.CheckUpscaler(path)).Message;
        }
    }

    private static double Numbers((string, long[] Shape)[] tensors) => tensors.Sum(t => t.Shape.Aggregate(1d, (product, size) => product * size));

    private void Check((string, long[])[] tensors) =>
        ModelFiles.Check(new DiffusionModelOptions { DiffusionModelPath = Write(ModelBytes.Safetensors(tensors), "z.safetensors") });

    private string Refused((string, long[])[] tensors)
    {
        SdException error = Assert.Throws<SdException>(() => Check(tensors));
        Assert.Equal(SdError.ModelFileInvalid, error.Code);
        Assert.Contains("z.safetensors", error.Message, StringComparison.Ordinal);
        return error.Message;
    }
}
