// The exports of the other headers: models, images, videos and tools. Each puts up the exception wall and hands on.
#include "call_images.hpp"
#include "call_scope.hpp"
#include "context.hpp"
#include "exports.hpp"
#include "fit.hpp"
#include "optional_functions.hpp"
#include "upscaler.hpp"
#include "video.hpp"

#include <tuple>

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

} // namespace sdcpp

using namespace sdcpp;

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

int32_t sdcpp_context_set_control_net(sdcpp_context* context, const char* path, const sdcpp_call* call, sdcpp_error* error) {
    return behind_wall(error, [&] { set_control_net(handle("context", context), path, call); });
}

int32_t sdcpp_fit_model(const sdcpp_context_params* params, int32_t width, int32_t height, const char* prompt, const sdcpp_call* call, sdcpp_fit* fit, sdcpp_error* error) {
    return behind_wall(error, [&] {
        need("params", params, sizeof(sdcpp_context_params));
        need("fit", fit, sizeof(sdcpp_fit));
        give(fit, fit_model(copy_of(params), width, height, prompt, call));
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

int32_t sdcpp_result_size(const sdcpp_image_params* params, uint32_t* width, uint32_t* height, sdcpp_error* error) {
    return behind_wall(error, [&] {
        need("params", params, sizeof(sdcpp_image_params));
        std::tie(handle("width", width), handle("height", height)) = result_size(copy_of(params));
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

int32_t sdcpp_canny(const sdcpp_image* input, float high_threshold, float low_threshold, float weak, float strong, int32_t inverse, uint8_t* output, sdcpp_error* error) {
    return behind_wall(error, [&] {
        checks::image("input image", input, 3);
        canny(*input, {high_threshold, low_threshold, weak, strong, inverse != 0}, output);
    });
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
