#include "upscaler.hpp"

#include "call_scope.hpp"
#include "checks.hpp"
#include "failure.hpp"
#include "padded_image.hpp"
#include "threads.hpp"

namespace sdcpp {

std::unique_ptr<sdcpp_upscaler> create_upscaler(const sdcpp_upscaler_params& params, const sdcpp_call* call) {
    checks::threads(params.n_threads);
    if (params.model_path == nullptr) {
        refuse("model_path is null", "model_path");
    }
    checks::file("model_path", params.model_path);
    if (params.tile_size != 0 && (params.tile_size < 16 || params.tile_size > 4096)) {
        refuse("tile_size is " + std::to_string(params.tile_size) + "; allowed is 16 to 4096, or 0 for the engine's own", "tile_size");
    }
    auto upscaler = std::make_unique<sdcpp_upscaler>();
    const int threads = params.n_threads > 0 ? params.n_threads : available_threads();
    call_scope scope(call, SDCPP_PHASE_LOAD, nullptr);
    upscaler->engine_context = {engine().new_upscaler_ctx(params.model_path, params.conv_direct != 0, threads, params.tile_size, params.backend, params.params_backend),
                                engine().free_upscaler_ctx};
    if (upscaler->engine_context == nullptr) {
        scope.fail(SDCPP_MODEL_LOAD_FAILED, "the engine cannot load this upscaler");
    }
    upscaler->factor = engine().get_upscale_factor(upscaler->engine_context.get());
    if (upscaler->factor < 1 || upscaler->factor > 16) {
        throw failure(SDCPP_MODEL_LOAD_FAILED, "the file claims to upscale by " + std::to_string(upscaler->factor));
    }
    return upscaler;
}

void upscale_image(sdcpp_upscaler& upscaler, const sdcpp_image& input, const sdcpp_call* call, sdcpp_result& result) {
    const auto factor = static_cast<uint32_t>(upscaler.factor);
    const uint32_t width = input.width * factor;
    const uint32_t height = input.height * factor;
    checks::result(&result, 1, static_cast<size_t>(width) * height * 3);
    result.image_count = 0;
    const busy_guard guard(upscaler.busy, "another call is running on this upscaler");
    call_scope scope(call, SDCPP_PHASE_UPSCALE, nullptr);
    engine_images images;
    // The engine only reads the input, though its struct does not say so.
    const sd_image_t in{input.width, input.height, input.channels, const_cast<uint8_t*>(input.data)};
    if (!engine().upscale(upscaler.engine_context.get(), in, factor, &images.images, &images.count) || images.images == nullptr || images.count < 1) {
        scope.fail(SDCPP_GENERATION_FAILED, "the engine did not upscale the image");
    }
    copy_middle(images.images[0], width, height, result.images[0]);
    result.image_count = 1;
}

} // namespace sdcpp
