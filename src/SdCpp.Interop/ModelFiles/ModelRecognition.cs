namespace SdCpp.Interop;

/// <summary>
/// Tells family and role by names and sizes of tensors, not by what a file calls itself: notes are often missing or copied
/// from another model.
/// </summary>
internal static class ModelRecognition
{
    public static ModelFamily FamilyOf(TensorNames names)
    {
        if (IsLora(names))
            return LoraNames.FamilyOf(names);
        if (names.Has("conv_first.weight") && (names.Contains(".rdb1.conv1.") || names.Contains(".RDB1.conv1.")))
            return ModelFamily.Esrgan;
        // ESRGAN as first published.
        if (names.Contains(".sub.0.RDB1.conv1.0."))
            return ModelFamily.Esrgan;
        ModelFamily transformer = TransformerFamily(names);
        return transformer != ModelFamily.Unknown ? transformer : UnetFamily(names);
    }

    public static ModelRole RoleOf(TensorNames names, ModelFamily family)
    {
        if (IsLora(names))
            return ModelRole.Lora;
        if (names.Contains("input_hint_block.") || names.Contains("controlnet_"))
            return ModelRole.ControlNet;
        if (family == ModelFamily.Esrgan)
            return ModelRole.Upscaler;
        // The prefix tells a diffusion model of a family that is not known here; the VAE beside it must not.
        if (family != ModelFamily.Unknown || names.StartsWith("model.diffusion_model."))
            return IsCheckpoint(names) ? ModelRole.Checkpoint : ModelRole.DiffusionModel;
        if (IsTaesd(names))
            return ModelRole.Taesd;
        if (IsVae(names))
            return ModelRole.Vae;
        if (IsTextEncoder(names))
            return ModelRole.TextEncoder;
        return IsEmbedding(names) ? ModelRole.Embedding : ModelRole.Unknown;
    }

    // Names that one family alone has.
    private static readonly (string Part, ModelFamily Family)[] OwnNames =
    [
        ("distilled_guidance_layer.", ModelFamily.Chroma),
        ("nerf_final_layer_conv.", ModelFamily.Chroma),
        ("double_stream_modulation_img.", ModelFamily.Flux2),
        ("individual_token_refiner.", ModelFamily.HunyuanVideo),
        ("double_blocks.0.img_mlp.gate_proj.", ModelFamily.OvisImage),
        ("llm_adapter.blocks.0.cross_attn.", ModelFamily.Anima),
        ("caption_projection.0.linear.", ModelFamily.HiDream),
        ("x_embedder.proj1.", ModelFamily.HiDream),
        ("time_caption_embed.timestep_embedder.", ModelFamily.OmniGen2),
        ("layers.0.adaLN_sa_ln.", ModelFamily.ErnieImage),
        ("txtfusion.projector.", ModelFamily.Krea2),
        ("embed_image_indicator.", ModelFamily.Ideogram4),
    ];

    private static ModelFamily TransformerFamily(TensorNames names)
    {
        if (names.Has("cap_embedder.1.weight") && (names.Contains("layers.0.attention.qkv.") || names.Contains("layers.0.attention.to_q.")))
        {
            // Lumina-Image 2.0 has the same names, but narrower heads and nothing that pads.
            bool isLumina = names.Find("layers.0.attention.q_norm.weight")?.Shape is [96] && !names.Has("cap_pad_token");
            return isLumina ? ModelFamily.Lumina2 : ModelFamily.ZImage;
        }
        if (names.Contains("transformer_blocks.0.img_mod.") && names.Contains("transformer_blocks.0.txt_mod."))
            return ModelFamily.QwenImage;
        foreach ((string part, ModelFamily family) in OwnNames)
        {
            if (names.Contains(part))
                return family;
        }
        if (names.Contains("double_blocks.0.img_attn.") || names.Contains("single_transformer_blocks.0."))
            return ReadsQwen(names) ? ModelFamily.LongCat : ModelFamily.Flux;
        if (names.Contains("joint_blocks.0.") || (names.Has("pos_embed.proj.weight") && names.Contains("transformer_blocks.0.attn.add_q_proj.")))
            return ModelFamily.Sd3;
        if (names.Has("patch_embedding.weight") && names.Contains("blocks.0.self_attn.") && names.Contains("blocks.0.cross_attn."))
            return ModelFamily.Wan;
        if (names.Contains("adaln_single.") && names.Has("patchify_proj.weight"))
            return ModelFamily.Ltx;
        if (names.Has("t_block.1.weight") && names.Contains("y_embedder.y_proj."))
            return ModelFamily.PixArt;
        return names.Contains("adaln_single.") && names.Has("pos_embed.proj.weight") ? ModelFamily.PixArt : ModelFamily.Unknown;
    }

