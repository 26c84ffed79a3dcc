namespace SdCpp.Interop.Tests;

public sealed class ModelRecognitionTests : ModelFileTest
{
    public static TheoryData<ModelFamily, ModelRole, string[]> Files => new()
    {
        { ModelFamily.ZImage, ModelRole.DiffusionModel, ["x_embedder.weight", "cap_embedder.0.weight", "cap_embedder.1.weight", "layers.0.attention.qkv.weight"] },
        { ModelFamily.ZImage, ModelRole.DiffusionModel, ["model.diffusion_model.cap_embedder.1.weight", "model.diffusion_model.layers.0.attention.qkv.weight"] },
        { ModelFamily.Unknown, ModelRole.TextEncoder, ["token_embd.weight", "blk.0.attn_q.weight", "blk.0.ffn_up.weight"] },
        { ModelFamily.Unknown, ModelRole.TextEncoder, ["model.embed_tokens.weight", "model.layers.0.self_attn.q_proj.weight"] },
        { ModelFamily.Unknown, ModelRole.TextEncoder, ["text_model.encoder.layers.0.self_attn.q_proj.weight"] },
        { ModelFamily.Unknown, ModelRole.TextEncoder, ["shared.weight", "encoder.block.0.layer.0.SelfAttention.q.weight"] },
        { ModelFamily.Unknown, ModelRole.Taesd, ["decoder.layers.1.weight", "decoder.layers.3.conv.0.weight", "encoder.layers.0.weight"] },
        { ModelFamily.Unknown, ModelRole.Taesd, ["decoder.1.weight", "decoder.3.conv.0.weight", "encoder.0.weight"] },
        { ModelFamily.Unknown, ModelRole.Unknown, ["decoder.layers.0.self_attn.k.weight", "encoder.layers.0.self_attn.k.weight"] },
        { ModelFamily.Unknown, ModelRole.Vae, ["decoder.conv_in.weight", "decoder.mid.block_1.conv1.weight"] },
        { ModelFamily.Unknown, ModelRole.Vae, ["decoder.conv_in.weight", "decoder.mid_block.resnets.0.conv1.weight"] },
        { ModelFamily.Unknown, ModelRole.Vae, ["decoder.conv1.weight", "decoder.middle.0.residual.0.gamma"] },
        { ModelFamily.Esrgan, ModelRole.Upscaler, ["conv_first.weight", "body.0.rdb1.conv1.weight", "body.0.rdb3.conv5.weight", "conv_last.weight"] },
        { ModelFamily.Esrgan, ModelRole.Upscaler, ["model.0.weight", "model.1.sub.0.RDB1.conv1.0.weight"] },
        { ModelFamily.Flux, ModelRole.DiffusionModel, ["double_blocks.0.img_attn.qkv.weight", "single_blocks.0.linear1.weight"] },
        { ModelFamily.Flux2, ModelRole.DiffusionModel, ["double_blocks.0.img_attn.qkv.weight", "double_stream_modulation_img.lin.weight"] },
        { ModelFamily.Chroma, ModelRole.DiffusionModel, ["double_blocks.0.img_attn.qkv.weight", "distilled_guidance_layer.in_proj.weight"] },
        { ModelFamily.Sd3, ModelRole.Checkpoint, ["model.diffusion_model.joint_blocks.0.x_block.attn.qkv.weight", "first_stage_model.decoder.conv_in.weight"] },
        { ModelFamily.HunyuanVideo, ModelRole.DiffusionModel, ["double_blocks.0.img_attn.qkv.weight", "txt_in.individual_token_refiner.blocks.0.norm1.weight"] },
        { ModelFamily.Chroma, ModelRole.DiffusionModel, ["double_blocks.0.img_attn.qkv.weight", "nerf_final_layer_conv.conv.weight"] },
        { ModelFamily.OvisImage, ModelRole.DiffusionModel, ["double_blocks.0.img_attn.qkv.weight", "double_blocks.0.img_mlp.gate_proj.weight"] },
        { ModelFamily.Anima, ModelRole.DiffusionModel, ["blocks.0.self_attn.q_proj.weight", "llm_adapter.blocks.0.cross_attn.q_proj.weight"] },
        { ModelFamily.HiDream, ModelRole.DiffusionModel, ["caption_projection.0.linear.weight", "double_stream_blocks.0.block.adaLN_modulation.1.weight"] },
        { ModelFamily.HiDream, ModelRole.DiffusionModel, ["model.x_embedder.proj1.weight", "model.language_model.layers.0.self_attn.q_proj.weight"] },
        { ModelFamily.Ltx, ModelRole.DiffusionModel, ["patchify_proj.weight", "adaln_single.emb.timestep_embedder.linear_1.bias", "transformer_blocks.0.attn1.to_q.weight"] },
        { ModelFamily.PixArt, ModelRole.DiffusionModel, ["t_block.1.weight", "y_embedder.y_proj.fc1.weight", "blocks.0.cross_attn.q_linear.weight"] },
        { ModelFamily.PixArt, ModelRole.DiffusionModel, ["pos_embed.proj.weight", "adaln_single.linear.weight", "caption_projection.linear_1.weight"] },
        { ModelFamily.OmniGen2, ModelRole.DiffusionModel, ["time_caption_embed.timestep_embedder.linear_1.weight", "ref_image_patch_embedder.weight"] },
        { ModelFamily.ErnieImage, ModelRole.DiffusionModel, ["layers.0.adaLN_sa_ln.weight"] },
        { ModelFamily.Krea2, ModelRole.DiffusionModel, ["txtfusion.projector.weight"] },
        { ModelFamily.Ideogram4, ModelRole.DiffusionModel, ["embed_image_indicator.weight"] },
        { ModelFamily.Sd3, ModelRole.DiffusionModel, ["pos_embed.proj.weight", "transformer_blocks.0.attn.add_q_proj.weight"] },
        { ModelFamily.Sd3, ModelRole.DiffusionModel, ["joint_blocks.0.x_block.attn.ln_q.weight", "joint_blocks.0.x_block.attn2.qkv.weight"] },
        { ModelFamily.Unknown, ModelRole.DiffusionModel, ["model.diffusion_model.something.weight"] },
        { ModelFamily.Unknown, ModelRole.Checkpoint, ["model.diffusion_model.something.weight", "first_stage_model.decoder.conv_in.weight", "first_stage_model.decoder.mid.block_1.conv1.weight"] },
        { ModelFamily.Unknown, ModelRole.Checkpoint, ["model.diffusion_model.input_blocks.1.1.time_stack.0.attn2.to_k.weight", "first_stage_model.decoder.conv_in.weight"] },
        { ModelFamily.QwenImage, ModelRole.Lora, ["lycoris_transformer_blocks_0_img_mlp_net_0_proj.lokr_w1"] },
        { ModelFamily.QwenImage, ModelRole.DiffusionModel, ["transformer_blocks.0.img_mod.1.weight", "transformer_blocks.0.txt_mod.1.weight"] },
        { ModelFamily.Wan, ModelRole.DiffusionModel, ["patch_embedding.weight", "blocks.0.self_attn.q.weight", "blocks.0.cross_attn.k.weight"] },
        { ModelFamily.Unknown, ModelRole.Embedding, ["emb_params"] },
        { ModelFamily.Unknown, ModelRole.Embedding, ["clip_l", "clip_g"] },
        { ModelFamily.Unknown, ModelRole.Unknown, ["something.weight"] },
        { ModelFamily.ZImage, ModelRole.Lora, ["diffusion_model.layers.0.attention.qkv.lora_A.weight", "diffusion_model.layers.0.attention.qkv.lora_B.weight"] },
        { ModelFamily.QwenImage, ModelRole.Lora, ["transformer.transformer_blocks.0.img_mlp.net.0.proj.lora_A.weight"] },
        { ModelFamily.Wan, ModelRole.Lora, ["lora_unet_blocks_0_self_attn_q.lora_down.weight", "lora_unet_blocks_0_cross_attn_q.lora_down.weight"] },
        { ModelFamily.Flux, ModelRole.Lora, ["lora_unet_double_blocks_0_img_mod_lin.lora_down.weight"] },
        { ModelFamily.Unknown, ModelRole.Lora, ["unknown.lokr_w1"] },
        { ModelFamily.Unknown, ModelRole.Lora, ["unknown.hada_w1_a"] },
    };

