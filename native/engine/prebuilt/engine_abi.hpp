// Written by native/tools/EngineUpgrade from engine.layout.json; ./build.sh engine --version X derives that from the engine itself.
// The binary interface of @qvac/diffusion-cpp 0.25.0, which ships no header. Type, field and function names are the engine's, so that the bridge
// compiles unchanged against an engine's own stable-diffusion.h.
#pragma once

#include <cstddef>
#include <cstdint>

extern "C" {

enum rng_type_t : int { STD_DEFAULT_RNG, CUDA_RNG, CPU_RNG, RNG_TYPE_COUNT = 3 };
enum sample_method_t : int { EULER_SAMPLE_METHOD, SAMPLE_METHOD_COUNT = 21 };
enum scheduler_t : int { DISCRETE_SCHEDULER, SCHEDULER_COUNT = 16 };
enum prediction_t : int { EPS_PRED, PREDICTION_COUNT = 7 };
enum sd_type_t : int { SD_TYPE_F32, SD_TYPE_COUNT = 42 };
enum sd_log_level_t : int { SD_LOG_DEBUG, SD_LOG_INFO, SD_LOG_WARN, SD_LOG_ERROR };
enum lora_apply_mode_t : int { LORA_APPLY_AUTO, LORA_APPLY_IMMEDIATELY, LORA_APPLY_AT_RUNTIME, LORA_APPLY_MODE_COUNT = 3 };
enum sd_cancel_mode_t : int { SD_CANCEL_ALL, SD_CANCEL_NEW_LATENTS, SD_CANCEL_RESET };
enum sd_vae_format_t : int { SD_VAE_FORMAT_AUTO = -1 };
enum sd_cache_mode_t : int { SD_CACHE_DISABLED, SD_CACHE_SPECTRUM = 6 };
enum sd_hires_upscaler_t : int { SD_HIRES_UPSCALER_NONE, SD_HIRES_UPSCALER_COUNT = 10 };
enum preview_t : int { PREVIEW_NONE, PREVIEW_PROJ, PREVIEW_TAE, PREVIEW_VAE, PREVIEW_COUNT = 4 };

struct sd_ctx_t;
struct upscaler_ctx_t;

struct sd_image_t {
    uint32_t width;
    uint32_t height;
    uint32_t channel;
    uint8_t* data;
};

struct sd_slg_params_t {
    int* layers;
    size_t layer_count;
    float layer_start;
    float layer_end;
    float scale;
};

struct sd_guidance_params_t {
    float txt_cfg;
    float img_cfg;
    float distilled_guidance;
    sd_slg_params_t slg;
};

struct sd_sample_params_t {
    sd_guidance_params_t guidance;
    scheduler_t scheduler;
    sample_method_t sample_method;
    int sample_steps;
    float eta;
    int shifted_timestep;
    float* custom_sigmas;
    int custom_sigmas_count;
    float flow_shift;
    const char* extra_sample_args;
};

struct sd_tiling_params_t {
    bool enabled;
    bool temporal_tiling;
    int tile_size_x;
    int tile_size_y;
    float target_overlap;
    float rel_size_x;
    float rel_size_y;
    const char* extra_tiling_args;
};

struct sd_pm_params_t {
    sd_image_t* id_images;
    int id_images_count;
    const char* id_embed_path;
    float style_strength;
};

struct sd_pulid_params_t {
    const char* id_embedding_path;
    float id_weight;
};

struct sd_cache_params_t {
    sd_cache_mode_t mode;
    float reuse_threshold;
    float start_percent;
    float end_percent;
    float error_decay_rate;
    bool use_relative_threshold;
    bool reset_error_on_compute;
    int Fn_compute_blocks;
    int Bn_compute_blocks;
    float residual_diff_threshold;
    int max_warmup_steps;
    int max_cached_steps;
    int max_continuous_cached_steps;
    int taylorseer_n_derivatives;
    int taylorseer_skip_interval;
    const char* scm_mask;
    bool scm_policy_dynamic;
    float spectrum_w;
    int spectrum_m;
    float spectrum_lam;
    int spectrum_window_size;
    float spectrum_flex_window;
    int spectrum_warmup_steps;
    float spectrum_stop_percent;
};

struct sd_hires_params_t {
    bool enabled;
    sd_hires_upscaler_t upscaler;
    const char* model_path;
    float scale;
    int target_width;
    int target_height;
    int steps;
    float denoising_strength;
    int upscale_tile_size;
    float* custom_sigmas;
    int custom_sigmas_count;
};

struct sd_lora_t {
    bool is_high_noise;
    float multiplier;
    const char* path;
};

struct sd_embedding_t {
    const char* name;
    const char* path;
};

struct sd_ctx_params_t {
    const char* model_path;
    const char* clip_l_path;
    const char* clip_g_path;
    const char* clip_vision_path;
    const char* t5xxl_path;
    const char* llm_path;
    const char* llm_vision_path;
    const char* diffusion_model_path;
    const char* high_noise_diffusion_model_path;
    const char* uncond_diffusion_model_path;
    const char* embeddings_connectors_path;
    const char* vae_path;
    const char* audio_vae_path;
    const char* taesd_path;
    const char* control_net_path;
    const char* ip_adapter_path;
    const char* motion_module_path;
    const sd_embedding_t* embeddings;
    uint32_t embedding_count;
    const char* photo_maker_path;
    const char* pulid_weights_path;
    const char* tensor_type_rules;
    int n_threads;
    sd_type_t wtype;
    rng_type_t rng_type;
    rng_type_t sampler_rng_type;
    prediction_t prediction;
    lora_apply_mode_t lora_apply_mode;
    bool enable_mmap;
    bool flash_attn;
    bool diffusion_flash_attn;
    bool tae_preview_only;
    bool diffusion_conv_direct;
    bool vae_conv_direct;
    bool force_sdxl_vae_conv_scale;
    sd_vae_format_t vae_format;
    const char* max_vram;
    bool stream_layers;
    bool eager_load;
    const char* backend;
    const char* params_backend;
    const char* split_mode;
    bool auto_fit;
    const char* rpc_servers;
    const char* model_args;
    int preferred_gpu_backend;
    bool vae_auto_cpu_fallback;
    float vae_auto_cpu_fallback_memory_ratio;
};

struct sd_img_gen_params_t {
    const sd_lora_t* loras;
    uint32_t lora_count;
    const char* prompt;
    const char* negative_prompt;
    int clip_skip;
    sd_image_t init_image;
    sd_image_t* ref_images;
    int ref_images_count;
    const char* ref_image_args;
    sd_image_t mask_image;
    int width;
    int height;
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
    bool circular_x;
    bool circular_y;
};

struct sd_audio_t {
    uint32_t sample_rate;
    uint32_t channels;
    uint64_t sample_count;
    float* data;
};

struct sd_ref_video_t {
    sd_image_t* frames;
    int frame_count;
    int fps;
    sd_audio_t audio;
};

struct sd_vid_gen_params_t {
    const sd_lora_t* loras;
    uint32_t lora_count;
    const char* prompt;
    const char* negative_prompt;
    int clip_skip;
    sd_image_t init_image;
    sd_image_t end_image;
    sd_image_t* ref_images;
    int ref_images_count;
    sd_ref_video_t* ref_videos;
    int ref_videos_count;
    sd_audio_t* ref_audios;
    int ref_audios_count;
    sd_image_t* control_frames;
    int control_frames_size;
    int width;
    int height;
    sd_sample_params_t sample_params;
    sd_sample_params_t high_noise_sample_params;
    float moe_boundary;
    float strength;
    int64_t seed;
    int video_frames;
    int fps;
    float vace_strength;
    sd_tiling_params_t vae_tiling_params;
    sd_cache_params_t cache;
    sd_hires_params_t hires;
    bool circular_x;
    bool circular_y;
    sd_image_t* reference_images;
    int reference_images_count;
    float reference_attention_strength;
    float reference_downscale_factor;
};

typedef void (*sd_log_cb_t)(sd_log_level_t level, const char* text, void* data);
typedef void (*sd_progress_cb_t)(int step, int steps, float time, void* data);
typedef bool (*sd_abort_cb_t)(void* data);

void sd_ctx_params_init(sd_ctx_params_t*);
char* sd_ctx_params_to_str(const sd_ctx_params_t*);
void sd_img_gen_params_init(sd_img_gen_params_t*);
char* sd_img_gen_params_to_str(const sd_img_gen_params_t*);
sd_ctx_t* new_sd_ctx(const sd_ctx_params_t*);
void free_sd_ctx(sd_ctx_t*);
bool generate_image(sd_ctx_t*, const sd_img_gen_params_t*, sd_image_t** images, int* count);
void free_sd_images(sd_image_t*, int count);
void sd_vid_gen_params_init(sd_vid_gen_params_t*);
bool generate_video(sd_ctx_t*, const sd_vid_gen_params_t*, sd_image_t** frames, int* count, sd_audio_t** audio);
void free_sd_audio(sd_audio_t*);
void sd_cancel_generation(sd_ctx_t*, sd_cancel_mode_t);
upscaler_ctx_t* new_upscaler_ctx(const char* path, bool direct, int n_threads, int tile_size, const char* backend, const char* params_backend);
void free_upscaler_ctx(upscaler_ctx_t*);
bool upscale(upscaler_ctx_t*, sd_image_t input, uint32_t factor, sd_image_t** images, int* count);
int get_upscale_factor(upscaler_ctx_t*);
void sd_set_log_callback(sd_log_cb_t, void*);
void sd_set_progress_callback(sd_progress_cb_t, void*);
void sd_set_abort_callback(sd_abort_cb_t, void*);
size_t sd_list_devices(char*, size_t);
int32_t sd_get_num_physical_cores();
const char* sd_get_system_info();
sample_method_t sd_get_default_sample_method(const sd_ctx_t*);
scheduler_t sd_get_default_scheduler(const sd_ctx_t*, sample_method_t);
const char* sd_sample_method_name(sample_method_t);
sample_method_t str_to_sample_method(const char*);
const char* sd_scheduler_name(scheduler_t);
scheduler_t str_to_scheduler(const char*);
sd_type_t str_to_sd_type(const char*);
rng_type_t str_to_rng_type(const char*);
prediction_t str_to_prediction(const char*);
lora_apply_mode_t str_to_lora_apply_mode(const char*);
sd_hires_upscaler_t str_to_sd_hires_upscaler(const char*);

} // extern "C"
