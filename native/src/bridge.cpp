// The exports of sdcpp.h: each puts up the exception wall and hands on.
#include "call_scope.hpp"
#include "checks.hpp"
#include "context.hpp"
#include "failure.hpp"
#include "fit.hpp"
#include "last_words.hpp"
#include "optional_functions.hpp"
#include "call_images.hpp"
#include "quiet_stdout.hpp"
#include "threads.hpp"
#include "upscaler.hpp"
#include "video.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <string>
#include <tuple>
#include <vector>

#if defined(__GLIBC__)
#include <malloc.h>
#endif

namespace sdcpp {
namespace {

// glibc keeps what was freed for the thread that freed it; a model's worth of it belongs to everybody.
void return_memory() noexcept {
#if defined(__GLIBC__)
    ::malloc_trim(0);
#endif
}

std::mutex load_mutex;
std::unique_ptr<engine_api> loaded;
std::atomic<const engine_api*> current{nullptr};

// Of a struct that may come from an older caller: what it has, the rest zero.
template <typename T>
T copy_of(const T* from) {
    T copy{};
    std::memcpy(&copy, from, std::min<size_t>(from->size, sizeof copy));
    return copy;
}

template <typename T>
void give(T* to, T value) {
    value.size = to->size;
    std::memcpy(to, &value, std::min<size_t>(to->size, sizeof value));
}

template <typename T>
void need(const char* what, const T* pointer, size_t first_version) {
    checks::struct_size(what, pointer, pointer != nullptr ? pointer->size : 0, first_version);
}

template <typename T>
T& handle(const char* what, T* pointer) {
    if (pointer == nullptr) {
        refuse(std::string(what) + " is null");
    }
    return *pointer;
}

void load(const sdcpp_engine_params& params) {
    std::lock_guard<std::mutex> lock(load_mutex);
    if (loaded != nullptr) {
        return;
    }
#if !defined(_WIN32)
    // An engine that asserts would fork a debugger first, with every thread of the host stopped.
    ::setenv("GGML_NO_BACKTRACE", "1", 0);
#endif
    if (params.crash_file != nullptr) {
        last_words::open(params.crash_file);
    }
    auto api = std::make_unique<engine_api>(load_engine(params.engine_path));
    if (api->ggml_set_abort_callback != nullptr) {
        api->ggml_set_abort_callback([](const char* reason) { last_words::write(reason); });
    }
    if (params.backend_path != nullptr) {
        if (api->backend_load == nullptr) {
            throw failure(SDCPP_NOT_SUPPORTED, "this engine build cannot load backend plug-ins");
        }
        if (api->backend_load(params.backend_path) == nullptr) {
            throw failure(SDCPP_ENGINE_NOT_FOUND, std::string("the backend plug-in '") + params.backend_path + "' cannot be loaded");
        }
    }
    quiet_stdout(reinterpret_cast<const void*>(api->new_sd_ctx));
    loaded = std::move(api);
    current = loaded.get();
    call_scope::install_callbacks();
}

} // namespace

void set_error(sdcpp_error* error, sdcpp_status code, const char* message, const char* option) noexcept {
    if (error == nullptr || error->size < offsetof(sdcpp_error, message) + 1) {
        return;
    }
    error->code = code;
    if (error->size >= sizeof *error) {
        std::strncpy(error->option, option, sizeof error->option - 1);
        error->option[sizeof error->option - 1] = '\0';
    }
    const size_t capacity = std::min<size_t>(error->size - offsetof(sdcpp_error, message), sizeof error->message) - 1;
    size_t length = std::min(std::strlen(message), capacity);
    while (length < std::strlen(message) && length > 0 && (static_cast<unsigned char>(message[length]) & 0xC0) == 0x80) {
        --length; // not in the middle of a UTF-8 character
    }
    std::memcpy(error->message, message, length);
    error->message[length] = '\0';
}

const engine_api& engine() {
    const engine_api* api = current.load();
    if (api == nullptr) {
        throw failure(SDCPP_ENGINE_NOT_FOUND, "no engine is loaded: call sdcpp_engine_load first");
    }
    return *api;
}

bool engine_is_loaded() noexcept { return current.load() != nullptr; }

} // namespace sdcpp

