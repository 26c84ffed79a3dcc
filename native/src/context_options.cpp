// The options of a model.
#include "option_table.hpp"

#include "../engine/engine.hpp"

#include <algorithm>
#include <array>
#include <charconv>
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

// What a pattern of a rule may be. Regular expressions are compiled and matched by recursion here and in the engine: brackets within
// brackets overflow the stack, and a repetition of something that repeats takes time without end.
constexpr size_t longest_rules = 1024;
constexpr int deepest_brackets = 8;
constexpr int most_repetitions = 64;
constexpr int most_open_ends = 3; // of *, + and {n,}, which multiply each other's tries

[[noreturn]] void wrong_rule(const std::string& rule, const std::string& why) {
    const std::string shown = rule.size() > 80 ? rule.substr(0, 77) + "..." : rule;
    refuse("option tensor_type_rules: the pattern in '" + shown + "' " + why, "tensor_type_rules");
}

bool repeats_often(char c) { return c == '*' || c == '+' || c == '{'; }

// The number after a brace, which the compiler unrolls.
void check_count(const std::string& rule, size_t brace) {
    for (size_t at = brace + 1; at < rule.size() && rule[at] != '}';) {
        int count = 0;
        const auto [stop, error] = std::from_chars(rule.data() + at, rule.data() + rule.size(), count);
        if (error == std::errc::result_out_of_range || count > most_repetitions) {
            wrong_rule(rule, "repeats more than " + std::to_string(most_repetitions) + " times");
        }
        at = std::max(at + 1, static_cast<size_t>(stop - rule.data()));
    }
}

void check_pattern(const std::string& rule, const std::string& pattern) {
    std::vector<bool> repeated_within; // for each open bracket
    bool in_set = false;
    int open_ends = 0;
    for (size_t at = 0; at < pattern.size(); ++at) {
        const char c = pattern[at];
        if (c == '\\') {
            ++at;
            if (at < pattern.size() && pattern[at] >= '1' && pattern[at] <= '9') {
                wrong_rule(rule, "refers back to a group, which is not supported");
            }
        } else if (in_set) {
            in_set = c != ']';
        } else if (c == '[') {
            in_set = true;
        } else if (c == '(') {
            repeated_within.push_back(false);
            if (repeated_within.size() > deepest_brackets) {
                wrong_rule(rule, "has more than " + std::to_string(deepest_brackets) + " brackets within each other");
            }
            at += pattern.compare(at + 1, 1, "?") == 0 ? 1 : 0; // (?: and the like repeat nothing
        } else if (c == ')' && !repeated_within.empty()) {
            const bool inner = repeated_within.back();
            repeated_within.pop_back();
            if (inner && at + 1 < pattern.size() && repeats_often(pattern[at + 1])) {
                wrong_rule(rule, "repeats a group that repeats or chooses something itself");
            }
            if (inner && !repeated_within.empty()) {
                repeated_within.back() = true;
            }
        } else if (repeats_often(c) || c == '?' || c == '|') {
            if (c == '{') {
                check_count(pattern, at);
            }
            if (repeats_often(c) && ++open_ends > most_open_ends) {
                wrong_rule(rule, "repeats more than " + std::to_string(most_open_ends) + " times something of any length");
            }
            if (!repeated_within.empty()) {
                repeated_within.back() = true;
            }
        }
    }
}

// "pattern=type,pattern=type": a malformed pattern ends the process inside the engine.
void check_type_rules(const char* rules) {
    if (std::strlen(rules) > longest_rules) {
        refuse("option tensor_type_rules is " + std::to_string(std::strlen(rules)) + " bytes long; allowed is " + std::to_string(longest_rules) + " bytes at most",
               "tensor_type_rules");
    }
    const std::string text(rules);
    size_t begin = 0;
    while (begin <= text.size()) {
        const size_t end = std::min(text.find(',', begin), text.size());
        const std::string rule = text.substr(begin, end - begin);
        const size_t equals = rule.rfind('=');
        if (equals == std::string::npos || !is_weight_type(rule.substr(equals + 1))) {
            refuse("option tensor_type_rules: '" + rule + "' is not a rule; write pattern=type, e.g. ^vae\\.=f16, with a type of " + weight_type_names(), "tensor_type_rules");
        }
        check_pattern(rule, rule.substr(0, equals));
        try {
            std::regex check(rule.substr(0, equals));
        } catch (const std::regex_error& e) {
            wrong_rule(rule, std::string("is not a regular expression: ") + e.what());
        }
        begin = end + 1;
    }
}

} // namespace

static const option_table<sd_ctx_params_t>& the_table() {
    static const auto table = context_table();
    return table;
}

void add_context_limits(std::vector<option_limit>& to) { add_limits(the_table(), to); }

void set_context_option(sd_ctx_params_t& params, const sdcpp_option& option, option_storage& storage) {
    if (option.name != nullptr && option.value != nullptr && std::strcmp(option.name, "tensor_type_rules") == 0) {
        check_type_rules(option.value);
        params.tensor_type_rules = storage.keep(option.value);
        return;
    }
    set_option(the_table(), params, option, storage);
}

} // namespace sdcpp
