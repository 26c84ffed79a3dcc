// Videos: what their families make, and the call.
#pragma once

#include "context.hpp"

#include <sdcpp.h>

namespace sdcpp {

// Whether this engine has all that a video needs.
bool can_make_videos(const engine_api& api);

// Whether sdcpp_video takes this model.
bool makes_videos(const sdcpp_context& context);

void generate_video(sdcpp_context& context, const sdcpp_video_params& params, const sdcpp_call* call, sdcpp_video_result& result);

void free_audio(sdcpp_audio* audio);

} // namespace sdcpp
