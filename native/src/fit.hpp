// What fits before a model is loaded, for engines that can tell.
#pragma once

#include "../engine/engine.hpp"

#include <sdcpp.h>

namespace sdcpp {

// Whether the engine has the functions, in the layout that is known here.
bool can_fit(const engine_api& api) noexcept;

sdcpp_fit fit_model(const sdcpp_context_params& params, int32_t width, int32_t height, const char* prompt, const sdcpp_call* call);

} // namespace sdcpp
