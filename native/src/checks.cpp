#include "checks.hpp"

#include "failure.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <system_error>

namespace sdcpp::checks {
namespace {

std::string outside(const char* what, const std::string& value, const std::string& allowed) {
    return std::string(what) + " is " + value + "; allowed is " + allowed;
}

constexpr limit all_limits[] = {
    {"width", 1, SDCPP_MAX_SIDE},
    {"height", 1, SDCPP_MAX_SIDE},
    {"width x height", 1, SDCPP_MAX_PIXELS},
    {"steps", 1, SDCPP_MAX_STEPS},
    {"seed", 0, INT64_MAX - SDCPP_MAX_BATCH},
    {"batch_count", 1, SDCPP_MAX_BATCH},
    {"clip_skip", 0, 12},
    {"cfg_scale", 0, 1000},
    {"strength", 0, 1},
    {"lora_count", 0, SDCPP_MAX_LORAS},
    {"LoRA multiplier", -100, 100},
    {"image_count", 0, SDCPP_MAX_IMAGES},
    {"frames", 1, SDCPP_MAX_FRAMES},
    {"fps", 1, SDCPP_MAX_FPS},
    {"width x height x frames", 1, SDCPP_MAX_VIDEO_PIXELS},
    {"prompt bytes", 0, SDCPP_MAX_PROMPT_BYTES},
    {"n_threads", 0, SDCPP_MAX_THREADS},
    {nullptr, 0, 0},
};

const limit& limit_of(const char* name) {
    const limit* found = all_limits;
    while (found->name != nullptr && std::strcmp(found->name, name) != 0) {
        ++found;
    }
    return *found;
}

std::string to_words(const limit& allowed) { return std::to_string(allowed.low) + " to " + std::to_string(allowed.high); }

// `option` is what is named as refused, where that is not `what` itself.
void range(const char* what, long long value, const limit& allowed, const char* option = nullptr) {
    if (value < allowed.low || value > allowed.high) {
        refuse(outside(what, std::to_string(value), to_words(allowed)), option != nullptr ? option : what);
    }
}

void range(const char* what, long long value) { range(what, value, limit_of(what)); }

// NaN is never within.
void real_range(const char* what, float value) {
    const limit& allowed = limit_of(what);
    if (!(value >= static_cast<float>(allowed.low) && value <= static_cast<float>(allowed.high))) {
        refuse(outside(what, std::to_string(value), to_words(allowed)), what);
    }
}

void prompt(const char* what, const char* text) {
    if (text != nullptr && std::strlen(text) > SDCPP_MAX_PROMPT_BYTES) {
        refuse(outside(what, std::to_string(std::strlen(text)) + " bytes long", std::to_string(SDCPP_MAX_PROMPT_BYTES) + " bytes at most"), what);
    }
}

} // namespace

void struct_size(const char* what, const void* pointer, uint32_t size, size_t first_version) {
    if (pointer == nullptr) {
        refuse(std::string(what) + " is null");
    }
    if (size < first_version) {
        refuse(outside((std::string(what) + "->size").c_str(), std::to_string(size), std::to_string(first_version) + " or more"));
    }
}

const limit* limits() noexcept { return all_limits; }

void threads(int32_t n_threads) { range("n_threads", n_threads); }

void options(const sdcpp_option* options, size_t count) {
    if (options == nullptr && count > 0) {
        refuse("options is null, option_count is " + std::to_string(count));
    }
}

void result_size(int32_t width, int32_t height) {
    range("width", width);
    range("height", height);
    range("width x height", static_cast<long long>(width) * height);
}

// What images and videos have in common.
template <typename Params>
static void common_params(const Params& p) {
    result_size(p.width, p.height);
    if (p.images == nullptr && p.image_count > 0) {
        refuse("images is null, image_count is " + std::to_string(p.image_count));
    }
    range("steps", p.steps);
    range("seed", p.seed);
    range("clip_skip", p.clip_skip);
    range("lora_count", p.lora_count);
    real_range("cfg_scale", p.cfg_scale);
    options(p.options, p.option_count);
    prompt("prompt", p.prompt);
    prompt("negative_prompt", p.negative_prompt);
    for (uint32_t i = 0; i < p.lora_count; ++i) {
        if (p.loras == nullptr || p.loras[i].path == nullptr) {
            refuse("a LoRA has no path");
        }
        file("LoRA", p.loras[i].path);
        real_range("LoRA multiplier", p.loras[i].multiplier);
    }
}

void image_params(const sdcpp_image_params& p) {
    range("image_count", static_cast<long long>(std::min<size_t>(p.image_count, INT32_MAX)));
    range("batch_count", p.batch_count);
    common_params(p);
}

void video_params(const sdcpp_video_params& p) {
    range("frames", p.frames);
    range("fps", p.fps);
    common_params(p);
    range("width x height x frames", static_cast<long long>(p.width) * p.height * p.frames, limit_of("width x height x frames"), "frames");
    // A first, a last, and one to follow for each frame.
    if (p.image_count > static_cast<size_t>(p.frames) + 2) {
        refuse("control_frames are more than the frames of the video, " + std::to_string(p.frames), "control_frames");
    }
}

void prompt(const char* text) { prompt("prompt", text); }

void size(const char* what, uint32_t width, uint32_t height) {
    range((std::string(what) + " width").c_str(), width, limit_of("width"), what);
    range((std::string(what) + " height").c_str(), height, limit_of("height"), what);
    range((std::string(what) + " width x height").c_str(), static_cast<long long>(width) * height, limit_of("width x height"), what);
}

void image(const char* what, const sdcpp_image* image, uint32_t channels) {
    if (image == nullptr || image->data == nullptr) {
        refuse(std::string(what) + " has no pixels", what);
    }
    size(what, image->width, image->height);
    range((std::string(what) + " channels").c_str(), image->channels, {nullptr, channels, channels}, what);
}

void same_size(const char* what, const sdcpp_image& image, int32_t width, int32_t height) {
    if (image.width != static_cast<uint32_t>(width) || image.height != static_cast<uint32_t>(height)) {
        refuse(std::string(what) + " is " + std::to_string(image.width) + "x" + std::to_string(image.height) + "; it must have the size of the result, " +
               std::to_string(width) + "x" + std::to_string(height), what);
    }
}

void scalable(const char* what, const sdcpp_image& image, const sdcpp_image_params& params) {
    constexpr double half_a_cell = 8;
    const auto [narrow, wide] = std::minmax(image.width, image.height);
    if (std::sqrt(static_cast<double>(params.width) * params.height * narrow / wide) < half_a_cell) {
        refuse(std::string(what) + " is " + std::to_string(image.width) + "x" + std::to_string(image.height) + ", too narrow for a result of " +
               std::to_string(params.width) + "x" + std::to_string(params.height), what);
    }
}

void strength(float strength) { real_range("strength", strength); }

static void buffers(uint8_t* const* all, const char* name, uint32_t count, size_t capacity, uint32_t needed, size_t bytes) {
    if (all == nullptr || count < needed || capacity < bytes) {
        refuse("result has " + std::to_string(count) + " buffers of " + std::to_string(capacity) + " bytes; needed are " + std::to_string(needed) + " of " +
               std::to_string(bytes));
    }
    for (uint32_t i = 0; i < needed; ++i) {
        if (all[i] == nullptr) {
            refuse("result->" + std::string(name) + "[" + std::to_string(i) + "] is null");
        }
    }
}

void result(const sdcpp_result* result, uint32_t images, size_t bytes) {
    struct_size("result", result, result != nullptr ? result->size : 0, sizeof(sdcpp_result));
    buffers(result->images, "images", result->image_count, result->image_bytes, images, bytes);
}

void result(const sdcpp_video_result* result, uint32_t frames, size_t bytes) {
    struct_size("result", result, result != nullptr ? result->size : 0, sizeof(sdcpp_video_result));
    buffers(result->frames, "frames", result->frame_count, result->frame_bytes, frames, bytes);
}

void file(const std::string& option, const char* path) {
    std::error_code error;
    const std::string name = option + " '" + path + "' ";
    std::filesystem::path native;
    try {
        native = std::filesystem::u8path(path);
    } catch (const std::exception&) {
        // Where paths are UTF-16, what is no UTF-8 cannot be one.
        refuse(name + "is not a path in UTF-8", option);
    }
    const auto status = std::filesystem::status(native, error);
    if (!std::filesystem::exists(status)) {
        refuse(name + "does not exist", option);
    }
    if (!std::filesystem::is_regular_file(status)) {
        refuse(name + "is not a file", option);
    }
    if (std::filesystem::file_size(native, error) == 0) {
        refuse(name + "is empty", option);
    }
}

} // namespace sdcpp::checks
