// The engine as the bridge sees it: a table of its functions, filled by the provider that CMake compiled in.
#pragma once

#include "engine_types.hpp"

#include <string>
#include <type_traits>

namespace sdcpp {

// Functions that every supported engine has.
#define SDCPP_REQUIRED_FUNCTIONS(X)                                                                                                      \
    X(sd_ctx_params_init)                                                                                                                \
    X(sd_img_gen_params_init)                                                                                                            \
    X(new_sd_ctx)                                                                                                                        \
    X(free_sd_ctx)                                                                                                                       \
    X(generate_image)                                                                                                                    \
    X(free_sd_images)                                                                                                                    \
    X(sd_cancel_generation)                                                                                                              \
    X(new_upscaler_ctx)                                                                                                                  \
    X(free_upscaler_ctx)                                                                                                                 \
    X(upscale)                                                                                                                           \
    X(get_upscale_factor)                                                                                                                \
    X(sd_set_log_callback)                                                                                                               \
    X(sd_set_progress_callback)                                                                                                          \
    X(sd_get_num_physical_cores)                                                                                                         \
    X(sd_get_system_info)                                                                                                                \
    X(sd_get_default_sample_method)                                                                                                      \
    X(sd_get_default_scheduler)                                                                                                          \
    X(sd_sample_method_name)                                                                                                             \
    X(str_to_sample_method)                                                                                                              \
    X(sd_scheduler_name)                                                                                                                 \
    X(str_to_scheduler)                                                                                                                  \
    X(str_to_sd_type)                                                                                                                    \
    X(str_to_rng_type)                                                                                                                   \
    X(str_to_prediction)                                                                                                                 \
    X(str_to_lora_apply_mode)

// What only some engines have: the name here, the engine's name, and the type.
#define SDCPP_OPTIONAL_FUNCTIONS(X)                                                                                                       \
    X(set_abort_callback, "sd_set_abort_callback", bool (*)(bool (*)(void*), void*))                                                      \
    X(list_devices, "sd_list_devices", size_t (*)(char*, size_t))                                                                         \
    X(model_version_name, "sd_get_model_version_name", const char* (*)(const sd_ctx_t*))                                                  \
    X(backend_load, "ggml_backend_load", void* (*)(const char*))                                                                          \
    X(set_preview_callback, "sd_set_preview_callback", void (*)(void (*)(int, int, sd_image_t*, bool, void*), int, int, bool, bool, void*)) \
    X(str_to_hires_upscaler, "str_to_sd_hires_upscaler", sd_hires_upscaler_t (*)(const char*))                                            \
    X(hires_upscaler_name, "sd_hires_upscaler_name", const char* (*)(sd_hires_upscaler_t))                                                \
    X(convert, "convert", bool (*)(const char*, const char*, const char*, sd_type_t, const char*, bool))                                  \
    X(device_by_name, "ggml_backend_dev_by_name", void* (*)(const char*))                                                                 \
    X(device_memory, "ggml_backend_dev_memory", void (*)(void*, size_t*, size_t*))                                                        \
    X(ggml_set_abort_callback, "ggml_set_abort_callback", void (*)(void (*)(const char*)))                                                \
    X(load_control_net, "sd_ctx_load_control_net", bool (*)(sd_ctx_t*, const char*))                                                      \
    X(unload_control_net, "sd_ctx_unload_control_net", bool (*)(sd_ctx_t*))                                                               \
    X(preprocess_canny, "preprocess_canny", bool (*)(sd_image_t, float, float, float, float, bool))                                       \
    X(fit_params, "sd_fit_params", int (*)(const sd_ctx_params_t*, const void*, void*))                                                   \
    X(fit_workload_init, "sd_fit_workload_init", void (*)(void*))                                                                         \
    X(fit_result_free, "sd_fit_result_free", void (*)(void*))                                                                             \
    X(generate_video, "generate_video", decltype(::generate_video))                                                                       \
    X(vid_gen_params_init, "sd_vid_gen_params_init", void (*)(sd_vid_gen_params_t*))                                                      \
    X(free_audio, "free_sd_audio", void (*)(sd_audio_t*))                                                                                 \
    X(effective_video_fps, "sd_get_effective_video_fps", int (*)(const sd_ctx_t*, const sd_vid_gen_params_t*))                            \
    X(supports_images, "sd_ctx_supports_image_generation", bool (*)(const sd_ctx_t*))                                                     \
    X(supports_videos, "sd_ctx_supports_video_generation", bool (*)(const sd_ctx_t*))                                                     \
    X(sample_params_init, "sd_sample_params_init", void (*)(sd_sample_params_t*))                                                         \
    X(cache_params_init, "sd_cache_params_init", void (*)(sd_cache_params_t*))                                                            \
    X(hires_params_init, "sd_hires_params_init", void (*)(sd_hires_params_t*))

struct engine_api {
#define SDCPP_DECLARE(name) decltype(&::name) name = nullptr;
    SDCPP_REQUIRED_FUNCTIONS(SDCPP_DECLARE)
#undef SDCPP_DECLARE

    // Null when this engine lacks it.
#define SDCPP_DECLARE(member, name, ...) std::add_pointer_t<std::remove_pointer_t<__VA_ARGS__>> member = nullptr;
    SDCPP_OPTIONAL_FUNCTIONS(SDCPP_DECLARE)
#undef SDCPP_DECLARE

    std::string provider;
    std::string version;
    std::string commit;
};

// Fills the table, or throws `failure` with a reason. `engine_path` is null for "the one beside this library".
engine_api load_engine(const char* engine_path);

// The loaded engine; throws `failure` when there is none.
const engine_api& engine();
bool engine_is_loaded() noexcept;

} // namespace sdcpp
