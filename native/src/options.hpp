// Sets fields of the engine's parameter structs by their own names. A field is known when the struct that the bridge was compiled
// against has it: the compiler looks, so an engine that gains or loses a field needs no change here beyond its line in the list.
#pragma once

#include "../engine/engine_types.hpp"

#include <sdcpp.h>

#include <deque>
#include <string>

namespace sdcpp {

// Copies of option values that must live as long as the engine may read them.
class option_storage {
public:
    const char* keep(const char* text) { return strings_.emplace_back(text).c_str(); }

private:
    std::deque<std::string> strings_;
};

// Throw `failure`: SDCPP_NOT_SUPPORTED for a name this engine lacks, SDCPP_INVALID_ARGUMENT for a value of the wrong kind.
void set_context_option(sd_ctx_params_t& params, const sdcpp_option& option, option_storage& storage);
void set_image_option(sd_img_gen_params_t& params, const sdcpp_option& option, option_storage& storage);

} // namespace sdcpp
