#include "options.hpp"

#include "../engine/engine.hpp"
#include "failure.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <functional>
#include <regex>
#include <unordered_map>

namespace sdcpp {
namespace {

struct option_context {
    const char* name;
    const char* value;
    option_storage& storage;
};

[[noreturn]] void wrong(const option_context& o, const std::string& allowed) {
    refuse(std::string("option ") + o.name + ": '" + o.value + "' is not allowed; use " + allowed);
}

void parse(const option_context& o, bool& field) {
    if (std::strcmp(o.value, "true") == 0 || std::strcmp(o.value, "false") == 0) {
        field = o.value[0] == 't';
    } else {
        wrong(o, "true or false");
    }
}

void parse(const option_context& o, int& field) {
    const char* end = o.value + std::strlen(o.value);
    const auto [stop, error] = std::from_chars(o.value, end, field);
    if (error != std::errc() || stop != end) {
        wrong(o, "a whole number");
    }
}

void parse(const option_context& o, float& field) {
    const char* end = o.value + std::strlen(o.value);
    const auto [stop, error] = std::from_chars(o.value, end, field);
    // NaN and infinity draw an all-black picture or hang the engine.
    if (error != std::errc() || stop != end || !std::isfinite(field)) {
        wrong(o, "a finite number");
    }
}

void parse(const option_context& o, const char*& field) { field = o.storage.keep(o.value); }

template <typename Enum>
void parse_enum(const option_context& o, Enum& field, Enum (*from_name)(const char*), Enum unknown, const char* what) {
    field = from_name(o.value);
    if (field == unknown) {
        wrong(o, std::string("the name of a ") + what + " that this engine knows");
    }
}

void parse(const option_context& o, sd_type_t& field) { parse_enum(o, field, engine().str_to_sd_type, SD_TYPE_COUNT, "weight type"); }
void parse(const option_context& o, rng_type_t& field) { parse_enum(o, field, engine().str_to_rng_type, RNG_TYPE_COUNT, "random number generator"); }
void parse(const option_context& o, prediction_t& field) { parse_enum(o, field, engine().str_to_prediction, PREDICTION_COUNT, "prediction"); }
void parse(const option_context& o, lora_apply_mode_t& field) {
    parse_enum(o, field, engine().str_to_lora_apply_mode, LORA_APPLY_MODE_COUNT, "LoRA apply mode");
}

// The engine has no name function for this one.
void parse(const option_context& o, sd_vae_format_t& field) {
    static const char* const names[] = {"auto", "flux", "sd3", "flux2", "wan"};
    for (int i = 0; i < 5; ++i) {
        if (std::strcmp(o.value, names[i]) == 0) {
            field = static_cast<sd_vae_format_t>(i - 1);
            return;
        }
    }
    wrong(o, "auto, flux, sd3, flux2 or wan");
}

template <typename Params>
using option_table = std::unordered_map<std::string, std::function<void(Params&, const option_context&)>>;

// Adds the field when the struct has it: `get` is only callable then.
template <typename Params, typename Get>
void add(option_table<Params>& table, const char* name, Get get) {
    if constexpr (std::is_invocable_v<Get, Params&>) {
        table.emplace(name, [get](Params& params, const option_context& o) { parse(o, get(params)); });
    }
}

#define SDCPP_OPTION(table, field) add(table, #field, [](auto& p) -> decltype((p.field)) { return p.field; })

option_table<sd_ctx_params_t> context_table() {
    option_table<sd_ctx_params_t> t;
    SDCPP_OPTION(t, model_path);
    SDCPP_OPTION(t, clip_l_path);
    SDCPP_OPTION(t, clip_g_path);
    SDCPP_OPTION(t, clip_vision_path);
    SDCPP_OPTION(t, t5xxl_path);
    SDCPP_OPTION(t, llm_path);
    SDCPP_OPTION(t, llm_vision_path);
    SDCPP_OPTION(t, diffusion_model_path);
    SDCPP_OPTION(t, high_noise_diffusion_model_path);
    SDCPP_OPTION(t, uncond_diffusion_model_path);
    SDCPP_OPTION(t, embeddings_connectors_path);
    SDCPP_OPTION(t, vae_path);
    SDCPP_OPTION(t, audio_vae_path);
    SDCPP_OPTION(t, audio_encoder_path);
    SDCPP_OPTION(t, taesd_path);
    SDCPP_OPTION(t, control_net_path);
    SDCPP_OPTION(t, ip_adapter_path);
    SDCPP_OPTION(t, motion_module_path);
    SDCPP_OPTION(t, photo_maker_path);
    SDCPP_OPTION(t, pulid_weights_path);
    SDCPP_OPTION(t, wtype);
    SDCPP_OPTION(t, rng_type);
    SDCPP_OPTION(t, sampler_rng_type);
    SDCPP_OPTION(t, prediction);
    SDCPP_OPTION(t, lora_apply_mode);
    SDCPP_OPTION(t, enable_mmap);
    SDCPP_OPTION(t, flash_attn);
    SDCPP_OPTION(t, diffusion_flash_attn);
    SDCPP_OPTION(t, tae_preview_only);
    SDCPP_OPTION(t, diffusion_conv_direct);
    SDCPP_OPTION(t, vae_conv_direct);
    SDCPP_OPTION(t, force_sdxl_vae_conv_scale);
    SDCPP_OPTION(t, vae_format);
    SDCPP_OPTION(t, max_vram);
    SDCPP_OPTION(t, stream_layers);
    SDCPP_OPTION(t, disable_prefetch);
    SDCPP_OPTION(t, disable_segmented_compute);
    SDCPP_OPTION(t, eager_load);
    SDCPP_OPTION(t, backend);
    SDCPP_OPTION(t, params_backend);
    SDCPP_OPTION(t, split_mode);
    SDCPP_OPTION(t, auto_fit);
    SDCPP_OPTION(t, rpc_servers);
    SDCPP_OPTION(t, model_args);
    SDCPP_OPTION(t, vae_auto_cpu_fallback);
    SDCPP_OPTION(t, vae_auto_cpu_fallback_memory_ratio);
    SDCPP_OPTION(t, linear_scale);
    SDCPP_OPTION(t, attn_scale);
    SDCPP_OPTION(t, tokenizer);
    SDCPP_OPTION(t, sage_attn);
    SDCPP_OPTION(t, conditioning_cache_size);
    return t;
}

option_table<sd_img_gen_params_t> image_table() {
    option_table<sd_img_gen_params_t> t;
    SDCPP_OPTION(t, sample_params.eta);
    SDCPP_OPTION(t, sample_params.shifted_timestep);
    SDCPP_OPTION(t, sample_params.flow_shift);
    SDCPP_OPTION(t, sample_params.guidance.img_cfg);
    SDCPP_OPTION(t, sample_params.guidance.distilled_guidance);
    SDCPP_OPTION(t, vae_tiling_params.enabled);
    SDCPP_OPTION(t, vae_tiling_params.tile_size_x);
    SDCPP_OPTION(t, vae_tiling_params.tile_size_y);
    SDCPP_OPTION(t, vae_tiling_params.target_overlap);
    SDCPP_OPTION(t, circular_x);
    SDCPP_OPTION(t, circular_y);
    return t;
}

#undef SDCPP_OPTION

template <typename Params>
void set_option(const option_table<Params>& table, Params& params, const sdcpp_option& option, option_storage& storage) {
    if (option.name == nullptr || option.value == nullptr) {
        refuse("an option has no name or no value");
    }
    const auto found = table.find(option.name);
    if (found == table.end()) {
        throw failure(SDCPP_NOT_SUPPORTED, std::string("option ") + option.name + " is not supported by this engine build");
    }
    found->second(params, {option.name, option.value, storage});
}

// "pattern=type,pattern=type": a malformed pattern ends the process inside the engine.
void set_type_rules(sd_ctx_params_t& params, const char* rules, option_storage& storage) {
    const std::string text(rules);
    size_t begin = 0;
    while (begin <= text.size()) {
        const size_t end = std::min(text.find(',', begin), text.size());
        const std::string rule = text.substr(begin, end - begin);
        const size_t equals = rule.rfind('=');
        if (equals == std::string::npos || engine().str_to_sd_type(rule.c_str() + equals + 1) == SD_TYPE_COUNT) {
            refuse("option tensor_type_rules: '" + rule + "' is not a rule; write pattern=type, e.g. ^vae\\.=f16");
        }
        try {
            std::regex check(rule.substr(0, equals));
        } catch (const std::regex_error& e) {
            refuse("option tensor_type_rules: the pattern in '" + rule + "' is not a regular expression: " + e.what());
        }
        begin = end + 1;
    }
    params.tensor_type_rules = storage.keep(rules);
}

} // namespace

void set_context_option(sd_ctx_params_t& params, const sdcpp_option& option, option_storage& storage) {
    static const auto table = context_table();
    if (option.name != nullptr && option.value != nullptr && std::strcmp(option.name, "tensor_type_rules") == 0) {
        set_type_rules(params, option.value, storage);
        return;
    }
    set_option(table, params, option, storage);
}

void set_image_option(sd_img_gen_params_t& params, const sdcpp_option& option, option_storage& storage) {
    static const auto table = image_table();
    set_option(table, params, option, storage);
}

} // namespace sdcpp
