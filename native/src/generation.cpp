#include "call_scope.hpp"
#include "checks.hpp"
#include "context.hpp"
#include "failure.hpp"
#include "padded_image.hpp"
#include "call_images.hpp"
#include "preview.hpp"
#include "sampling.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

namespace sdcpp {
namespace {

// Sides of the result; the engine is told to make exactly those, on its grid.
struct sides {
    uint32_t width;
    uint32_t height;
};

// What the request, its own scale or target, makes of a side: `on_grid(side)` pixels are generated for `side` of them, and the second pass
// keeps that proportion, so that cropping evenly gives the same place back.
uint32_t grid_side_of(uint32_t side, uint32_t target) { return on_grid(static_cast<uint32_t>((static_cast<uint64_t>(target) * on_grid(side) + side - 1) / side)); }

sides hires_size(uint32_t width, uint32_t height, sd_hires_params_t& hires) {
    // The engine would go on without the second pass.
    const std::string upscaler = engine().hires_upscaler_name != nullptr ? engine().hires_upscaler_name(hires.upscaler) : "Latent";
    if (upscaler == "None" || (upscaler == "Model" && (hires.model_path == nullptr || hires.model_path[0] == '\0'))) {
        refuse(upscaler == "None" ? "hires.upscaler is None; the hires fix needs one, e.g. Lanczos or Latent" : "hires.upscaler is Model; give its file as hires.model_path",
               "hires.upscaler");
    }
    const bool targeted = hires.target_width > 0 && hires.target_height > 0;
    if (!targeted && (hires.target_width > 0 || hires.target_height > 0)) {
        refuse("hires.target_width and hires.target_height go together; give both, or hires.scale", "hires.target_width");
    }
    const auto scaled = [&](uint32_t side) { return static_cast<uint32_t>(std::lround(static_cast<double>(side) * static_cast<double>(hires.scale))); };
    const sides size{targeted ? static_cast<uint32_t>(hires.target_width) : scaled(width),
                           targeted ? static_cast<uint32_t>(hires.target_height) : scaled(height)};
    checks::size("the size of the hires fix", size.width, size.height);
    if (size.width < width || size.height < height) {
        refuse("the hires fix makes " + std::to_string(size.width) + "x" + std::to_string(size.height) + " of " + std::to_string(width) + "x" + std::to_string(height) +
               "; its result must not be smaller", "hires.scale");
    }
    hires.target_width = static_cast<int>(grid_side_of(width, size.width));
    hires.target_height = static_cast<int>(grid_side_of(height, size.height));
    return size;
}

// The engine upscales latents, or decodes, upscales the image and encodes it again.
bool upscales_pixels(const sd_hires_params_t& hires) {
    return engine().hires_upscaler_name != nullptr && std::strncmp(engine().hires_upscaler_name(hires.upscaler), "Latent", 6) != 0;
}

// The files that options of an image name, and the parts of the model that they need.
void check_files(const sdcpp_context& context, const sd_img_gen_params_t& engine_params) {
    if (engine_params.hires.enabled && engine_params.hires.model_path != nullptr) {
        checks::file("option hires.model_path", engine_params.hires.model_path);
    }
    if (engine_params.pm_params.id_embed_path != nullptr && engine_params.pm_params.id_embed_path[0] != '\0') {
        need_file(context, "pm_params.id_embed_path", "photo_maker_path");
        checks::file("option pm_params.id_embed_path", engine_params.pm_params.id_embed_path);
    }
    if (engine_params.pulid_params.id_embedding_path != nullptr && engine_params.pulid_params.id_embedding_path[0] != '\0') {
        need_file(context, "pulid_params.id_embedding_path", "pulid_weights_path");
        checks::file("option pulid_params.id_embedding_path", engine_params.pulid_params.id_embedding_path);
    }
}

template <typename Params>
auto has_joined_edges(const Params& params, int) -> decltype(params.circular_x || params.circular_y) {
    return params.circular_x || params.circular_y;
}
template <typename Params>
bool has_joined_edges(const Params&, long) {
    return false;
}

// The engine asserts where it decodes or encodes joined edges in tiles: with many sizes of image and tile, and no rule was found which.
void check_tiling(const sd_img_gen_params_t& engine_params) {
    if (engine_params.vae_tiling_params.enabled && has_joined_edges(engine_params, 0)) {
        refuse("vae_tiling_params.enabled and circular_x or circular_y are both set; the engine cannot decode an image with joined edges in tiles");
    }
}

void check_second_pass(const sd_img_gen_params_t& engine_params, const std::string& family) {
    const sd_hires_params_t& hires = engine_params.hires;
    if (hires.enabled && hires.custom_sigmas_count == 0) {
        check_scheduler(engine_params.sample_params.scheduler, hires.steps > 0 ? hires.steps : engine_params.sample_params.sample_steps, family);
    }
}

// Copies what the engine delivered; returns how many images that were.
uint32_t deliver(const engine_images& images, const sdcpp_image_params& params, sides size, sdcpp_result& result) {
    const int delivered = std::max(0, std::min(images.count, params.batch_count));
    for (int i = 0; i < delivered; ++i) {
        copy_middle(images.images[i], size.width, size.height, result.images[i]);
    }
    return static_cast<uint32_t>(delivered);
}

void set_options(const sdcpp_image_params& params, sd_img_gen_params_t& engine_params, option_storage& storage) {
    engine().sd_img_gen_params_init(&engine_params);
    for (size_t i = 0; i < params.option_count; ++i) {
        set_image_option(engine_params, params.options[i], storage);
    }
}

sides sides_of(const sdcpp_image_params& params, sd_img_gen_params_t& engine_params) {
    const sides asked{static_cast<uint32_t>(params.width), static_cast<uint32_t>(params.height)};
    return engine_params.hires.enabled ? hires_size(asked.width, asked.height, engine_params.hires) : asked;
}

} // namespace

std::pair<uint32_t, uint32_t> result_size(const sdcpp_image_params& params) {
    checks::image_params(params);
    option_storage storage;
    sd_img_gen_params_t engine_params;
    set_options(params, engine_params, storage);
    const sides size = sides_of(params, engine_params);
    return {size.width, size.height};
}

void generate(sdcpp_context& context, const sdcpp_image_params& params, const sdcpp_image* init, const sdcpp_image* mask, float strength,
              const sdcpp_call* call, sdcpp_result& result) {
    checks::image_params(params);
    if (!context.makes_images) {
        throw failure(SDCPP_NOT_SUPPORTED, "a model of the family '" + context.family + "' makes videos and no images; ask it for a video");
    }
    const auto width = static_cast<uint32_t>(params.width);
    const auto height = static_cast<uint32_t>(params.height);

    option_storage storage;
    sd_img_gen_params_t engine_params;
    set_options(params, engine_params, storage);
    check_files(context, engine_params);
    check_tiling(engine_params);
    const sides size = sides_of(params, engine_params);
    checks::result(&result, static_cast<uint32_t>(params.batch_count), static_cast<size_t>(size.width) * size.height * 3);
    result.image_count = 0;

    const std::vector<sd_lora_t> loras = loras_of(params.loras, params.lora_count);
    const call_images inputs(context, params, engine_params);
    padded_image padded_init;
    padded_image padded_mask;
    engine_params.loras = loras.data();
    engine_params.lora_count = params.lora_count;
    engine_params.prompt = params.prompt != nullptr ? params.prompt : "";
    engine_params.negative_prompt = params.negative_prompt != nullptr ? params.negative_prompt : "";
    engine_params.clip_skip = params.clip_skip > 0 ? params.clip_skip : -1;
    engine_params.width = static_cast<int>(on_grid(width));
    engine_params.height = static_cast<int>(on_grid(height));
    engine_params.seed = params.seed;
    engine_params.batch_count = params.batch_count;
    set_sampling(params, context, engine_params.sample_params);
    check_second_pass(engine_params, context.family);
    if (init != nullptr) {
        padded_init = padded_image(*init);
        engine_params.init_image = padded_init.view();
        engine_params.strength = strength;
    }
    if (mask != nullptr) {
        padded_mask = padded_image(*mask);
        engine_params.mask_image = padded_mask.view();
    }

    const busy_guard guard(context.busy, "another call is running on this model");
    if (context.cancel.load() != SDCPP_CANCEL_NONE) {
        throw failure(SDCPP_CANCELLED, "cancelled before it began");
    }
    call_scope scope(call, SDCPP_PHASE_ENCODE, &context.cancel, params.batch_count);
    scope.set_context(context.engine_context.get(), engine_params.sample_params.sample_steps);
    if (engine_params.hires.enabled) {
        scope.set_second_pass(upscales_pixels(engine_params.hires));
    }
    const preview_interest previews(call);
    engine().sd_cancel_generation(context.engine_context.get(), SD_CANCEL_RESET);
    engine_images images;
    const bool ok = engine().generate_image(context.engine_context.get(), &engine_params, &images.images, &images.count);
    if (context.cancel.load() == SDCPP_CANCEL_NOW) {
        throw failure(SDCPP_CANCELLED, "cancelled");
    }
    if (ok && images.images != nullptr) {
        result.image_count = deliver(images, params, size, result);
    }
    if (result.image_count == 0) {
        if (context.cancel.load() != SDCPP_CANCEL_NONE) {
            throw failure(SDCPP_CANCELLED, "cancelled before an image was finished");
        }
        scope.fail(SDCPP_GENERATION_FAILED, "the engine finished no image");
    }
}

} // namespace sdcpp