    [Theory]
    [MemberData(nameof(Files), DisableDiscoveryEnumeration = true)]
    public void Names_tell_family_and_role(ModelFamily family, ModelRole role, string[] names)
    {
        (string Name, long[] Shape)[] tensors = ModelBytes.Named(names);
        foreach (byte[] bytes in new[] { ModelBytes.Safetensors(tensors), ModelBytes.Gguf("any", tensors) })
        {
            ModelFileInfo info = Inspect(bytes);
            Assert.Equal((family, role), (info.Family, info.Role));
        }
    }

    [Theory]
    [InlineData(768, "input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight", ModelFamily.Sd1)]
    [InlineData(1024, "input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight", ModelFamily.Sd2)]
    [InlineData(2048, "input_blocks.4.1.transformer_blocks.0.attn2.to_k.weight", ModelFamily.Sdxl)]
    [InlineData(2048, "down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k.weight", ModelFamily.Sdxl)]
    public void The_width_of_the_text_tells_the_stable_diffusions_apart(long width, string name, ModelFamily family)
    {
        ModelFileInfo alone = Inspect(ModelBytes.Safetensors((name, [2, width])));
        Assert.Equal((family, ModelRole.DiffusionModel), (alone.Family, alone.Role));
        ModelFileInfo whole = Inspect(ModelBytes.Safetensors(("model.diffusion_model." + name, [2, width]), ("cond_stage_model.x", [1])));
        Assert.Equal((family, ModelRole.Checkpoint), (whole.Family, whole.Role));
        ModelFileInfo control = Inspect(ModelBytes.Safetensors(("control_model." + name, [2, width]), ("control_model.input_hint_block.0.weight", [1])));
        Assert.Equal((family, ModelRole.ControlNet), (control.Family, control.Role));
        ModelFileInfo lora = Inspect(ModelBytes.Safetensors(("lora_unet_" + name.Replace(".weight", "", StringComparison.Ordinal).Replace('.', '_') + ".lora_down.weight", [2, width])));
        Assert.Equal((family, ModelRole.Lora), (lora.Family, lora.Role));
    }