using namespace sdcpp;

uint32_t sdcpp_abi_version(void) { return SDCPP_ABI_VERSION; }

int32_t sdcpp_engine_load(const sdcpp_engine_params* params, sdcpp_error* error) {
    return behind_wall(error, [&] {
        need("params", params, sizeof(sdcpp_engine_params));
        load(copy_of(params));
    });
}

int32_t sdcpp_engine_get_info(sdcpp_engine_info* info, sdcpp_error* error) {
    return behind_wall(error, [&] {
        need("info", info, sizeof(sdcpp_engine_info));
        sdcpp_engine_info value{};
        value.provider = engine().provider.c_str();
        value.version = engine().version.c_str();
        value.commit = engine().commit.c_str();
        value.system_info = engine().sd_get_system_info();
        give(info, value);
    });
}

size_t sdcpp_engine_devices(char* buffer, size_t capacity) {
    size_t needed = 0;
    behind_wall(nullptr, [&] {
        if (engine().list_devices != nullptr) {
            needed = engine().list_devices(nullptr, 0) + 1;
            if (buffer != nullptr && capacity > 0) {
                engine().list_devices(buffer, capacity);
                buffer[capacity - 1] = '\0';
            }
        }
    });
    return needed;
}

int32_t sdcpp_device_memory(const char* name, uint64_t* free_bytes, uint64_t* total_bytes) {
    int32_t told = 0;
    behind_wall(nullptr, [&] {
        if (name == nullptr || free_bytes == nullptr || total_bytes == nullptr || engine().device_by_name == nullptr || engine().device_memory == nullptr) {
            return;
        }
        void* device = engine().device_by_name(name);
        if (device == nullptr) {
            return;
        }
        size_t free_size = 0;
        size_t total_size = 0;
        engine().device_memory(device, &free_size, &total_size);
        *free_bytes = free_size;
        *total_bytes = total_size;
        told = 1;
    });
    return told;
}

int32_t sdcpp_available_threads(void) {
    int32_t threads = 1;
    behind_wall(nullptr, [&] { threads = available_threads(); });
    return threads;
}

int32_t sdcpp_limit_at(int32_t index, sdcpp_limit* limit, sdcpp_error* error) {
    return behind_wall(error, [&] {
        need("limit", limit, sizeof(sdcpp_limit));
        static const std::vector<option_limit> all = [] {
            std::vector<option_limit> list;
            for (const checks::limit* known = checks::limits(); known->name != nullptr; ++known) {
                list.push_back({known->name, static_cast<double>(known->low), static_cast<double>(known->high)});
            }
            add_context_limits(list);
            add_image_limits(list);
            add_video_limits(list);
            return list;
        }();
        if (index < 0 || static_cast<size_t>(index) >= all.size()) {
            refuse("there is no limit number " + std::to_string(index));
        }
        const option_limit& found = all[static_cast<size_t>(index)];
        sdcpp_limit value{};
        value.name = found.name;
        value.low = found.low;
        value.high = found.high;
        give(limit, value);
    });
}

int32_t sdcpp_result_size(const sdcpp_image_params* params, uint32_t* width, uint32_t* height, sdcpp_error* error) {
    return behind_wall(error, [&] {
        need("params", params, sizeof(sdcpp_image_params));
        std::tie(handle("width", width), handle("height", height)) = result_size(copy_of(params));
    });
}

const char* sdcpp_engine_features(void) {
    const char* names = "";
    behind_wall(nullptr, [&] {
        static const std::string all = engine_features(engine());
        names = all.c_str();
    });
    return names;
}

int32_t sdcpp_context_set_control_net(sdcpp_context* context, const char* path, const sdcpp_call* call, sdcpp_error* error) {
    return behind_wall(error, [&] { set_control_net(handle("context", context), path, call); });
}

