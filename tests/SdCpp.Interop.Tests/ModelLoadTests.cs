namespace SdCpp.Interop.Tests;

/// <summary>Files and options that must not end the process: each fails with a reason that names it.</summary>
public sealed class ModelLoadTests(Demo demo)
{
    private async Task<SdException> RefusedAsync(DiffusionModelOptions options)
    {
        SdException refused = await Assert.ThrowsAsync<SdException>(
            () => DiffusionModel.LoadAsync(options, null, TestContext.Current.CancellationToken));
        Assert.NotEmpty(await demo.GenerateAsync(Demo.Request));
        return refused;
    }

    private string Changed(string file, Func<byte[], byte[]> change)
    {
        string path = demo.NewPath(Path.GetExtension(file));
        File.WriteAllBytes(path, change(File.ReadAllBytes(file)));
        return path;
    }

    [Fact]
    public async Task A_missing_file_is_named()
    {
        SdException refused = await RefusedAsync(demo.Files.ToOptions(1) with { LlmPath = demo.NewPath(".gguf") });
        Assert.Equal(SdError.ModelFileNotFound, refused.Code);
        Assert.Contains(".gguf", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("empty", SdError.ModelFileInvalid)]
    [InlineData("garbage", SdError.ModelFileInvalid)]
    [InlineData("web page", SdError.ModelFileInvalid)]
    [InlineData("header only", SdError.ModelFileTruncated)]
    [InlineData("half", SdError.ModelFileTruncated)]
    [InlineData("last byte missing", SdError.ModelFileTruncated)]
    [InlineData("absurd tensor count", SdError.ModelFileInvalid)]
    public async Task A_damaged_file_is_named_with_the_reason(string damage, SdError expected)
    {
        foreach (string file in new[] { demo.Files.DiffusionModel, demo.Files.TextEncoder, demo.Files.Taesd })
        {
            string path = Changed(file, bytes => Damage(bytes, damage));
            DiffusionModelOptions good = demo.Files.ToOptions(1);
            SdException refused = await RefusedAsync(good with
            {
                DiffusionModelPath = file == good.DiffusionModelPath ? path : good.DiffusionModelPath,
                LlmPath = file == good.LlmPath ? path : good.LlmPath,
                TaesdPath = file == good.TaesdPath ? path : good.TaesdPath,
            });

            Assert.True(refused.Code is SdError.ModelFileInvalid or SdError.ModelFileTruncated, refused.ToString());
            if (damage is "half" or "last byte missing" or "garbage" or "web page")
                Assert.Equal(expected, refused.Code);
            Assert.Contains(Path.GetFileName(path), refused.Message, StringComparison.Ordinal);
        }
    }

    private static byte[] Damage(byte[] bytes, string damage)
    {
        switch (damage)
        {
            case "empty":
                return [];
            case "garbage":
                return [.. Enumerable.Range(0, 5000).Select(i => (byte)(i * 73))];
            case "web page":
                return "<!DOCTYPE html><html><body>403 Forbidden</body></html>"u8.ToArray();
            case "header only":
                return bytes[..40];
            case "half":
                return bytes[..(bytes.Length / 2)];
            case "last byte missing":
                // The last bytes may be padding that no tensor needs.
                return bytes[..^64];
            default:
                // GGUF: the tensor count follows the magic and the version.
                BitConverter.TryWriteBytes(bytes.AsSpan(8), ulong.MaxValue / 3);
                return bytes;
        }
    }

    [Fact]
    public async Task A_folder_in_place_of_a_file_is_named() =>
        Assert.Contains(
            "directory", (await RefusedAsync(demo.Files.ToOptions(1) with { DiffusionModelPath = Path.GetTempPath() })).Message,
            StringComparison.OrdinalIgnoreCase);

    [Fact]
    public async Task A_file_of_the_wrong_kind_is_called_what_it_is()
    {
        DiffusionModelOptions good = demo.Files.ToOptions(1);
        foreach ((DiffusionModelOptions options, string option, string words) in new[]
        {
            (good with { DiffusionModelPath = demo.Files.UpscalerX2 }, "DiffusionModelPath", "is an upscaler; DiffusionModelPath needs a diffusion model."),
            (good with { DiffusionModelPath = demo.Files.TextEncoder }, "DiffusionModelPath", "is a text encoder; DiffusionModelPath needs a diffusion model."),
            (new DiffusionModelOptions { ModelPath = demo.Files.UpscalerX4 }, "ModelPath", "is an upscaler; ModelPath needs a whole checkpoint."),
            (new DiffusionModelOptions { ModelPath = demo.Files.Taesd }, "ModelPath", "is a tiny autoencoder; ModelPath needs a whole checkpoint."),
            (new DiffusionModelOptions { EngineOptions = new Dictionary<string, string> { ["model_path"] = demo.Files.Taesd } }, "ModelPath", "needs a whole checkpoint."),
        })
        {
            SdException refused = await RefusedAsync(options);
            Assert.Equal((SdError.ModelFileInvalid, option), (refused.Code, refused.Option));
            Assert.EndsWith(words, refused.Message, StringComparison.Ordinal);
            Assert.True(File.Exists(refused.File));
        }
    }

    [Fact]
    public async Task A_model_without_its_text_encoder_fails_with_a_reason() =>
        Assert.Equal(SdError.ModelLoadFailed, (await RefusedAsync(demo.Files.ToOptions(1) with { LlmPath = null })).Code);

    [Fact]
    public async Task No_file_at_all_is_told_which_to_give()
    {
        foreach (DiffusionModelOptions options in new[] { new DiffusionModelOptions(), demo.Files.ToOptions(1) with { DiffusionModelPath = null } })
        {
            SdException refused = await RefusedAsync(options);
            Assert.Equal((SdError.InvalidArgument, "ModelPath"), (refused.Code, refused.Option));
            Assert.Contains("set ModelPath to a whole checkpoint, or DiffusionModelPath", refused.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("n_threads", "Threads", "", 100_000)]
    [InlineData("n_threads", "Threads", "", -5)]
    [InlineData("tensor_type_rules", "TensorTypeRules", "^(=q8_0,[[[", 0)]
    [InlineData("tensor_type_rules", "TensorTypeRules", "vae=bogus", 0)]
    [InlineData("wtype", "WeightType", "q99", 0)]
    [InlineData("prediction", "Prediction", "crystal_ball", 0)]
    [InlineData("enable_mmap", "Mmap", "perhaps", 0)]
    [InlineData("no_such_option", "no_such_option", "1", 0)]
    public async Task A_bad_option_is_named(string name, string property, string value, int threads)
    {
        var options = new Dictionary<string, string>();
        if (value != "")
            options[name] = value;
        SdException refused = await RefusedAsync(demo.Files.ToOptions(threads) with { EngineOptions = options });

        Assert.Equal(name == "no_such_option" ? SdError.NotSupported : SdError.InvalidArgument, refused.Code);
        Assert.Contains(property, refused.Message, StringComparison.Ordinal);
        Assert.Equal(property, refused.Option);
    }

    [Fact]
    public async Task An_unknown_device_fails_with_the_engines_words()
    {
        SdException refused = await RefusedAsync(demo.Files.ToOptions(1) with { Backend = "cuda17" });
        Assert.Equal(SdError.ModelLoadFailed, refused.Code);
        Assert.Contains("cuda17", refused.Message, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_text_encoder_that_does_not_fit_is_refused_before_the_engine_sees_it()
    {
        // Hidden size 32 in place of 64: plausible by itself, an abort inside the engine.
        string path = Changed(demo.Files.TextEncoder, bytes =>
        {
            int name = bytes.AsSpan().IndexOf("token_embd.weight"u8);
            BitConverter.TryWriteBytes(bytes.AsSpan(name + "token_embd.weight".Length + 4), 32UL);
            return bytes;
        });
        SdException refused = await RefusedAsync(demo.Files.ToOptions(1) with { LlmPath = path });
        Assert.Equal(SdError.ModelFileInvalid, refused.Code);
    }

    [Fact]
    public async Task A_cancelled_load_leaves_nothing_behind()
    {
        using var cancel = new CancellationTokenSource();
        var callbacks = new SdCallbacks { Progress = new Recorder([], _ => cancel.Cancel()) };

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => DiffusionModel.LoadAsync(demo.Files.ToOptions(1), callbacks, cancel.Token));
        Assert.NotEmpty(await demo.GenerateAsync(Demo.Request));
    }

    [Fact]
    public async Task Loading_and_freeing_again_and_again_works()
    {
        byte[] expected = await demo.GenerateAsync(Demo.Request);
        for (int i = 0; i < 5; i++)
        {
            await using DiffusionModel model = await DiffusionModel.LoadAsync(demo.Files.ToOptions(1), null, TestContext.Current.CancellationToken);
            using GenerationResult result = await model.TextToImageAsync(Demo.Request, null, TestContext.Current.CancellationToken);
            Assert.Equal(expected, result.Images[0].Image.Span.ToArray());
        }
    }
}