    [Fact]
    public void Sizes_tell_families_apart_that_share_their_names()
    {
        ModelFileInfo Of(params (string, long[])[] tensors) => Inspect(ModelBytes.Safetensors(tensors));
        (string, long[])[] next = [("cap_embedder.1.weight", [2, 4]), ("layers.0.attention.qkv.weight", [4, 4])];
        Assert.Equal(ModelFamily.ZImage, Of([.. next, ("layers.0.attention.q_norm.weight", [128]), ("cap_pad_token", [1, 4])]).Family);
        Assert.Equal(ModelFamily.Lumina2, Of([.. next, ("layers.0.attention.q_norm.weight", [96])]).Family);
        Assert.Equal(ModelFamily.LongCat, Of(("double_blocks.0.img_attn.qkv.weight", [4, 4]), ("txt_in.weight", [2, 3584])).Family);
        Assert.Equal(ModelFamily.Flux, Of(("double_blocks.0.img_attn.qkv.weight", [4, 4]), ("txt_in.weight", [2, 4096])).Family);
        // The refiner of SDXL reads CLIP-G alone; an inpainting model takes nine channels.
        Assert.Equal(ModelFamily.Sdxl, Of(("model.diffusion_model.input_blocks.4.1.transformer_blocks.0.attn2.to_k.weight", [2, 1280])).Family);
        Assert.Equal(ModelFamily.Sdxl, Of(("input_blocks.0.0.weight", [2, 9, 3, 3]), ("input_blocks.4.1.transformer_blocks.0.attn2.to_k.weight", [2, 2048])).Family);
    }
}
