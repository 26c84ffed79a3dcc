// What only some engines can.
#pragma once

#include "context.hpp"

namespace sdcpp {

// The names of sdcpp_engine_features that this engine has.
std::string engine_features(const engine_api& api);

// `path` may be null: then the model has none any more.
void set_control_net(sdcpp_context& context, const char* path, const sdcpp_call* call);

struct canny_settings {
    float high_threshold, low_threshold, weak, strong;
    bool inverse;
};
void canny(const sdcpp_image& input, const canny_settings& settings, uint8_t* output);

} // namespace sdcpp
