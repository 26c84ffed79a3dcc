#include "optional_functions.hpp"

#include "call_scope.hpp"
#include "checks.hpp"
#include "failure.hpp"
#include "fit.hpp"
#include "video.hpp"

#include <cstring>

namespace sdcpp {
namespace {

void need_feature(bool there, const char* what) {
    if (!there) {
        throw failure(SDCPP_NOT_SUPPORTED, std::string("this engine build cannot ") + what);
    }
}

void within(const char* name, float value, float low, float high) {
    if (!(value >= low && value <= high)) {
        refuse(std::string(name) + " is " + std::to_string(value) + "; allowed is " + std::to_string(low) + " to " + std::to_string(high), name);
    }
}

} // namespace

std::string engine_features(const engine_api& api) {
    const std::pair<const char*, bool> all[] = {
        {"canny", api.preprocess_canny != nullptr},
        {"control-net-swap", api.load_control_net != nullptr && api.unload_control_net != nullptr},
        {"convert", api.convert != nullptr},
        {"device-memory", api.device_by_name != nullptr && api.device_memory != nullptr},
        {"devices", api.list_devices != nullptr},
        {"fit", can_fit(api)},
        {"hires", api.str_to_hires_upscaler != nullptr && api.hires_upscaler_name != nullptr},
        {"plug-ins", api.backend_load != nullptr},
        {"previews", api.set_preview_callback != nullptr},
        {"video", can_make_videos(api)},
    };
    std::string names;
    for (const auto& [name, there] : all) {
        names += !there ? "" : (names.empty() ? "" : ",") + std::string(name);
    }
    return names;
}

void set_control_net(sdcpp_context& context, const char* path, const sdcpp_call* call) {
    need_feature(engine().load_control_net != nullptr && engine().unload_control_net != nullptr, "exchange the ControlNet of a loaded model");
    const busy_guard guard(context.busy, "another call is running on this model");
    if (path == nullptr) {
        engine().unload_control_net(context.engine_context.get());
        context.files.erase("control_net_path");
        return;
    }
    checks::file("control_net_path", path);
    call_scope scope(call, SDCPP_PHASE_LOAD, nullptr);
    // What fails leaves the model without one.
    context.files.erase("control_net_path");
    if (!engine().load_control_net(context.engine_context.get(), context.options.keep(path))) {
        scope.fail(SDCPP_MODEL_LOAD_FAILED, "the engine cannot load this ControlNet");
    }
    context.files.insert("control_net_path");
}

void canny(const sdcpp_image& input, const canny_settings& settings, uint8_t* output) {
    need_feature(engine().preprocess_canny != nullptr, "look for edges");
    if (output == nullptr) {
        refuse("output is null");
    }
    if (input.width < 3 || input.height < 3) {
        refuse("input image is " + std::to_string(input.width) + "x" + std::to_string(input.height) + "; edges need 3x3 or more");
    }
    within("high_threshold", settings.high_threshold, 0, 1);
    within("low_threshold", settings.low_threshold, 0, settings.high_threshold);
    within("weak", settings.weak, 0, 1);
    within("strong", settings.strong, 0, 1);
    // The engine works in place.
    std::memcpy(output, input.data, size_t{input.width} * input.height * 3);
    if (!engine().preprocess_canny({input.width, input.height, 3, output}, settings.high_threshold, settings.low_threshold, settings.weak, settings.strong, settings.inverse)) {
        throw failure(SDCPP_GENERATION_FAILED, "the engine could not look for edges");
    }
}

} // namespace sdcpp
