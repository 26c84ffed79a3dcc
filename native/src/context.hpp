// A loaded model and the calls on it.
#pragma once

#include "../engine/engine.hpp"
#include "engine_guards.hpp"
#include "options.hpp"

#include <sdcpp.h>

#include <atomic>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

struct sdcpp_context {
    sdcpp::option_storage options; // the engine reads paths again when it loads weights lazily
    std::vector<sd_embedding_t> embeddings;
    std::set<std::string> files; // the options of this model that name one
    std::unique_ptr<sd_ctx_t, void (*)(sd_ctx_t*)> engine_context{nullptr, nullptr};
    std::string family;
    std::string default_sampler;
    std::string default_scheduler;
    bool makes_images = true;
    bool makes_videos = false; // as the engine says; see makes_videos() for what is handed through
    std::atomic<int> cancel{SDCPP_CANCEL_NONE};
    sdcpp::busy_flag busy;
};

namespace sdcpp {

// What the engine is given to load a model, checked; `context` keeps what it points to.
sd_ctx_params_t engine_params_of(const sdcpp_context_params& params, sdcpp_context& context);

std::unique_ptr<sdcpp_context> create_context(const sdcpp_context_params& params, const sdcpp_call* call);

// Throws `failure` unless the model was loaded with `option`, which `field` needs.
void need_file(const sdcpp_context& context, const char* field, const char* option);

// Width and height of the results of a request, whose numbers and options it checks.
std::pair<uint32_t, uint32_t> result_size(const sdcpp_image_params& params);

// `init` and `mask` may be null.
void generate(sdcpp_context& context, const sdcpp_image_params& params, const sdcpp_image* init, const sdcpp_image* mask, float strength,
              const sdcpp_call* call, sdcpp_result& result);

} // namespace sdcpp
