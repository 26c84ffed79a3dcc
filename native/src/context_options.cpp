// The options of a model.
#include "option_table.hpp"

#include "../engine/engine.hpp"

#include <algorithm>
#include <array>
#include <regex>

namespace sdcpp {
namespace {

// What the engine converts weights to while it loads. Its other types need a table of importances, take hours, or end the process.
constexpr std::array weight_types = {"f32", "f16", "bf16", "q4_0", "q4_1", "q5_0", "q5_1", "q8_0", "q2_K", "q3_K", "q4_K", "q5_K", "q6_K", "iq4_nl", "iq4_xs"};

bool is_weight_type(const std::string& name) { return std::find(weight_types.begin(), weight_types.end(), name) != weight_types.end(); }

std::string weight_type_names() {
    std::string names;
    for (const char* name : weight_types) {
        names += (names.empty() ? "" : name == weight_types.back() ? " or " : ", ") + std::string(name);
    }
    return names;
}

} // namespace

// Found by their arguments when the tables are made, so not in the unnamed namespace.
static void parse(const option_context& o, sd_type_t& field) {
    if (!is_weight_type(o.value)) {
        wrong(o, weight_type_names());
    }
    parse_enum(o, field, engine().str_to_sd_type, SD_TYPE_COUNT, "weight type");
}

static void parse(const option_context& o, rng_type_t& field) { parse_enum(o, field, engine().str_to_rng_type, RNG_TYPE_COUNT, "random number generator"); }
static void parse(const option_context& o, prediction_t& field) {
    // Those of single families, which the engine knows by themselves; with any other they end the process.
    for (const char* own : {"sefi_flow", "minit2i_flow"}) {
        if (std::strcmp(o.value, own) == 0) {
            wrong(o, "eps, v, edm_v, sd3_flow or flux_flow; the family that has this one gets it without asking");
        }
    }
    parse_enum(o, field, engine().str_to_prediction, PREDICTION_COUNT, "prediction");
}
static void parse(const option_context& o, lora_apply_mode_t& field) {
    parse_enum(o, field, engine().str_to_lora_apply_mode, LORA_APPLY_MODE_COUNT, "LoRA apply mode");
}
static void parse(const option_context& o, sd_vae_format_t& field) { parse_listed(o, field, {"auto", "flux", "sd3", "flux2", "wan"}, -1); }

namespace {

template <typename Params>
void add_files(option_table<Params>& t) {
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
    SDCPP_OPTION(t, tokenizer);
}

template <typename Params>
void add_placement(option_table<Params>& t) {
    SDCPP_OPTION(t, enable_mmap);
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
    SDCPP_OPTION(t, vae_auto_cpu_fallback);
    SDCPP_NUMBER(t, vae_auto_cpu_fallback_memory_ratio, 0, 1);
    SDCPP_NUMBER(t, conditioning_cache_size, 0, 1000);
}

template <typename Params>
void add_computing(option_table<Params>& t) {
    SDCPP_OPTION(t, wtype);
    SDCPP_OPTION(t, rng_type);
    SDCPP_OPTION(t, sampler_rng_type);
    SDCPP_OPTION(t, prediction);
    SDCPP_OPTION(t, lora_apply_mode);
    SDCPP_OPTION(t, flash_attn);
    SDCPP_OPTION(t, diffusion_flash_attn);
    SDCPP_OPTION(t, sage_attn);
    SDCPP_OPTION(t, tae_preview_only);
    SDCPP_OPTION(t, diffusion_conv_direct);
    SDCPP_OPTION(t, vae_conv_direct);
    SDCPP_OPTION(t, force_sdxl_vae_conv_scale);
    SDCPP_OPTION(t, vae_format);
    SDCPP_OPTION(t, model_args);
    SDCPP_NUMBER(t, linear_scale, 0, 1000);
    SDCPP_NUMBER(t, attn_scale, 0, 1000);
}

option_table<sd_ctx_params_t> context_table() {
    option_table<sd_ctx_params_t> t;
    add_files(t);
    add_placement(t);
    add_computing(t);
    return t;
}

// "pattern=type,pattern=type": a malformed pattern ends the process inside the engine.
void check_type_rules(const char* rules) {
    const std::string text(rules);
    size_t begin = 0;
    while (begin <= text.size()) {
        const size_t end = std::min(text.find(',', begin), text.size());
        const std::string rule = text.substr(begin, end - begin);
        const size_t equals = rule.rfind('=');
        if (equals == std::string::npos || !is_weight_type(rule.substr(equals + 1))) {
            refuse("option tensor_type_rules: '" + rule + "' is not a rule; write pattern=type, e.g. ^vae\\.=f16, with a type of " + weight_type_names());
        }
        try {
            std::regex check(rule.substr(0, equals));
        } catch (const std::regex_error& e) {
            refuse("option tensor_type_rules: the pattern in '" + rule + "' is not a regular expression: " + e.what());
        }
        begin = end + 1;
    }
}

} // namespace

void set_context_option(sd_ctx_params_t& params, const sdcpp_option& option, option_storage& storage) {
    static const auto table = context_table();
    if (option.name != nullptr && option.value != nullptr && std::strcmp(option.name, "tensor_type_rules") == 0) {
        check_type_rules(option.value);
        params.tensor_type_rules = storage.keep(option.value);
        return;
    }
    set_option(table, params, option, storage);
}

} // namespace sdcpp
