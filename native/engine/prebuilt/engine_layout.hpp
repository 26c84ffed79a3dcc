// Written by native/tools/EngineUpgrade with engine_abi.hpp: where @qvac/diffusion-cpp 0.25.0 has each field.
#pragma once

#include "engine_abi.hpp"

#define SDCPP_AT(type, field, at, bytes) \
    static_assert(offsetof(type, field) == (at) && sizeof(type::field) == (bytes), #type "." #field " is not where the engine has it: see engine.layout.json")
#define SDCPP_SIZE(type, bytes) static_assert(sizeof(type) == (bytes), #type " has not the size that it has in the engine: see engine.layout.json")

SDCPP_AT(sd_image_t, width, 0, 4);
SDCPP_AT(sd_image_t, height, 4, 4);
SDCPP_AT(sd_image_t, channel, 8, 4);
SDCPP_AT(sd_image_t, data, 16, 8);
SDCPP_SIZE(sd_image_t, 24);

SDCPP_AT(sd_slg_params_t, layers, 0, 8);
SDCPP_AT(sd_slg_params_t, layer_count, 8, 8);
SDCPP_AT(sd_slg_params_t, layer_start, 16, 4);
SDCPP_AT(sd_slg_params_t, layer_end, 20, 4);
SDCPP_AT(sd_slg_params_t, scale, 24, 4);
SDCPP_SIZE(sd_slg_params_t, 32);

SDCPP_AT(sd_guidance_params_t, txt_cfg, 0, 4);
SDCPP_AT(sd_guidance_params_t, img_cfg, 4, 4);
SDCPP_AT(sd_guidance_params_t, distilled_guidance, 8, 4);
SDCPP_AT(sd_guidance_params_t, slg, 16, 32);
SDCPP_SIZE(sd_guidance_params_t, 48);

SDCPP_AT(sd_sample_params_t, guidance, 0, 48);
SDCPP_AT(sd_sample_params_t, scheduler, 48, 4);
SDCPP_AT(sd_sample_params_t, sample_method, 52, 4);
SDCPP_AT(sd_sample_params_t, sample_steps, 56, 4);
SDCPP_AT(sd_sample_params_t, eta, 60, 4);
SDCPP_AT(sd_sample_params_t, shifted_timestep, 64, 4);
SDCPP_AT(sd_sample_params_t, custom_sigmas, 72, 8);
SDCPP_AT(sd_sample_params_t, custom_sigmas_count, 80, 4);
SDCPP_AT(sd_sample_params_t, flow_shift, 84, 4);
SDCPP_AT(sd_sample_params_t, extra_sample_args, 88, 8);
SDCPP_SIZE(sd_sample_params_t, 96);

SDCPP_AT(sd_tiling_params_t, enabled, 0, 1);
SDCPP_AT(sd_tiling_params_t, temporal_tiling, 1, 1);
SDCPP_AT(sd_tiling_params_t, tile_size_x, 4, 4);
SDCPP_AT(sd_tiling_params_t, tile_size_y, 8, 4);
SDCPP_AT(sd_tiling_params_t, target_overlap, 12, 4);
SDCPP_AT(sd_tiling_params_t, rel_size_x, 16, 4);
SDCPP_AT(sd_tiling_params_t, rel_size_y, 20, 4);
SDCPP_AT(sd_tiling_params_t, extra_tiling_args, 24, 8);
SDCPP_SIZE(sd_tiling_params_t, 32);

SDCPP_AT(sd_pm_params_t, id_images, 0, 8);
SDCPP_AT(sd_pm_params_t, id_images_count, 8, 4);
SDCPP_AT(sd_pm_params_t, id_embed_path, 16, 8);
SDCPP_AT(sd_pm_params_t, style_strength, 24, 4);
SDCPP_SIZE(sd_pm_params_t, 32);

SDCPP_AT(sd_pulid_params_t, id_embedding_path, 0, 8);
SDCPP_AT(sd_pulid_params_t, id_weight, 8, 4);
SDCPP_SIZE(sd_pulid_params_t, 16);

SDCPP_AT(sd_cache_params_t, mode, 0, 4);
SDCPP_AT(sd_cache_params_t, reuse_threshold, 4, 4);
SDCPP_AT(sd_cache_params_t, start_percent, 8, 4);
SDCPP_AT(sd_cache_params_t, end_percent, 12, 4);
SDCPP_AT(sd_cache_params_t, error_decay_rate, 16, 4);
SDCPP_AT(sd_cache_params_t, use_relative_threshold, 20, 1);
SDCPP_AT(sd_cache_params_t, reset_error_on_compute, 21, 1);
SDCPP_AT(sd_cache_params_t, Fn_compute_blocks, 24, 4);
SDCPP_AT(sd_cache_params_t, Bn_compute_blocks, 28, 4);
SDCPP_AT(sd_cache_params_t, residual_diff_threshold, 32, 4);
SDCPP_AT(sd_cache_params_t, max_warmup_steps, 36, 4);
SDCPP_AT(sd_cache_params_t, max_cached_steps, 40, 4);
SDCPP_AT(sd_cache_params_t, max_continuous_cached_steps, 44, 4);
SDCPP_AT(sd_cache_params_t, taylorseer_n_derivatives, 48, 4);
SDCPP_AT(sd_cache_params_t, taylorseer_skip_interval, 52, 4);
SDCPP_AT(sd_cache_params_t, scm_mask, 56, 8);
SDCPP_AT(sd_cache_params_t, scm_policy_dynamic, 64, 1);
SDCPP_AT(sd_cache_params_t, spectrum_w, 68, 4);
SDCPP_AT(sd_cache_params_t, spectrum_m, 72, 4);
SDCPP_AT(sd_cache_params_t, spectrum_lam, 76, 4);
SDCPP_AT(sd_cache_params_t, spectrum_window_size, 80, 4);
SDCPP_AT(sd_cache_params_t, spectrum_flex_window, 84, 4);
SDCPP_AT(sd_cache_params_t, spectrum_warmup_steps, 88, 4);
SDCPP_AT(sd_cache_params_t, spectrum_stop_percent, 92, 4);
SDCPP_SIZE(sd_cache_params_t, 96);

SDCPP_AT(sd_hires_params_t, enabled, 0, 1);
SDCPP_AT(sd_hires_params_t, upscaler, 4, 4);
SDCPP_AT(sd_hires_params_t, model_path, 8, 8);
SDCPP_AT(sd_hires_params_t, scale, 16, 4);
SDCPP_AT(sd_hires_params_t, target_width, 20, 4);
SDCPP_AT(sd_hires_params_t, target_height, 24, 4);
SDCPP_AT(sd_hires_params_t, steps, 28, 4);
SDCPP_AT(sd_hires_params_t, denoising_strength, 32, 4);
SDCPP_AT(sd_hires_params_t, upscale_tile_size, 36, 4);
SDCPP_AT(sd_hires_params_t, custom_sigmas, 40, 8);
SDCPP_AT(sd_hires_params_t, custom_sigmas_count, 48, 4);
SDCPP_SIZE(sd_hires_params_t, 56);

SDCPP_AT(sd_lora_t, is_high_noise, 0, 1);
SDCPP_AT(sd_lora_t, multiplier, 4, 4);
SDCPP_AT(sd_lora_t, path, 8, 8);
SDCPP_SIZE(sd_lora_t, 16);

SDCPP_AT(sd_embedding_t, name, 0, 8);
SDCPP_AT(sd_embedding_t, path, 8, 8);
SDCPP_SIZE(sd_embedding_t, 16);

SDCPP_AT(sd_ctx_params_t, model_path, 0, 8);
SDCPP_AT(sd_ctx_params_t, clip_l_path, 8, 8);
SDCPP_AT(sd_ctx_params_t, clip_g_path, 16, 8);
SDCPP_AT(sd_ctx_params_t, clip_vision_path, 24, 8);
SDCPP_AT(sd_ctx_params_t, t5xxl_path, 32, 8);
SDCPP_AT(sd_ctx_params_t, llm_path, 40, 8);
SDCPP_AT(sd_ctx_params_t, llm_vision_path, 48, 8);
SDCPP_AT(sd_ctx_params_t, diffusion_model_path, 56, 8);
SDCPP_AT(sd_ctx_params_t, high_noise_diffusion_model_path, 64, 8);
SDCPP_AT(sd_ctx_params_t, uncond_diffusion_model_path, 72, 8);
SDCPP_AT(sd_ctx_params_t, embeddings_connectors_path, 80, 8);
SDCPP_AT(sd_ctx_params_t, vae_path, 88, 8);
SDCPP_AT(sd_ctx_params_t, audio_vae_path, 96, 8);
SDCPP_AT(sd_ctx_params_t, taesd_path, 104, 8);
SDCPP_AT(sd_ctx_params_t, control_net_path, 112, 8);
SDCPP_AT(sd_ctx_params_t, ip_adapter_path, 120, 8);
SDCPP_AT(sd_ctx_params_t, motion_module_path, 128, 8);
SDCPP_AT(sd_ctx_params_t, embeddings, 136, 8);
SDCPP_AT(sd_ctx_params_t, embedding_count, 144, 4);
SDCPP_AT(sd_ctx_params_t, photo_maker_path, 152, 8);
SDCPP_AT(sd_ctx_params_t, pulid_weights_path, 160, 8);
SDCPP_AT(sd_ctx_params_t, tensor_type_rules, 168, 8);
SDCPP_AT(sd_ctx_params_t, n_threads, 176, 4);
SDCPP_AT(sd_ctx_params_t, wtype, 180, 4);
SDCPP_AT(sd_ctx_params_t, rng_type, 184, 4);
SDCPP_AT(sd_ctx_params_t, sampler_rng_type, 188, 4);
SDCPP_AT(sd_ctx_params_t, prediction, 192, 4);
SDCPP_AT(sd_ctx_params_t, lora_apply_mode, 196, 4);
SDCPP_AT(sd_ctx_params_t, enable_mmap, 200, 1);
SDCPP_AT(sd_ctx_params_t, flash_attn, 201, 1);
SDCPP_AT(sd_ctx_params_t, diffusion_flash_attn, 202, 1);
SDCPP_AT(sd_ctx_params_t, tae_preview_only, 203, 1);
SDCPP_AT(sd_ctx_params_t, diffusion_conv_direct, 204, 1);
SDCPP_AT(sd_ctx_params_t, vae_conv_direct, 205, 1);
SDCPP_AT(sd_ctx_params_t, force_sdxl_vae_conv_scale, 206, 1);
SDCPP_AT(sd_ctx_params_t, vae_format, 208, 4);
SDCPP_AT(sd_ctx_params_t, max_vram, 216, 8);
SDCPP_AT(sd_ctx_params_t, stream_layers, 224, 1);
SDCPP_AT(sd_ctx_params_t, eager_load, 225, 1);
SDCPP_AT(sd_ctx_params_t, backend, 232, 8);
SDCPP_AT(sd_ctx_params_t, params_backend, 240, 8);
SDCPP_AT(sd_ctx_params_t, split_mode, 248, 8);
SDCPP_AT(sd_ctx_params_t, auto_fit, 256, 1);
SDCPP_AT(sd_ctx_params_t, rpc_servers, 264, 8);
SDCPP_AT(sd_ctx_params_t, model_args, 272, 8);
SDCPP_AT(sd_ctx_params_t, preferred_gpu_backend, 280, 4);
SDCPP_AT(sd_ctx_params_t, vae_auto_cpu_fallback, 284, 1);
SDCPP_AT(sd_ctx_params_t, vae_auto_cpu_fallback_memory_ratio, 288, 4);
SDCPP_SIZE(sd_ctx_params_t, 296);

SDCPP_AT(sd_img_gen_params_t, loras, 0, 8);
SDCPP_AT(sd_img_gen_params_t, lora_count, 8, 4);
SDCPP_AT(sd_img_gen_params_t, prompt, 16, 8);
SDCPP_AT(sd_img_gen_params_t, negative_prompt, 24, 8);
SDCPP_AT(sd_img_gen_params_t, clip_skip, 32, 4);
SDCPP_AT(sd_img_gen_params_t, init_image, 40, 24);
SDCPP_AT(sd_img_gen_params_t, ref_images, 64, 8);
SDCPP_AT(sd_img_gen_params_t, ref_images_count, 72, 4);
SDCPP_AT(sd_img_gen_params_t, ref_image_args, 80, 8);
SDCPP_AT(sd_img_gen_params_t, mask_image, 88, 24);
SDCPP_AT(sd_img_gen_params_t, width, 112, 4);
SDCPP_AT(sd_img_gen_params_t, height, 116, 4);
SDCPP_AT(sd_img_gen_params_t, sample_params, 120, 96);
SDCPP_AT(sd_img_gen_params_t, strength, 216, 4);
SDCPP_AT(sd_img_gen_params_t, seed, 224, 8);
SDCPP_AT(sd_img_gen_params_t, batch_count, 232, 4);
SDCPP_AT(sd_img_gen_params_t, control_image, 240, 24);
SDCPP_AT(sd_img_gen_params_t, control_strength, 264, 4);
SDCPP_AT(sd_img_gen_params_t, ip_adapter_image, 272, 24);
SDCPP_AT(sd_img_gen_params_t, ip_adapter_strength, 296, 4);
SDCPP_AT(sd_img_gen_params_t, pm_params, 304, 32);
SDCPP_AT(sd_img_gen_params_t, pulid_params, 336, 16);
SDCPP_AT(sd_img_gen_params_t, vae_tiling_params, 352, 32);
SDCPP_AT(sd_img_gen_params_t, cache, 384, 96);
SDCPP_AT(sd_img_gen_params_t, hires, 480, 56);
SDCPP_AT(sd_img_gen_params_t, qwen_image_layers, 536, 4);
SDCPP_AT(sd_img_gen_params_t, circular_x, 540, 1);
SDCPP_AT(sd_img_gen_params_t, circular_y, 541, 1);
SDCPP_SIZE(sd_img_gen_params_t, 544);

SDCPP_AT(sd_audio_t, sample_rate, 0, 4);
SDCPP_AT(sd_audio_t, channels, 4, 4);
SDCPP_AT(sd_audio_t, sample_count, 8, 8);
SDCPP_AT(sd_audio_t, data, 16, 8);
SDCPP_SIZE(sd_audio_t, 24);

SDCPP_AT(sd_ref_video_t, frames, 0, 8);
SDCPP_AT(sd_ref_video_t, frame_count, 8, 4);
SDCPP_AT(sd_ref_video_t, fps, 12, 4);
SDCPP_AT(sd_ref_video_t, audio, 16, 24);
SDCPP_SIZE(sd_ref_video_t, 40);

SDCPP_AT(sd_vid_gen_params_t, loras, 0, 8);
SDCPP_AT(sd_vid_gen_params_t, lora_count, 8, 4);
SDCPP_AT(sd_vid_gen_params_t, prompt, 16, 8);
SDCPP_AT(sd_vid_gen_params_t, negative_prompt, 24, 8);
SDCPP_AT(sd_vid_gen_params_t, clip_skip, 32, 4);
SDCPP_AT(sd_vid_gen_params_t, init_image, 40, 24);
SDCPP_AT(sd_vid_gen_params_t, end_image, 64, 24);
SDCPP_AT(sd_vid_gen_params_t, ref_images, 88, 8);
SDCPP_AT(sd_vid_gen_params_t, ref_images_count, 96, 4);
SDCPP_AT(sd_vid_gen_params_t, ref_videos, 104, 8);
SDCPP_AT(sd_vid_gen_params_t, ref_videos_count, 112, 4);
SDCPP_AT(sd_vid_gen_params_t, ref_audios, 120, 8);
SDCPP_AT(sd_vid_gen_params_t, ref_audios_count, 128, 4);
SDCPP_AT(sd_vid_gen_params_t, control_frames, 136, 8);
SDCPP_AT(sd_vid_gen_params_t, control_frames_size, 144, 4);
SDCPP_AT(sd_vid_gen_params_t, width, 148, 4);
SDCPP_AT(sd_vid_gen_params_t, height, 152, 4);
SDCPP_AT(sd_vid_gen_params_t, sample_params, 160, 96);
SDCPP_AT(sd_vid_gen_params_t, high_noise_sample_params, 256, 96);
SDCPP_AT(sd_vid_gen_params_t, moe_boundary, 352, 4);
SDCPP_AT(sd_vid_gen_params_t, strength, 356, 4);
SDCPP_AT(sd_vid_gen_params_t, seed, 360, 8);
SDCPP_AT(sd_vid_gen_params_t, video_frames, 368, 4);
SDCPP_AT(sd_vid_gen_params_t, fps, 372, 4);
SDCPP_AT(sd_vid_gen_params_t, vace_strength, 376, 4);
SDCPP_AT(sd_vid_gen_params_t, vae_tiling_params, 384, 32);
SDCPP_AT(sd_vid_gen_params_t, cache, 416, 96);
SDCPP_AT(sd_vid_gen_params_t, hires, 512, 56);
SDCPP_AT(sd_vid_gen_params_t, circular_x, 568, 1);
SDCPP_AT(sd_vid_gen_params_t, circular_y, 569, 1);
SDCPP_AT(sd_vid_gen_params_t, reference_images, 576, 8);
SDCPP_AT(sd_vid_gen_params_t, reference_images_count, 584, 4);
SDCPP_AT(sd_vid_gen_params_t, reference_attention_strength, 588, 4);
SDCPP_AT(sd_vid_gen_params_t, reference_downscale_factor, 592, 4);
SDCPP_SIZE(sd_vid_gen_params_t, 600);

#undef SDCPP_AT
#undef SDCPP_SIZE
