// The options of an image and of a video. Ranges are those in which the engine neither ends the process nor runs for hours, tried value by value.
#include "option_table.hpp"

#include "../engine/engine.hpp"

namespace sdcpp {

// Found by their arguments when the tables are made, so not in the unnamed namespace.
static void parse(const option_context& o, sd_cache_mode_t& field) {
    parse_listed(o, field, {"disabled", "easycache", "ucache", "dbcache", "taylorseer", "cache-dit", "spectrum"}, 0);
}

// The engine's name functions tell whether it has this one.
static void parse(const option_context& o, sd_hires_upscaler_t& field) {
    if (engine().str_to_hires_upscaler == nullptr || engine().hires_upscaler_name == nullptr) {
        throw failure(SDCPP_NOT_SUPPORTED, "option hires.upscaler is not supported by this engine build");
    }
    field = engine().str_to_hires_upscaler(o.value);
    if (std::strcmp(engine().hires_upscaler_name(field), o.value) != 0) {
        wrong(o, "the name of a hires upscaler that this engine knows, e.g. Lanczos, Latent or Model");
    }
}

static void parse(const option_context& o, sample_method_t& field) {
    parse_enum(o, field, engine().str_to_sample_method, SAMPLE_METHOD_COUNT, "sampler");
}

namespace {

constexpr int most_steps = SDCPP_MAX_STEPS;
constexpr int most_layers = 1000;

// Sigmas are the noise that is left before each step: the engine goes from each to the next.
void check_sigmas(const option_context& o, const std::vector<float>& sigmas) {
    const bool falling = std::adjacent_find(sigmas.begin(), sigmas.end(), [](float a, float b) { return b >= a; }) == sigmas.end();
    if (sigmas.size() == 1 || !falling) {
        wrong(o, "two numbers or more, each smaller than the one before");
    }
}

// "1,0,1": the engine reads it with a function that throws at anything else.
void check_scm_mask(const option_context& o) { parse_list<int>(o, 0, 1, most_steps); }

void no_check(const option_context&, const std::vector<int>&) {}

template <typename Params>
void add_sampling(option_table<Params>& t) {
    SDCPP_NUMBER(t, sample_params.eta, 0, 10);
    SDCPP_NUMBER(t, sample_params.shifted_timestep, 0, 1000);
    SDCPP_NUMBER(t, sample_params.flow_shift, 0.001, 1000);
    SDCPP_OPTION(t, sample_params.extra_sample_args);
    SDCPP_NUMBER(t, sample_params.guidance.img_cfg, 0, 1000);
    SDCPP_NUMBER(t, sample_params.guidance.distilled_guidance, 0, 1000);
    SDCPP_NUMBER(t, sample_params.guidance.slg.layer_start, 0, 1);
    SDCPP_NUMBER(t, sample_params.guidance.slg.layer_end, 0, 1);
    SDCPP_NUMBER(t, sample_params.guidance.slg.scale, 0, 100);
    add_list(t, "sample_params.guidance.slg.layers", SDCPP_FIELD(sample_params.guidance.slg.layers), SDCPP_FIELD(sample_params.guidance.slg.layer_count), 0,
             most_layers, most_layers, no_check);
    add_list(t, "sample_params.custom_sigmas", SDCPP_FIELD(sample_params.custom_sigmas), SDCPP_FIELD(sample_params.custom_sigmas_count), 0, 1e6,
             most_steps + 1, check_sigmas);
}

template <typename Params>
void add_tiling(option_table<Params>& t) {
    SDCPP_OPTION(t, vae_tiling_params.enabled);
    SDCPP_OPTION(t, vae_tiling_params.temporal_tiling);
    SDCPP_NUMBER(t, vae_tiling_params.tile_size_x, 0, 4096);
    SDCPP_NUMBER(t, vae_tiling_params.tile_size_y, 0, 4096);
    SDCPP_NUMBER(t, vae_tiling_params.target_overlap, 0, 0.9);
    SDCPP_NUMBER(t, vae_tiling_params.rel_size_x, 0, 4096);
    SDCPP_NUMBER(t, vae_tiling_params.rel_size_y, 0, 4096);
    SDCPP_OPTION(t, vae_tiling_params.extra_tiling_args);
    SDCPP_OPTION(t, circular_x);
    SDCPP_OPTION(t, circular_y);
}

template <typename Params>
void add_cache(option_table<Params>& t) {
    SDCPP_OPTION(t, cache.mode);
    SDCPP_NUMBER(t, cache.reuse_threshold, 0, 100);
    SDCPP_NUMBER(t, cache.start_percent, 0, 1);
    SDCPP_NUMBER(t, cache.end_percent, 0, 1);
    SDCPP_NUMBER(t, cache.error_decay_rate, 0, 1);
    SDCPP_OPTION(t, cache.use_relative_threshold);
    SDCPP_OPTION(t, cache.reset_error_on_compute);
    SDCPP_NUMBER(t, cache.Fn_compute_blocks, 0, most_layers);
    SDCPP_NUMBER(t, cache.Bn_compute_blocks, 0, most_layers);
    SDCPP_NUMBER(t, cache.residual_diff_threshold, 0, 100);
    SDCPP_NUMBER(t, cache.max_warmup_steps, 0, most_steps);
    SDCPP_NUMBER(t, cache.max_cached_steps, -1, most_steps);
    SDCPP_NUMBER(t, cache.max_continuous_cached_steps, -1, most_steps);
    SDCPP_NUMBER(t, cache.taylorseer_n_derivatives, 0, 16);
    SDCPP_NUMBER(t, cache.taylorseer_skip_interval, 1, most_steps);
    SDCPP_OPTION(t, cache.scm_mask);
    SDCPP_OPTION(t, cache.scm_policy_dynamic);
    SDCPP_NUMBER(t, cache.spectrum_w, 0, 1);
    SDCPP_NUMBER(t, cache.spectrum_m, 0, 64);
    SDCPP_NUMBER(t, cache.spectrum_lam, 0, 1000);
    SDCPP_NUMBER(t, cache.spectrum_window_size, 1, most_steps);
    SDCPP_NUMBER(t, cache.spectrum_flex_window, 0, 100);
    SDCPP_NUMBER(t, cache.spectrum_warmup_steps, 0, most_steps);
    SDCPP_NUMBER(t, cache.spectrum_stop_percent, 0, 1);
}

template <typename Params>
void add_hires(option_table<Params>& t) {
    SDCPP_OPTION(t, hires.enabled);
    SDCPP_OPTION(t, hires.upscaler);
    SDCPP_OPTION(t, hires.model_path);
    SDCPP_NUMBER(t, hires.scale, 1, 16);
    SDCPP_NUMBER(t, hires.target_width, 0, SDCPP_MAX_SIDE);
    SDCPP_NUMBER(t, hires.target_height, 0, SDCPP_MAX_SIDE);
    SDCPP_NUMBER(t, hires.steps, 0, most_steps);
    SDCPP_NUMBER(t, hires.denoising_strength, 0, 1);
    SDCPP_NUMBER(t, hires.upscale_tile_size, 16, 4096);
    add_list(t, "hires.custom_sigmas", SDCPP_FIELD(hires.custom_sigmas), SDCPP_FIELD(hires.custom_sigmas_count), 0, 1e6, most_steps + 1, check_sigmas);
}

template <typename Params>
void add_steering(option_table<Params>& t) {
    SDCPP_OPTION(t, ref_image_args);
    SDCPP_OPTION(t, image_preprocess);
    SDCPP_NUMBER(t, control_strength, 0, 10);
    SDCPP_NUMBER(t, ip_adapter_strength, 0, 10);
    SDCPP_OPTION(t, pm_params.id_embed_path);
    SDCPP_NUMBER(t, pm_params.style_strength, 0, 100);
    SDCPP_OPTION(t, pulid_params.id_embedding_path);
    SDCPP_NUMBER(t, pulid_params.id_weight, 0, 10);
    SDCPP_NUMBER(t, qwen_image_layers, 1, 64);
}

option_table<sd_img_gen_params_t> image_table() {
    option_table<sd_img_gen_params_t> t;
    add_sampling(t);
    add_tiling(t);
    add_cache(t);
    add_hires(t);
    add_steering(t);
    return t;
}

template <typename Params>
void add_video(option_table<Params>& t) {
    SDCPP_NUMBER(t, moe_boundary, 0, 1);
    SDCPP_NUMBER(t, strength, 0, 1);
    SDCPP_NUMBER(t, vace_strength, 0, 10);
    SDCPP_NUMBER(t, high_noise_sample_params.sample_steps, 1, most_steps);
    SDCPP_NUMBER(t, high_noise_sample_params.guidance.txt_cfg, 0, 1000);
    SDCPP_NUMBER(t, high_noise_sample_params.guidance.distilled_guidance, 0, 1000);
    SDCPP_OPTION(t, high_noise_sample_params.sample_method);
    SDCPP_NUMBER(t, high_noise_sample_params.eta, 0, 10);
}

option_table<sd_vid_gen_params_t> video_table() {
    option_table<sd_vid_gen_params_t> t;
    add_sampling(t);
    add_tiling(t);
    add_cache(t);
    add_video(t);
    return t;
}

template <typename Params>
void set_checked(const option_table<Params>& table, Params& params, const sdcpp_option& option, option_storage& storage) {
    if (option.name != nullptr && option.value != nullptr && std::strcmp(option.name, "cache.scm_mask") == 0) {
        check_scm_mask({option.name, option.value, storage});
    }
    set_option(table, params, option, storage);
}

} // namespace

static const option_table<sd_img_gen_params_t>& image_options() {
    static const auto table = image_table();
    return table;
}

static const option_table<sd_vid_gen_params_t>& video_options() {
    static const auto table = video_table();
    return table;
}

void add_image_limits(std::vector<option_limit>& to) { add_limits(image_options(), to); }

void add_video_limits(std::vector<option_limit>& to) {
    for (const auto& [name, entry] : video_options()) {
        // The strength is an image's too, though no option there.
        if (entry.is_number && name != "strength" && image_options().count(name) == 0) {
            to.push_back({name.c_str(), entry.low, entry.high});
        }
    }
}

void set_image_option(sd_img_gen_params_t& params, const sdcpp_option& option, option_storage& storage) {
    set_checked(image_options(), params, option, storage);
}

void set_video_option(sd_vid_gen_params_t& params, const sdcpp_option& option, option_storage& storage) {
    set_checked(video_options(), params, option, storage);
}

} // namespace sdcpp
