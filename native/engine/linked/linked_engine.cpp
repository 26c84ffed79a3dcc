// An engine that was built from source or installed, linked at build time against its own header.
#include "../engine.hpp"

#include "../../src/failure.hpp"
#include "../layout_proof.hpp"

#if defined(_WIN32)
#include <windows.h>
#else
#include <dlfcn.h>
#endif

namespace sdcpp {
namespace {

// ggml's own functions are not in the engine's header; whether they can be reached depends on how the engine was linked.
void* find_in_engine_library(const char* name) {
    const auto* inside = reinterpret_cast<const void*>(&::generate_image);
#if defined(_WIN32)
    HMODULE module = nullptr;
    GetModuleHandleExA(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT, static_cast<const char*>(inside), &module);
    return module != nullptr ? reinterpret_cast<void*>(GetProcAddress(module, name)) : nullptr;
#else
    Dl_info info{};
    if (::dladdr(inside, &info) == 0) {
        return nullptr;
    }
    void* library = ::dlopen(info.dli_fname, RTLD_LAZY | RTLD_NOLOAD);
    return library != nullptr ? ::dlsym(library, name) : nullptr;
#endif
}

template <typename Function>
void find(const char* name, Function& function) {
    function = reinterpret_cast<Function>(find_in_engine_library(name));
}

} // namespace

engine_api load_engine(const char* engine_path) {
    if (engine_path != nullptr) {
        throw failure(SDCPP_NOT_SUPPORTED, "engine_path is for the prebuilt provider; this library is linked to its engine");
    }
    engine_api api;
#define SDCPP_TAKE(name) api.name = &::name;
    SDCPP_REQUIRED_FUNCTIONS(SDCPP_TAKE)
#undef SDCPP_TAKE
    find("sd_set_abort_callback", api.set_abort_callback);
    find("sd_list_devices", api.list_devices);
    find("sd_get_model_version_name", api.model_version_name);
    find("sd_set_preview_callback", api.set_preview_callback);
    find("ggml_backend_load", api.backend_load);
    find("str_to_sd_hires_upscaler", api.str_to_hires_upscaler);
    find("sd_hires_upscaler_name", api.hires_upscaler_name);
    find("convert", api.convert);
    find("ggml_backend_dev_by_name", api.device_by_name);
    find("ggml_backend_dev_memory", api.device_memory);
    find("ggml_set_abort_callback", api.ggml_set_abort_callback);
    layout_printers print;
    find("sd_ctx_params_to_str", print.context);
    find("sd_img_gen_params_to_str", print.image);
    prove_layout(api, print, "the engine library and the stable-diffusion.h that this bridge was compiled with are of different versions; build with the header of the library's own commit");
    const char* (*version)() = nullptr;
    const char* (*commit)() = nullptr;
    find("sd_version", version);
    find("sd_commit", commit);
    api.provider = "linked";
    api.version = version != nullptr ? version() : "";
    api.commit = commit != nullptr ? commit() : SDCPP_ENGINE_COMMIT;
    return api;
}

} // namespace sdcpp
