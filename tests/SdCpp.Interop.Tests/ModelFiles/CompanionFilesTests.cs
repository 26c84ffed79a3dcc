namespace SdCpp.Interop.Tests;

public sealed class CompanionFilesTests(Demo demo) : ModelFileTest
{
    private const string CrossAttention = "input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight";

    private string Unet(long text, string name) => Write(ModelBytes.Safetensors(("model.diffusion_model." + CrossAttention, [320, text])), name);

    private string ControlNet(long text, string name) => Write(
        ModelBytes.Safetensors(("control_model." + CrossAttention, [320, text]), ("control_model.input_hint_block.0.weight", [16, 3, 3, 3])), name);

    private string Flux => Write(ModelBytes.Safetensors(ModelBytes.Named("double_blocks.0.img_attn.qkv.weight")), "flux.safetensors");

    private string Other => Write(ModelBytes.Safetensors(ModelBytes.Named("something")), "other.safetensors");

    [Fact]
    public void A_control_net_goes_with_models_of_its_own_family()
    {
        string one = ControlNet(768, "one.safetensors");
        Assert.Equal(2, ModelFiles.Check(new DiffusionModelOptions { ModelPath = Unet(768, "sd1.safetensors"), ControlNetPath = one }).Length);
        ModelFiles.Check(new DiffusionModelOptions { ModelPath = Unet(2048, "sdxl.safetensors"), ControlNetPath = ControlNet(2048, "xl.safetensors") });
        // Whose names do not tell is left to the engine, which compares its tensors.
        ModelFiles.Check(new DiffusionModelOptions { ModelPath = Unet(768, "sd1.safetensors"), ControlNetPath = Other });

        string fault = Fault(new DiffusionModelOptions { ModelPath = Unet(1024, "sd2.safetensors"), ControlNetPath = one });
        Assert.Contains("one.safetensors was made for Sd1, but", fault, StringComparison.Ordinal);
        Assert.EndsWith("sd2.safetensors is Sd2.", fault, StringComparison.Ordinal);
        fault = Fault(new DiffusionModelOptions { DiffusionModelPath = Flux, ModelPath = Unet(768, "sd1.safetensors"), ControlNetPath = one });
        Assert.Contains("one.safetensors is given as a ControlNet, which the engine has for Sd1, Sd2, Sdxl, but", fault, StringComparison.Ordinal);
        Assert.EndsWith("flux.safetensors is Flux.", fault, StringComparison.Ordinal);
        fault = Fault(new DiffusionModelOptions { ModelPath = Other, ControlNetPath = one });
        Assert.EndsWith("other.safetensors is of a family that is not known.", fault, StringComparison.Ordinal);
    }

    [Fact]
    public void The_demo_model_takes_no_control_net()
    {
        SdException error = Assert.Throws<SdException>(() => ModelFiles.Check(demo.Files.ToOptions() with { ControlNetPath = ControlNet(768, "one.safetensors") }));
        Assert.Equal(SdError.ModelFileInvalid, error.Code);
        Assert.EndsWith("is ZImage.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Adapters_go_with_the_families_that_the_engine_has_them_for()
    {
        var sd1 = new DiffusionModelOptions { ModelPath = Unet(768, "sd1.safetensors") };
        var flux = new DiffusionModelOptions { DiffusionModelPath = Flux };
        ModelFiles.Check(sd1 with { IpAdapterPath = Other, MotionModulePath = Other });
        ModelFiles.Check(flux with { PulidPath = Other });
        ModelFiles.Check(new DiffusionModelOptions { ModelPath = Unet(2048, "sdxl.safetensors"), PhotoMakerPath = Other });
        Assert.Contains("an IP-Adapter", Fault(flux with { IpAdapterPath = Other }), StringComparison.Ordinal);
        Assert.Contains("a motion module", Fault(flux with { MotionModulePath = Other }), StringComparison.Ordinal);
        Assert.Contains("PhotoMaker", Fault(sd1 with { PhotoMakerPath = Other }), StringComparison.Ordinal);
        Assert.Contains("PuLID", Fault(sd1 with { PulidPath = Other }), StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_certainly_something_else_is_told_what_it_looks_like()
    {
        DiffusionModelOptions options = demo.Files.ToOptions();
        Assert.EndsWith("is a tiny autoencoder; VaePath needs a VAE.", Fault(options with { TaesdPath = null, VaePath = demo.Files.Taesd }), StringComparison.Ordinal);
        Assert.EndsWith("is an upscaler; TaesdPath needs a tiny autoencoder.", Fault(options with { TaesdPath = demo.Files.UpscalerX2 }), StringComparison.Ordinal);
        Assert.EndsWith("is a diffusion model; LlmPath needs a text encoder.", Fault(options with { LlmPath = demo.Files.DiffusionModel }), StringComparison.Ordinal);
        Assert.EndsWith("is a tiny autoencoder; T5xxlPath needs a text encoder.", Fault(options with { T5xxlPath = demo.Files.Taesd }), StringComparison.Ordinal);
        Assert.EndsWith("is a text encoder; ControlNetPath needs a ControlNet.", Fault(options with { ControlNetPath = demo.Files.TextEncoder }), StringComparison.Ordinal);
        // Whole checkpoints bring a VAE and text encoders with them.
        string checkpoint = Write(ModelBytes.Safetensors(("model.diffusion_model." + CrossAttention, [320, 768]), ("first_stage_model.x", [1])), "whole.safetensors");
        ModelFiles.Check(new DiffusionModelOptions { ModelPath = checkpoint, VaePath = checkpoint, ClipLPath = checkpoint });
    }

    [Fact]
    public void What_goes_with_a_pytorch_file_is_left_to_the_engine()
    {
        string checkpoint = Write([.. "PK\u0003\u0004 archive/data.pkl"u8], "sd.ckpt");
        Assert.Equal(2, ModelFiles.Check(new DiffusionModelOptions { ModelPath = checkpoint, ControlNetPath = ControlNet(768, "one.safetensors") }).Length);
    }

    private static string Fault(DiffusionModelOptions options)
    {
        SdException error = Assert.Throws<SdException>(() => ModelFiles.Check(options));
        Assert.Equal(SdError.ModelFileInvalid, error.Code);
        return error.Message;
    }
}