    // LongCat-Image has the names of FLUX.1, whose text is 4096 wide (T5), and takes text from Qwen2.5-VL.
    private static bool ReadsQwen(TensorNames names) =>
        (names.Find("txt_in.weight") ?? names.Find("context_embedder.weight"))?.Shape is [_, 3584];

    // They differ in the text encoder that the cross attention was made for: CLIP-L, OpenCLIP-H, or CLIP-L and -G together; the refiner
    // of SDXL has only the last.
    private static ModelFamily UnetFamily(TensorNames names)
    {
        ModelTensor? crossAttention =
            names.Find("input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight")
            ?? names.Find("input_blocks.4.1.transformer_blocks.0.attn2.to_k.weight")
            ?? names.Find("down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k.weight")
            ?? names.Find("down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k.weight");
        // Stable Video Diffusion is as wide as 2.x.
        return crossAttention?.Shape is [.., long width] && !names.Contains("time_stack.") && !names.Contains("temporal_transformer_blocks.")
            ? width switch
            {
                768 => ModelFamily.Sd1,
                1024 => ModelFamily.Sd2,
                1280 or 2048 => ModelFamily.Sdxl,
                _ => ModelFamily.Unknown,
            }
            : ModelFamily.Unknown;
    }

    private static bool IsLora(TensorNames names) =>
        names.Contains(".lora_") || names.Contains(".lora.") || names.Contains("_lora.") || names.Contains(".lokr_") || names.Contains(".hada_")
        || names.Tensors.Any(t => t.Name.EndsWith(".diff", StringComparison.Ordinal));

    private static bool IsCheckpoint(TensorNames names) =>
        names.StartsWith("first_stage_model.") || names.StartsWith("vae.") || names.StartsWith("cond_stage_model.")
        || names.StartsWith("conditioner.") || names.StartsWith("text_encoders.");

    // Speech and translation models share the first two names, but attend.
    private static bool IsTaesd(TensorNames names) =>
        (names.Contains("decoder.layers.") && (names.Contains("encoder.layers.") || names.Contains(".conv.0.weight")) && !names.Contains("attn"))
        // The tiny autoencoders for video (TAEHV), which serve Wan and Qwen-Image.
        || (names.Has("decoder.1.weight") && names.Contains("decoder.3.conv.0."));

    private static bool IsVae(TensorNames names) =>
        (names.Has("decoder.conv_in.weight") && (names.Contains("decoder.mid.") || names.Contains("decoder.mid_block.")))
        || (names.Has("decoder.conv1.weight") && names.Contains("decoder.middle."));

    private static bool IsTextEncoder(TensorNames names) =>
        names.Contains("text_model.encoder.layers.0.")
        || names.Contains("transformer.resblocks.0.")
        || names.Contains("encoder.block.0.layer.0.SelfAttention.")
        || names.Contains("blk.0.attn_q.")
        || names.Contains("blk.0.attn_qkv.")
        || names.Contains("layers.0.self_attn.q_proj.")
        || names.Contains("visual.blocks.0.attn.");

    private static bool IsEmbedding(TensorNames names) =>
        names.Tensors.Count <= 8
        && (names.Has("emb_params") || names.Has("clip_l") || names.Has("clip_g") || names.StartsWith("string_to_param.") || names.Has("t5xxl"));
}
