namespace SdCpp.Interop.Tests;

/// <summary>Files that their formats allow and that would end the process.</summary>
public sealed class EngineLimitsTests : ModelFileTest
{
    [Theory]
    [InlineData(9u, "q8_1")]
    [InlineData(15u, "q8_k")]
    [InlineData(24u, "i8")]
    [InlineData(25u, "i16")]
    [InlineData(26u, "i32")]
    [InlineData(27u, "i64")]
    [InlineData(28u, "f64")]
    public void Weights_of_a_type_that_the_engine_cannot_convert_are_named(uint type, string name)
    {
        Assert.Contains($"'a.weight' of type {name}", Fails(Gguf("a.weight", type)), StringComparison.Ordinal);
        Assert.Contains(name, Fails(Gguf("x_pad_token", type)), StringComparison.Ordinal);
        // Positions and counters are not weights, and are not loaded.
        Check(Gguf("text_model.embeddings.position_ids", type));
    }

    [Theory]
    [InlineData("F64", 8, false)]
    [InlineData("I64", 8, true)]
    [InlineData("I32", 4, true)]
    [InlineData("F16", 2, false)]
    public void Safetensors_with_counters_in_place_of_weights_are_named(string type, int size, bool isRefused)
    {
        byte[] file = ModelBytes.Safetensors(type, size, ("a.weight", [4]));
        if (isRefused)
            Assert.Contains("'a.weight'", Fails(file), StringComparison.Ordinal);
        else
            Check(file);
        Check(ModelBytes.Safetensors(type, size, ("position_ids", [1, 4])));
    }

    [Theory]
    [InlineData("body.70000.rdb1.conv1.weight", true)]
    [InlineData("layers.99999999999999999999.weight", true)]
    [InlineData("layers.19.weight", false)]
    [InlineData("layers.70000x.weight", false)]
    public void A_layer_with_a_number_beyond_the_files_tensors_is_named(string name, bool isRefused)
    {
        byte[] file = ModelBytes.Safetensors((name, [4]));
        if (isRefused)
            Assert.Contains("belongs to layer", Fails(file), StringComparison.Ordinal);
        else
            Check(file);
    }

    [Fact]
    public void A_weight_without_numbers_is_named()
    {
        Assert.Contains("'encoder.layers.2.weight' holds no numbers", Fails(ModelBytes.Safetensors(("encoder.layers.2.weight", [64, 0, 3, 3]))), StringComparison.Ordinal);
        Check(ModelBytes.Safetensors(("placeholder", [0])));
    }

    private static byte[] Gguf(string name, uint type)
    {
        var gguf = new GgufBytes();
        gguf.Tensor(name, [256], type, 2048);
        return gguf.Build();
    }

    private void Check(byte[] file) => ModelFiles.Check(new DiffusionModelOptions { ModelPath = Write(file) });

    private string Fails(byte[] file)
    {
        SdException error = Assert.Throws<SdException>(() => Check(file));
        Assert.Equal(SdError.ModelFileInvalid, error.Code);
        return error.Message;
    }
}
