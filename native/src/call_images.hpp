// The images of a call, by the engine's names of their fields.
#pragma once

#include "context.hpp"
#include "padded_image.hpp"

#include <sdcpp.h>

#include <vector>

namespace sdcpp {

// Whether the engine generates from reference images with this model.
bool takes_ref_images(const sdcpp_context& context);

// Puts the images of a request into the engine's struct, and keeps what that points to.
class call_images {
public:
    // Throws `failure`: SDCPP_NOT_SUPPORTED for a field that this engine lacks or that the model has no use for (the engine crashes over
    // some of them), SDCPP_INVALID_ARGUMENT for an image that is not allowed.
    call_images(const sdcpp_context& context, const sdcpp_image_params& params, sd_img_gen_params_t& engine_params);

private:
    std::vector<sd_image_t> refs_;
    std::vector<sd_image_t> ids_;
    padded_image control_;
};

} // namespace sdcpp
