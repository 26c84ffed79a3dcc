// Sets fields of the engine's parameter structs by their own names.
#pragma once

#include "../engine/engine_types.hpp"

#include <sdcpp.h>

#include <deque>
#include <string>
#include <utility>
#include <vector>

namespace sdcpp {

// Copies of option values that must live as long as the engine may read them.
class option_storage {
public:
    const char* keep(const char* text) { return strings_.emplace_back(text).c_str(); }
    int* keep(std::vector<int> list) { return ints_.emplace_back(std::move(list)).data(); }
    float* keep(std::vector<float> list) { return floats_.emplace_back(std::move(list)).data(); }

private:
    std::deque<std::string> strings_;
    std::deque<std::vector<int>> ints_;
    std::deque<std::vector<float>> floats_;
};

// A number among the options, and what is allowed.
struct option_limit {
    const char* name;
    double low;
    double high;
};

// Those of this engine; the names live as long as the process.
void add_context_limits(std::vector<option_limit>& to);
void add_image_limits(std::vector<option_limit>& to);
// Those that an image has not.
void add_video_limits(std::vector<option_limit>& to);

// Throw `failure`: SDCPP_NOT_SUPPORTED for a name this engine lacks, SDCPP_INVALID_ARGUMENT for a value that is not allowed.
void set_context_option(sd_ctx_params_t& params, const sdcpp_option& option, option_storage& storage);
void set_image_option(sd_img_gen_params_t& params, const sdcpp_option& option, option_storage& storage);
void set_video_option(sd_vid_gen_params_t& params, const sdcpp_option& option, option_storage& storage);

} // namespace sdcpp
