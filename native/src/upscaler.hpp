#pragma once

#include "context.hpp"

struct sdcpp_upscaler {
    std::unique_ptr<upscaler_ctx_t, void (*)(upscaler_ctx_t*)> engine_context{nullptr, nullptr};
    int factor = 0;
    sdcpp::busy_flag busy;
};

namespace sdcpp {

std::unique_ptr<sdcpp_upscaler> create_upscaler(const sdcpp_upscaler_params& params, const sdcpp_call* call);
void upscale_image(sdcpp_upscaler& upscaler, const sdcpp_image& input, const sdcpp_call* call, sdcpp_result& result);

} // namespace sdcpp
