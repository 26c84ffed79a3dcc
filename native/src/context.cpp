#include "context.hpp"

#include "call_scope.hpp"
#include "checks.hpp"
#include "failure.hpp"
#include "picture.hpp"
#include "preview.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

namespace sdcpp {
namespace {

// Not every engine has every field.
template <typename Params>
auto load_eagerly(Params& params, int) -> decltype(params.eager_load, void()) {
    params.eager_load = true;
}
template <typename Params>
void load_eagerly(Params&, long) {}

std::string with_engine_words(const char* what, const std::string& words) {
    return words.empty() ? std::string(what) + "; the engine gave no reason" : std::string(what) + ": " + words;
}

bool is_path(const char* option) {
    const size_t length = std::strlen(option);
    return length > 5 && std::strcmp(option + length - 5, "_path") == 0;
}

sample_method_t sampler(const sdcpp_image_params& params, const sdcpp_context& context) {
    const char* name = params.sampler != nullptr ? params.sampler : context.default_sampler.c_str();
    const sample_method_t method = engine().str_to_sample_method(name);
    if (method == SAMPLE_METHOD_COUNT) {
        refuse(std::string("sampler '") + name + "' is not known to this engine");
    }
    return method;
}

scheduler_t scheduler(const sdcpp_image_params& params, const sdcpp_context& context, sample_method_t method) {
    if (params.scheduler == nullptr) {
        return engine().sd_get_default_scheduler(context.engine_context.get(), method);
    }
    const scheduler_t value = engine().str_to_scheduler(params.scheduler);
    if (value == SCHEDULER_COUNT) {
        refuse(std::string("scheduler '") + params.scheduler + "' is not known to this engine");
    }
    return value;
}

} // namespace

std::unique_ptr<sdcpp_context> create_context(const sdcpp_context_params& params, const sdcpp_call* call) {
    checks::threads(params.n_threads);
    checks::options(params.options, params.option_count);
    auto context = std::make_unique<sdcpp_context>();
    sd_ctx_params_t engine_params;
    engine().sd_ctx_params_init(&engine_params);
    engine_params.n_threads = params.n_threads > 0 ? params.n_threads : engine().sd_get_num_physical_cores();
    // Merging a LoRA into the weights leaks it into the next call, and aborts in the prebuilt engine.
    engine_params.lora_apply_mode = LORA_APPLY_AT_RUNTIME;
    // A lazily loaded model fails in its first picture, and its step times lie.
    load_eagerly(engine_params, 0);
    for (size_t i = 0; i < params.option_count; ++i) {
        set_context_option(engine_params, params.options[i], context->options);
        if (is_path(params.options[i].name)) {
            checks::file(params.options[i].name, params.options[i].value);
        }
    }

#if defined(SDCPP_PREBUILT)
    if (engine_params.lora_apply_mode != LORA_APPLY_AT_RUNTIME) {
        throw failure(SDCPP_NOT_SUPPORTED, "option lora_apply_mode: this engine build applies LoRAs at_runtime only; any other mode can end the process");
    }
#endif

    call_scope scope(call, SDCPP_PHASE_LOAD, nullptr);
    context->engine_context = {engine().new_sd_ctx(&engine_params), engine().free_sd_ctx};
    if (context->engine_context == nullptr) {
        throw failure(scope.failed(SDCPP_MODEL_LOAD_FAILED), with_engine_words("the engine cannot load this model", scope.last_errors()));
    }
    sd_ctx_t* handle = context->engine_context.get();
    const char* version = engine().model_version_name != nullptr ? engine().model_version_name(handle) : nullptr;
    context->family = version != nullptr ? version : scope.family();
    const sample_method_t method = engine().sd_get_default_sample_method(handle);
    context->default_sampler = engine().sd_sample_method_name(method);
    context->default_scheduler = engine().sd_scheduler_name(engine().sd_get_default_scheduler(handle, method));
    return context;
}

void generate(sdcpp_context& context, const sdcpp_image_params& params, const sdcpp_image* init, const sdcpp_image* mask, float strength,
              const sdcpp_call* call, sdcpp_result& result) {
    checks::image_params(params);
    const auto width = static_cast<uint32_t>(params.width);
    const auto height = static_cast<uint32_t>(params.height);
    checks::result(&result, static_cast<uint32_t>(params.batch_count), static_cast<size_t>(width) * height * 3);
    result.image_count = 0;

    option_storage storage;
    sd_img_gen_params_t engine_params;
    engine().sd_img_gen_params_init(&engine_params);
    for (size_t i = 0; i < params.option_count; ++i) {
        set_image_option(engine_params, params.options[i], storage);
    }
    std::vector<sd_lora_t> loras(params.lora_count);
    for (uint32_t i = 0; i < params.lora_count; ++i) {
        loras[i].multiplier = params.loras[i].multiplier;
        loras[i].path = params.loras[i].path;
    }
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
    engine_params.sample_params.sample_steps = params.steps;
    engine_params.sample_params.guidance.txt_cfg = params.cfg_scale;
    engine_params.sample_params.sample_method = sampler(params, context);
    engine_params.sample_params.scheduler = scheduler(params, context, engine_params.sample_params.sample_method);
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
    if (context.cancel.load() == SDCPP_CANCEL_NOW) {
        throw failure(SDCPP_CANCELLED, "cancelled");
    }
    call_scope scope(call, SDCPP_PHASE_ENCODE, &context.cancel, params.batch_count);
    scope.set_context(context.engine_context.get(), params.steps);
    const preview_interest previews(call);
    engine().sd_cancel_generation(context.engine_context.get(), SD_CANCEL_RESET);
    engine_images images;
    const bool ok = engine().generate_image(context.engine_context.get(), &engine_params, &images.images, &images.count);
    if (context.cancel.load() == SDCPP_CANCEL_NOW) {
        throw failure(SDCPP_CANCELLED, "cancelled");
    }
    if (!ok || images.images == nullptr) {
        throw failure(scope.failed(SDCPP_GENERATION_FAILED), with_engine_words("the engine drew no picture", scope.last_errors()));
    }
    const int delivered = std::min(images.count, params.batch_count);
    for (int i = 0; i < delivered; ++i) {
        copy_middle(images.images[i], width, height, result.images[i]);
    }
    result.image_count = static_cast<uint32_t>(std::max(delivered, 0));
    if (result.image_count == 0) {
        throw failure(context.cancel.load() != SDCPP_CANCEL_NONE ? SDCPP_CANCELLED : scope.failed(SDCPP_GENERATION_FAILED),
                      with_engine_words("the engine finished no picture", scope.last_errors()));
    }
}

} // namespace sdcpp
