/*
 * What the bridge uses of the engine's own header at commit 3f8527a, written down from its documented layout: the stand-in for an
 * engine that cannot be downloaded where SdStudio is developed. Not a copy of that header, and not complete.
 */
#ifndef STANDIN_STABLE_DIFFUSION_H
#define STANDIN_STABLE_DIFFUSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32) && !defined(SD_BUILD_SHARED_LIB)
#  define SD_API
#elif defined(_WIN32) && defined(SD_BUILD_DLL)
#  define SD_API __declspec(dllexport)
#elif defined(_WIN32)
#  define SD_API __declspec(dllimport)
#else
#  define SD_API __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

enum rng_type_t { STD_DEFAULT_RNG, CUDA_RNG, CPU_RNG, RNG_TYPE_COUNT };
enum sample_method_t { EULER_SAMPLE_METHOD, EULER_A_SAMPLE_METHOD, HEUN_SAMPLE_METHOD, LCM_SAMPLE_METHOD, SAMPLE_METHOD_COUNT };
enum scheduler_t { DISCRETE_SCHEDULER, KARRAS_SCHEDULER, SIMPLE_SCHEDULER, SCHEDULER_COUNT };
enum prediction_t { EPS_PRED, V_PRED, FLUX_FLOW_PRED, PREDICTION_COUNT };
enum sd_type_t { SD_TYPE_F32 = 0, SD_TYPE_F16 = 1, SD_TYPE_Q8_0 = 8, SD_TYPE_COUNT = 42 };
enum sd_log_level_t { SD_LOG_DEBUG, SD_LOG_INFO, SD_LOG_WARN, SD_LOG_ERROR };
enum lora_apply_mode_t { LORA_APPLY_AUTO, LORA_APPLY_IMMEDIATELY, LORA_APPLY_AT_RUNTIME, LORA_APPLY_MODE_COUNT };
enum sd_cancel_mode_t { SD_CANCEL_ALL, SD_CANCEL_NEW_LATENTS, SD_CANCEL_RESET };
enum sd_vae_format_t { SD_VAE_FORMAT_AUTO = -1, SD_VAE_FORMAT_FLUX, SD_VAE_FORMAT_SD3, SD_VAE_FORMAT_FLUX2, SD_VAE_FORMAT_WAN };
enum sd_cache_mode_t { SD_CACHE_DISABLED, SD_CACHE_EASYCACHE };
enum sd_hires_upscaler_t { SD_HIRES_UPSCALER_NONE, SD_HIRES_UPSCALER_LATENT, SD_HIRES_UPSCALER_LANCZOS, SD_HIRES_UPSCALER_MODEL, SD_HIRES_UPSCALER_COUNT };

typedef struct sd_ctx_t sd_ctx_t;
typedef struct upscaler_ctx_t upscaler_ctx_t;

typedef struct {
    uint32_t width;
    uint32_t height;
    uint32_t channel;
    uint8_t* data;
} sd_image_t;

typedef struct {
    int* layers;
    size_t layer_count;
    float layer_start, layer_end, scale;
} sd_slg_params_t;

typedef struct {
    float txt_cfg, img_cfg, distilled_guidance;
    sd_slg_params_t slg;
} sd_guidance_params_t;

typedef struct {
    sd_guidance_params_t guidance;
    enum scheduler_t scheduler;
    enum sample_method_t sample_method;
    int sample_steps;
    float eta;
    int shifted_timestep;
    float* custom_sigmas;
    int custom_sigmas_count;
    float flow_shift;
    const char* extra_sample_args;
} sd_sample_params_t;

typedef struct {
    bool enabled, temporal_tiling;
    int tile_size_x, tile_size_y;
    float target_overlap, rel_size_x, rel_size_y;
    const char* extra_tiling_args;
} sd_tiling_params_t;

typedef struct {
    sd_image_t* id_images;
    int id_images_count;
    const char* id_embed_path;
    float style_strength;
} sd_pm_params_t;

typedef struct {
    const char* id_embedding_path;
    float id_weight;
} sd_pulid_params_t;

