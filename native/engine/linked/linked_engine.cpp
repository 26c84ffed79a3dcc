// An engine that comes with its own header: built from source, installed, or out of a release archive. Its library lies beside this one and
// is opened by name, not linked: then no import library is needed, what is missing is said in words, and ggml's back ends are found where the
// engine is and not where the host program is.
#include "../engine.hpp"

#include "../../src/failure.hpp"
#include "../layout_proof.hpp"
#include "shared_library.hpp"

#include <algorithm>

namespace sdcpp {
namespace {

constexpr char other_version[] = "the engine library and the stable-diffusion.h that this bridge was compiled with are of different versions; "
                                 "build with the header of the library's own commit";

template <typename Function>
void find(const shared_library& library, const char* name, Function& function) {
    function = reinterpret_cast<Function>(library.find(name));
}

template <typename Function>
void need(const shared_library& library, const char* name, Function& function) {
    find(library, name, function);
    if (function == nullptr) {
        throw failure(SDCPP_ENGINE_INCOMPATIBLE, std::string(other_version) + ": " + library.path() + " has no function " + name);
    }
}

// Engines that were built with back ends as plug-ins look for them beside the host program. Those that have theirs inside have devices already.
void load_backends(const shared_library& library) {
    size_t (*device_count)() = nullptr;
    void (*load_all)(const char*) = nullptr;
    find(library, "ggml_backend_dev_count", device_count);
    find(library, "ggml_backend_load_all_from_path", load_all);
    if (device_count == nullptr || load_all == nullptr || device_count() > 0) {
        return;
    }
    load_all(library.folder().c_str());
    if (device_count() == 0) {
        throw failure(SDCPP_ENGINE_NOT_FOUND, "the engine has no back end to compute with: no ggml-cpu library in " + library.folder() +
                                                  " can be loaded; take all libraries of the engine's archive along");
    }
}

std::string text_of(const char* (*function)()) {
    const char* text = function != nullptr ? function() : nullptr;
    return text != nullptr ? text : "";
}

// A commit is told with seven digits or with all forty.
void check_commit(const std::string& told) {
    const std::string expected = SDCPP_ENGINE_COMMIT;
    const size_t digits = std::min(told.size(), expected.size());
    if (SDCPP_ENGINE_COMMIT_IS_SURE && digits >= 7 && told.compare(0, digits, expected, 0, digits) != 0) {
        throw failure(SDCPP_ENGINE_INCOMPATIBLE, std::string(other_version) + ": the library says that it is commit " + told + ", the header is of " + expected);
    }
}

} // namespace

engine_api load_engine(const char* engine_path) {
    if (engine_path != nullptr) {
        throw failure(SDCPP_NOT_SUPPORTED, "engine_path is for the prebuilt provider; this library is linked to its engine");
    }
    // For the life of the process, as its functions are.
    static const shared_library& library = *new shared_library(shared_library::beside_this_one(SDCPP_ENGINE_FILE));
    const char* (*version)() = nullptr;
    const char* (*commit)() = nullptr;
    find(library, "sd_version", version);
    find(library, "sd_commit", commit);
    check_commit(text_of(commit));

    engine_api api;
#define SDCPP_TAKE(name) need(library, #name, api.name);
    SDCPP_REQUIRED_FUNCTIONS(SDCPP_TAKE)
#undef SDCPP_TAKE
#define SDCPP_FIND(member, name, ...) find(library, name, api.member);
    SDCPP_OPTIONAL_FUNCTIONS(SDCPP_FIND)
#undef SDCPP_FIND
    layout_printers print;
    find(library, "sd_ctx_params_to_str", print.context);
    find(library, "sd_img_gen_params_to_str", print.image);
    prove_layout(api, print, other_version);
    load_backends(library);
    api.provider = "linked";
    api.version = text_of(version);
    api.commit = commit != nullptr ? text_of(commit) : SDCPP_ENGINE_COMMIT;
    return api;
}

} // namespace sdcpp