int32_t sdcpp_canny(const sdcpp_image* input, float high_threshold, float low_threshold, float weak, float strong, int32_t inverse, uint8_t* output, sdcpp_error* error) {
    return behind_wall(error, [&] {
        checks::image("input image", input, 3);
        canny(*input, {high_threshold, low_threshold, weak, strong, inverse != 0}, output);
    });
}

int32_t sdcpp_fit_model(const sdcpp_context_params* params, int32_t width, int32_t height, const char* prompt, const sdcpp_call* call, sdcpp_fit* fit, sdcpp_error* error) {
    return behind_wall(error, [&] {
        need("params", params, sizeof(sdcpp_context_params));
        need("fit", fit, sizeof(sdcpp_fit));
        give(fit, fit_model(copy_of(params), width, height, prompt, call));
    });
}

const char* sdcpp_sampler_name(int32_t index) {
    const char* name = nullptr;
    behind_wall(nullptr, [&] {
        if (index >= 0 && index < static_cast<int32_t>(SAMPLE_METHOD_COUNT)) {
            name = engine().sd_sample_method_name(static_cast<sample_method_t>(index));
        }
    });
    return name;
}

const char* sdcpp_scheduler_name(int32_t index) {
    const char* name = nullptr;
    behind_wall(nullptr, [&] {
        if (index >= 0 && index < static_cast<int32_t>(SCHEDULER_COUNT)) {
            name = engine().sd_scheduler_name(static_cast<scheduler_t>(index));
        }
    });
    return name;
}

void sdcpp_set_log_sink(sdcpp_log_fn sink, void* user) { call_scope::set_sink(sink, user); }

int32_t sdcpp_context_create(const sdcpp_context_params* params, const sdcpp_call* call, sdcpp_context** out, sdcpp_error* error) {
    return behind_wall(error, [&] {
        need("params", params, sizeof(sdcpp_context_params));
        handle("out", out) = nullptr;
        *out = create_context(copy_of(params), call).release();
        return_memory();
    });
}

void sdcpp_context_free(sdcpp_context* context) {
    behind_wall(nullptr, [&] {
        delete context;
        return_memory();
    });
}

int32_t sdcpp_context_get_info(const sdcpp_context* context, sdcpp_context_info* info, sdcpp_error* error) {
    return behind_wall(error, [&] {
        // Callers from before videos came are still right.
        need("info", info, offsetof(sdcpp_context_info, makes_images));
        const sdcpp_context& c = handle("context", context);
        sdcpp_context_info value{};
        value.family = c.family.c_str();
        value.default_sampler = c.default_sampler.c_str();
        value.default_scheduler = c.default_scheduler.c_str();
        value.takes_ref_images = takes_ref_images(c) ? 1 : 0;
        value.makes_images = c.makes_images ? 1 : 0;
        value.makes_videos = makes_videos(c) ? 1 : 0;
        give(info, value);
    });
}

void sdcpp_cancel(sdcpp_context* context, int32_t mode) {
    behind_wall(nullptr, [&] {
        if (context == nullptr || mode < SDCPP_CANCEL_NONE || mode > SDCPP_CANCEL_AFTER_IMAGE) {
            return;
        }
        // Finishing the image never takes back that everything shall stop.
        int asked = context->cancel.load();
        while (!(asked == SDCPP_CANCEL_NOW && mode == SDCPP_CANCEL_AFTER_IMAGE) && !context->cancel.compare_exchange_weak(asked, mode)) {
        }
        mode = context->cancel.load();
        const sd_cancel_mode_t engine_mode = mode == SDCPP_CANCEL_NONE ? SD_CANCEL_RESET : mode == SDCPP_CANCEL_NOW ? SD_CANCEL_ALL : SD_CANCEL_NEW_LATENTS;
        engine().sd_cancel_generation(context->engine_context.get(), engine_mode);
    });
}

