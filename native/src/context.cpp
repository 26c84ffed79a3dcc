#include "context.hpp"

#include "call_scope.hpp"
#include "checks.hpp"
#include "failure.hpp"
#include "threads.hpp"

#include <cstring>

namespace sdcpp {
namespace {

// Not every engine has every field.
template <typename Params>
auto load_eagerly(Params& params, int) -> decltype(params.eager_load, void()) {
    params.eager_load = true;
}
template <typename Params>
void load_eagerly(Params&, long) {}

bool is_path(const char* option) {
    const size_t length = std::strlen(option);
    return length > 5 && std::strcmp(option + length - 5, "_path") == 0;
}

// What the options name, checked, and their files.
void set_options(sdcpp_context& context, const sdcpp_context_params& params, sd_ctx_params_t& engine_params) {
    for (size_t i = 0; i < params.option_count; ++i) {
        const sdcpp_option& option = params.options[i];
        set_context_option(engine_params, option, context.options);
        if (is_path(option.name)) {
            checks::file(option.name, option.value);
            context.files.insert(option.name);
        }
    }
    for (size_t i = 0; i < params.embedding_count; ++i) {
        const sdcpp_option& embedding = params.embeddings[i];
        if (embedding.name == nullptr || embedding.name[0] == '\0' || embedding.value == nullptr) {
            refuse("an embedding has no name or no file");
        }
        checks::file(std::string("embedding ") + embedding.name, embedding.value);
        context.embeddings.push_back({context.options.keep(embedding.name), context.options.keep(embedding.value)});
    }
    engine_params.embeddings = context.embeddings.data();
    engine_params.embedding_count = static_cast<uint32_t>(context.embeddings.size());
}

} // namespace

sd_ctx_params_t engine_params_of(const sdcpp_context_params& params, sdcpp_context& context) {
    checks::threads(params.n_threads);
    checks::options(params.options, params.option_count);
    checks::options(params.embeddings, params.embedding_count);
    sd_ctx_params_t engine_params;
    engine().sd_ctx_params_init(&engine_params);
    engine_params.n_threads = params.n_threads > 0 ? params.n_threads : available_threads();
    // Merging a LoRA into the weights leaks it into the next call, and aborts in the prebuilt engine.
    engine_params.lora_apply_mode = LORA_APPLY_AT_RUNTIME;
    // A lazily loaded model fails in its first image, and its step times lie.
    load_eagerly(engine_params, 0);
    set_options(context, params, engine_params);

#if defined(SDCPP_PREBUILT)
    if (engine_params.lora_apply_mode != LORA_APPLY_AT_RUNTIME) {
        throw failure(SDCPP_NOT_SUPPORTED, "option lora_apply_mode: this engine build applies LoRAs at_runtime only; any other mode can end the process",
                      "lora_apply_mode");
    }
#endif
    return engine_params;
}

std::unique_ptr<sdcpp_context> create_context(const sdcpp_context_params& params, const sdcpp_call* call) {
    auto context = std::make_unique<sdcpp_context>();
    const sd_ctx_params_t engine_params = engine_params_of(params, *context);
    call_scope scope(call, SDCPP_PHASE_LOAD, nullptr);
    context->engine_context = {engine().new_sd_ctx(&engine_params), engine().free_sd_ctx};
    if (context->engine_context == nullptr) {
        scope.fail(SDCPP_MODEL_LOAD_FAILED, "the engine cannot load this model");
    }
    if (scope.lacks_text_encoder()) {
        throw failure(SDCPP_MODEL_LOAD_FAILED, "the model has no text encoder: give the files that its family reads prompts with, e.g. clip_l_path and t5xxl_path for FLUX and SD3");
    }
    sd_ctx_t* handle = context->engine_context.get();
    const char* version = engine().model_version_name != nullptr ? engine().model_version_name(handle) : nullptr;
    context->family = version != nullptr ? version : scope.family();
    const sample_method_t method = engine().sd_get_default_sample_method(handle);
    context->default_sampler = engine().sd_sample_method_name(method);
    context->default_scheduler = engine().sd_scheduler_name(engine().sd_get_default_scheduler(handle, method));
    context->makes_images = engine().supports_images == nullptr || engine().supports_images(handle);
    context->makes_videos = engine().supports_videos != nullptr && engine().supports_videos(handle);
    return context;
}

void need_file(const sdcpp_context& context, const char* field, const char* option) {
    if (context.files.count(option) == 0) {
        refuse(std::string(field) + " needs a model that was loaded with option " + option, field);
    }
}

} // namespace sdcpp
