// The engine as the bridge sees it: a table of its functions, filled by the provider that CMake compiled in.
#pragma once

#include "engine_types.hpp"

#include <string>

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

struct engine_api {
#define SDCPP_DECLARE(name) decltype(&::name) name = nullptr;
    SDCPP_REQUIRED_FUNCTIONS(SDCPP_DECLARE)
#undef SDCPP_DECLARE

    // What only some engines have; null when this one lacks it.
    bool (*set_abort_callback)(bool (*)(void*), void*) = nullptr;
    size_t (*list_devices)(char*, size_t) = nullptr;
    const char* (*model_version_name)(const sd_ctx_t*) = nullptr;
    void* (*backend_load)(const char*) = nullptr;
    void (*set_preview_callback)(void (*)(int, int, sd_image_t*, bool, void*), int, int, bool, bool, void*) = nullptr;
    sd_hires_upscaler_t (*str_to_hires_upscaler)(const char*) = nullptr;
    const char* (*hires_upscaler_name)(sd_hires_upscaler_t) = nullptr;
    bool (*convert)(const char*, const char*, const char*, sd_type_t, const char*, bool) = nullptr;
    void* (*device_by_name)(const char*) = nullptr;
    void (*device_memory)(void*, size_t*, size_t*) = nullptr;
    void (*ggml_set_abort_callback)(void (*)(const char*)) = nullptr;

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