int32_t sdcpp_txt2img(sdcpp_context* context, const sdcpp_image_params* params, const sdcpp_call* call, sdcpp_result* result, sdcpp_error* error) {
    return behind_wall(error, [&] {
        need("params", params, sizeof(sdcpp_image_params));
        generate(handle("context", context), copy_of(params), nullptr, nullptr, 0, call, handle("result", result));
    });
}

int32_t sdcpp_img2img(sdcpp_context* context, const sdcpp_image_params* params, const sdcpp_image* init, const sdcpp_image* mask, float strength,
                      const sdcpp_call* call, sdcpp_result* result, sdcpp_error* error) {
    return behind_wall(error, [&] {
        need("params", params, sizeof(sdcpp_image_params));
        checks::image("init image", init, 3);
        checks::same_size("init image", *init, params->width, params->height);
        checks::strength(strength);
        if (mask != nullptr) {
            checks::image("mask", mask, 1);
            checks::same_size("mask", *mask, params->width, params->height);
        }
        generate(handle("context", context), copy_of(params), init, mask, strength, call, handle("result", result));
    });
}

int32_t sdcpp_video_check(const sdcpp_video_params* params, sdcpp_error* error) {
    return behind_wall(error, [&] {
        need("params", params, sizeof(sdcpp_video_params));
        checks::video_params(copy_of(params));
    });
}

int32_t sdcpp_video(sdcpp_context* context, const sdcpp_video_params* params, const sdcpp_call* call, sdcpp_video_result* result, sdcpp_error* error) {
    return behind_wall(error, [&] {
        need("params", params, sizeof(sdcpp_video_params));
        generate_video(handle("context", context), copy_of(params), call, handle("result", result));
    });
}

void sdcpp_audio_free(sdcpp_audio* audio) {
    behind_wall(nullptr, [&] { free_audio(audio); });
}

int32_t sdcpp_can_convert(void) {
    int32_t can = 0;
    behind_wall(nullptr, [&] { can = engine().convert != nullptr ? 1 : 0; });
    return can;
}

int32_t sdcpp_convert(const char* input_path, const char* output_path, const char* weight_type, const sdcpp_call* call, sdcpp_error* error) {
    return behind_wall(error, [&] {
        if (input_path == nullptr || output_path == nullptr || weight_type == nullptr) {
            refuse("convert needs an input path, an output path and a weight type");
        }
        if (engine().convert == nullptr) {
            throw failure(SDCPP_NOT_SUPPORTED, "this engine build cannot convert models");
        }
        const sd_type_t type = engine().str_to_sd_type(weight_type);
        if (type == SD_TYPE_COUNT) {
            refuse(std::string("'") + weight_type + "' is no weight type of this engine");
        }
        call_scope scope(call, SDCPP_PHASE_LOAD, nullptr);
        if (!engine().convert(input_path, "", output_path, type, "", false)) {
            scope.fail(SDCPP_MODEL_LOAD_FAILED, "the engine did not convert the model");
        }
    });
}

int32_t sdcpp_upscaler_create(const sdcpp_upscaler_params* params, const sdcpp_call* call, sdcpp_upscaler** out, sdcpp_error* error) {
    return behind_wall(error, [&] {
        need("params", params, sizeof(sdcpp_upscaler_params));
        handle("out", out) = nullptr;
        *out = create_upscaler(copy_of(params), call).release();
    });
}

void sdcpp_upscaler_free(sdcpp_upscaler* upscaler) {
    behind_wall(nullptr, [&] {
        delete upscaler;
        return_memory();
    });
}

int32_t sdcpp_upscaler_factor(const sdcpp_upscaler* upscaler) { return upscaler != nullptr ? upscaler->factor : 0; }

int32_t sdcpp_upscale(sdcpp_upscaler* upscaler, const sdcpp_image* input, const sdcpp_call* call, sdcpp_result* result, sdcpp_error* error) {
    return behind_wall(error, [&] {
        checks::image("input image", input, 3);
        upscale_image(handle("upscaler", upscaler), *input, call, handle("result", result));
    });
}
