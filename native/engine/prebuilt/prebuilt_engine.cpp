// The engine out of the pinned npm package. It is an add-on for another runtime, so its functions are local symbols: they are found in
// the file's symbol table and moved by the address that the loader chose.
#include "../engine.hpp"

#include "../../src/failure.hpp"
#include "../layout_proof.hpp"
#include "elf_symbols.hpp"
#include "engine_layout.hpp"
#include "mapped_file.hpp"
#include "pinned_engine.hpp"
#include "sha256.hpp"

#include <dlfcn.h>
#include <filesystem>
#include <link.h>

namespace sdcpp {
namespace {

std::string beside_this_library() {
    Dl_info info{};
    ::dladdr(reinterpret_cast<const void*>(&beside_this_library), &info);
    return (std::filesystem::path(info.dli_fname).parent_path() / pinned_engine_file).string();
}

void check_hash(const std::string& path) {
    const mapped_file file(path);
    const std::string hash = sha256_hex(file.data(), static_cast<size_t>(file.size()));
    if (hash != pinned_engine_sha256) {
        throw failure(SDCPP_ENGINE_INCOMPATIBLE, "the engine file '" + path + "' is not " + pinned_engine_version + ": its SHA-256 is " + hash + ", expected " +
                                                     pinned_engine_sha256 + "; delete it and build again");
    }
}

class symbol_finder {
public:
    symbol_finder(const std::string& path, uint64_t base) : path_(path), base_(base), symbols_(read_function_symbols(path)) {}

    template <typename Function>
    void required(const char* name, Function& function) const {
        optional(name, function);
        if (function == nullptr) {
            throw failure(SDCPP_ENGINE_INCOMPATIBLE, "the engine file '" + path_ + "' has no function " + name);
        }
    }

    template <typename Function>
    void optional(const char* name, Function& function) const {
        const auto found = symbols_.find(name);
        function = found != symbols_.end() ? reinterpret_cast<Function>(base_ + found->second) : nullptr;
    }

private:
    std::string path_;
    uint64_t base_;
    std::unordered_map<std::string, uint64_t> symbols_;
};

} // namespace

engine_api load_engine(const char* engine_path) {
    const std::string path = engine_path != nullptr ? engine_path : beside_this_library();
    check_hash(path);
    // Lazy: the functions of the runtime that the add-on was made for stay unresolved, and are never called.
    void* library = ::dlopen(path.c_str(), RTLD_LAZY | RTLD_LOCAL);
    link_map* map = nullptr;
    if (library == nullptr || ::dlinfo(library, RTLD_DI_LINKMAP, &map) != 0) {
        throw failure(SDCPP_ENGINE_NOT_FOUND, std::string("the engine cannot be loaded: ") + ::dlerror());
    }
    const symbol_finder find(path, map->l_addr);
    engine_api api;
#define SDCPP_FIND(name) find.required(#name, api.name);
    SDCPP_REQUIRED_FUNCTIONS(SDCPP_FIND)
#undef SDCPP_FIND
    find.optional("sd_set_abort_callback", api.set_abort_callback);
    find.optional("sd_list_devices", api.list_devices);
    find.optional("sd_set_preview_callback", api.set_preview_callback);
    find.optional("str_to_sd_hires_upscaler", api.str_to_hires_upscaler);
    find.optional("sd_hires_upscaler_name", api.hires_upscaler_name);
    find.optional("ggml_backend_load", api.backend_load);
    find.optional("ggml_backend_dev_by_name", api.device_by_name);
    find.optional("ggml_backend_dev_memory", api.device_memory);
    find.optional("ggml_set_abort_callback", api.ggml_set_abort_callback);
    layout_printers print{};
    find.required("sd_ctx_params_to_str", print.context);
    find.required("sd_img_gen_params_to_str", print.image);
    prove_layout(api, print, "the engine file is not the one this build was made for");
    api.provider = "prebuilt";
    api.version = pinned_engine_version;
    return api;
}

} // namespace sdcpp