typedef struct {
    enum sd_cache_mode_t mode;
    float reuse_threshold, start_percent, end_percent, error_decay_rate;
    bool use_relative_threshold, reset_error_on_compute;
    int Fn_compute_blocks, Bn_compute_blocks;
    float residual_diff_threshold;
    int max_warmup_steps, max_cached_steps, max_continuous_cached_steps, taylorseer_n_derivatives, taylorseer_skip_interval;
    const char* scm_mask;
    bool scm_policy_dynamic;
    float spectrum_w;
    int spectrum_m;
    float spectrum_lam;
    int spectrum_window_size;
    float spectrum_flex_window;
    int spectrum_warmup_steps;
    float spectrum_stop_percent;
} sd_cache_params_t;

typedef struct {
    bool enabled;
    enum sd_hires_upscaler_t upscaler;
    const char* model_path;
    float scale;
    int target_width, target_height, steps;
    float denoising_strength;
    int upscale_tile_size;
    float* custom_sigmas;
    int custom_sigmas_count;
} sd_hires_params_t;

typedef struct {
    bool is_high_noise;
    float multiplier;
    const char* path;
} sd_lora_t;

typedef struct {
    const char* name;
    const char* path;
} sd_embedding_t;

typedef struct {
    const char *model_path, *clip_l_path, *clip_g_path, *clip_vision_path, *t5xxl_path, *llm_path, *llm_vision_path;
    const char *diffusion_model_path, *high_noise_diffusion_model_path, *uncond_diffusion_model_path, *embeddings_connectors_path;
    const char *vae_path, *audio_vae_path, *audio_encoder_path, *taesd_path, *control_net_path, *ip_adapter_path, *motion_module_path;
    const sd_embedding_t* embeddings;
    uint32_t embedding_count;
    const char *photo_maker_path, *pulid_weights_path, *tensor_type_rules;
    int n_threads;
    enum sd_type_t wtype;
    enum rng_type_t rng_type, sampler_rng_type;
    enum prediction_t prediction;
    enum lora_apply_mode_t lora_apply_mode;
    bool enable_mmap, flash_attn, diffusion_flash_attn, tae_preview_only, diffusion_conv_direct, vae_conv_direct, force_sdxl_vae_conv_scale;
    enum sd_vae_format_t vae_format;
    const char* max_vram;
    bool disable_prefetch, eager_load;
    const char *backend, *params_backend, *split_mode;
    bool auto_fit;
    const char *rpc_servers, *model_args;
    bool disable_segmented_compute;
    float linear_scale, attn_scale;
    const char* tokenizer;
    bool sage_attn;
    int conditioning_cache_size;
} sd_ctx_params_t;

typedef struct {
    const sd_lora_t* loras;
    uint32_t lora_count;
    const char *prompt, *negative_prompt;
    int clip_skip;
    sd_image_t init_image;
    sd_image_t* ref_images;
    int ref_images_count;
    const char* ref_image_args;
    sd_image_t mask_image;
    int width, height;
    sd_sample_params_t sample_params;
    float strength;
    int64_t seed;
    int batch_count;
    sd_image_t control_image;
    float control_strength;
    sd_image_t ip_adapter_image;
    float ip_adapter_strength;
    sd_pm_params_t pm_params;
    sd_pulid_params_t pulid_params;
    sd_tiling_params_t vae_tiling_params;
    sd_cache_params_t cache;
    sd_hires_params_t hires;
    int qwen_image_layers;
    bool circular_x, circular_y;
    const char* image_preprocess;
} sd_img_gen_params_t;

typedef struct {
    uint32_t sample_rate, channels;
    uint64_t sample_count;
    float* data;
} sd_audio_t;

typedef struct {
    sd_image_t* frames;
    int frame_count, fps;
    sd_audio_t audio;
} sd_ref_video_t;

typedef struct {
    const sd_lora_t* loras;
    uint32_t lora_count;
    const char *prompt, *negative_prompt;
    int clip_skip;
    sd_image_t init_image, end_image;
    sd_image_t* ref_images;
    int ref_images_count;
    sd_ref_video_t* ref_videos;
    int ref_videos_count;
    sd_audio_t* ref_audios;
    int ref_audios_count;
    sd_image_t* control_frames;
    int control_frames_size;
    int width, height;
    sd_sample_params_t sample_params, high_noise_sample_params;
    float moe_boundary, strength;
    int64_t seed;
    int video_frames, fps;
    float vace_strength;
    sd_tiling_params_t vae_tiling_params;
    sd_cache_params_t cache;
    sd_hires_params_t hires;
    bool circular_x, circular_y;
    const char* image_preprocess;
} sd_vid_gen_params_t;

