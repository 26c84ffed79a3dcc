#include "fit.hpp"

#include "call_scope.hpp"
#include "checks.hpp"
#include "context.hpp"
#include "failure.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>

namespace sdcpp {
namespace {

// No header that is at hand declares these: what they look like is proven by the engine's own functions (can_fit).
struct fit_workload {
    const char* prompt;
    int width;
    int height;
    int video_frames;
    sd_tiling_params_t vae_tiling_params;
    const void* image_request;
    const void* video_request;
};

struct fit_result {
    bool changed;
    char* backend;
    char* params_backend;
    bool vae_tiling;
    bool stream_layers;
    char* report;
};

enum fit_status : int { fit_success, fit_failure, fit_error };

constexpr unsigned char untouched = 0xCD;

// A struct with room behind it, to see how far the engine writes.
template <typename T>
struct with_canary {
    alignas(T) unsigned char bytes[sizeof(T) + 256];

    with_canary() { std::memset(bytes, untouched, sizeof bytes); }
    T& value() { return *reinterpret_cast<T*>(bytes); }
    bool ends_where_it_should() const {
        return std::all_of(bytes + sizeof(T), bytes + sizeof bytes, [](unsigned char byte) { return byte == untouched; });
    }
};

void copy(char (&to)[256], const char* from) {
    if (from != nullptr) {
        std::strncpy(to, from, sizeof to - 1);
    }
}

} // namespace

bool can_fit(const engine_api& api) noexcept {
    if (api.fit_params == nullptr || api.fit_workload_init == nullptr || api.fit_result_free == nullptr) {
        return false;
    }
    with_canary<fit_workload> workload;
    api.fit_workload_init(workload.bytes);
    const fit_workload& w = workload.value();
    if (!workload.ends_where_it_should() || w.prompt != nullptr || w.width != 512 || w.height != 512 || w.video_frames != 1 || w.vae_tiling_params.enabled ||
        w.vae_tiling_params.target_overlap != 0.5F || w.image_request != nullptr || w.video_request != nullptr) {
        return false;
    }
    // Without a model it clears the result and says that something is wrong.
    with_canary<fit_result> result;
    const int status = api.fit_params(nullptr, workload.bytes, result.bytes);
    const fit_result& r = result.value();
    return status == fit_error && result.ends_where_it_should() && !r.changed && r.backend == nullptr && r.params_backend == nullptr && !r.vae_tiling && !r.stream_layers && r.report == nullptr;
}

sdcpp_fit fit_model(const sdcpp_context_params& params, int32_t width, int32_t height, const char* prompt, const sdcpp_call* call) {
    if (!can_fit(engine())) {
        throw failure(SDCPP_NOT_SUPPORTED, "this engine build cannot tell what fits before a model is loaded");
    }
    checks::result_size(width, height);
    checks::prompt(prompt);
    sdcpp_context context;
    const sd_ctx_params_t engine_params = engine_params_of(params, context);
    for (const char* placed : {"backend", "params_backend"}) {
        for (size_t i = 0; i < params.option_count; ++i) {
            if (std::strcmp(params.options[i].name, placed) == 0 && params.options[i].value[0] != '\0') {
                refuse(std::string(placed) + " says where the model goes, which is what is asked: leave it out", placed);
            }
        }
    }

    fit_workload workload{};
    engine().fit_workload_init(&workload);
    workload.prompt = prompt != nullptr ? prompt : "";
    workload.width = width;
    workload.height = height;
    call_scope scope(call, SDCPP_PHASE_LOAD, nullptr);
    fit_result result{};
    const int status = engine().fit_params(&engine_params, &workload, &result);
    const std::unique_ptr<fit_result, void (*)(void*)> owner{&result, engine().fit_result_free};
    if (status != fit_success && status != fit_failure) {
        scope.fail(SDCPP_MODEL_LOAD_FAILED, "the engine cannot measure this model");
    }
    sdcpp_fit fit{};
    fit.fits = status == fit_success ? 1 : 0;
    fit.changed = result.changed ? 1 : 0;
    fit.vae_tiling = result.vae_tiling ? 1 : 0;
    fit.stream_layers = result.stream_layers ? 1 : 0;
    copy(fit.backend, result.backend);
    copy(fit.params_backend, result.params_backend);
    if (result.report != nullptr) {
        std::strncpy(fit.report, result.report, sizeof fit.report - 1);
    }
    return fit;
}

} // namespace sdcpp