typedef void (*sd_log_cb_t)(enum sd_log_level_t level, const char* text, void* data);
typedef void (*sd_progress_cb_t)(int step, int steps, float time, void* data);

SD_API void sd_ctx_params_init(sd_ctx_params_t* params);
SD_API void sd_img_gen_params_init(sd_img_gen_params_t* params);
SD_API char* sd_ctx_params_to_str(const sd_ctx_params_t* params);
SD_API char* sd_img_gen_params_to_str(const sd_img_gen_params_t* params);
SD_API sd_ctx_t* new_sd_ctx(const sd_ctx_params_t* params);
SD_API void free_sd_ctx(sd_ctx_t* context);
SD_API bool generate_image(sd_ctx_t* context, const sd_img_gen_params_t* params, sd_image_t** images_out, int* num_images_out);
SD_API void free_sd_images(sd_image_t* images, int count);
SD_API void sd_sample_params_init(sd_sample_params_t* params);
SD_API void sd_vid_gen_params_init(sd_vid_gen_params_t* params);
SD_API bool generate_video(sd_ctx_t* context, const sd_vid_gen_params_t* params, sd_image_t** frames_out, int* num_frames_out, sd_audio_t** audio_out);
SD_API void free_sd_audio(sd_audio_t* audio);
SD_API bool sd_ctx_supports_image_generation(const sd_ctx_t* context);
SD_API bool sd_ctx_supports_video_generation(const sd_ctx_t* context);
SD_API void sd_cancel_generation(sd_ctx_t* context, enum sd_cancel_mode_t mode);
SD_API upscaler_ctx_t* new_upscaler_ctx(const char* path, bool direct, int n_threads, int tile_size, const char* backend,
                                        const char* params_backend);
SD_API void free_upscaler_ctx(upscaler_ctx_t* context);
SD_API bool upscale(upscaler_ctx_t* context, sd_image_t input, uint32_t factor, sd_image_t** images_out, int* num_images_out);
SD_API bool convert(const char* input_path, const char* vae_path, const char* output_path, sd_type_t output_type, const char* tensor_type_rules,
                    bool convert_name);
SD_API int get_upscale_factor(upscaler_ctx_t* context);
SD_API void sd_set_log_callback(sd_log_cb_t callback, void* data);
SD_API void sd_set_progress_callback(sd_progress_cb_t callback, void* data);
SD_API size_t sd_list_devices(char* buffer, size_t size);
SD_API int32_t sd_get_num_physical_cores(void);
SD_API const char* sd_get_system_info(void);
SD_API const char* sd_commit(void);
SD_API const char* sd_version(void);
SD_API const char* sd_get_model_version_name(const sd_ctx_t* context);
SD_API enum sample_method_t sd_get_default_sample_method(const sd_ctx_t* context);
SD_API enum scheduler_t sd_get_default_scheduler(const sd_ctx_t* context, enum sample_method_t method);
SD_API const char* sd_sample_method_name(enum sample_method_t method);
SD_API enum sample_method_t str_to_sample_method(const char* name);
SD_API const char* sd_scheduler_name(enum scheduler_t scheduler);
SD_API enum scheduler_t str_to_scheduler(const char* name);
SD_API enum sd_type_t str_to_sd_type(const char* name);
SD_API enum rng_type_t str_to_rng_type(const char* name);
SD_API enum prediction_t str_to_prediction(const char* name);
SD_API enum lora_apply_mode_t str_to_lora_apply_mode(const char* name);
SD_API const char* sd_hires_upscaler_name(enum sd_hires_upscaler_t upscaler);
SD_API enum sd_hires_upscaler_t str_to_sd_hires_upscaler(const char* name);

#ifdef __cplusplus
}
#endif

#endif
