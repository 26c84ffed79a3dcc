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

#include <cstdlib>
#include <dlfcn.h>
#include <filesystem>
#include <link.h>
#include <utility>

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

// An instruction that the CPU lacks would end the process without a word.
void check_cpu() {
#if defined(__x86_64__)
    __builtin_cpu_init();
    std::string lacks;
    const std::pair<const char*, bool> needs[] = {{"AVX2", __builtin_cpu_supports("avx2")}, {"FMA", __builtin_cpu_supports("fma")}, {"F16C", __builtin_cpu_supports("f16c")}};
    for (const auto& [name, has] : needs) {
        lacks += has ? "" : (lacks.empty() ? "" : ", ") + std::string(name);
    }
    if (!lacks.empty()) {
        throw failure(SDCPP_ENGINE_INCOMPATIBLE, std::string(pinned_engine_version) + " was compiled for CPUs with AVX2, FMA and F16C (Intel since 2013, AMD since 2017); this one lacks " + lacks +
                                                     ". Build the engine from source for it: preset cpu");
    }
#endif
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
    check_cpu();
    check_hash(path);
    // Lazy: the functions of the runtime that the add-on was made for stay unresolved, and are never called.
    void* library = ::dlopen(path.c_str(), RTLD_LAZY | RTLD_LOCAL);
    link_map* map = nullptr;
    if (library == nullptr || ::dlinfo(library, RTLD_DI_LINKMAP, &map) != 0) {
        const char* now = std::getenv("LD_BIND_NOW");
        const bool at_once = now != nullptr && now[0] != '\0';
        throw failure(SDCPP_ENGINE_NOT_FOUND, std::string("the engine cannot be loaded: ") + ::dlerror() +
                                                  (at_once ? "; LD_BIND_NOW is set in the environment, which this engine cannot be loaded with: unset it" : ""));
    }
    const symbol_finder find(path, map->l_addr);
    engine_api api;
#define SDCPP_FIND(name) find.required(#name, api.name);
    SDCPP_REQUIRED_FUNCTIONS(SDCPP_FIND)
#undef SDCPP_FIND
#define SDCPP_FIND_IF_THERE(member, name, ...) find.optional(name, api.member);
    SDCPP_OPTIONAL_FUNCTIONS(SDCPP_FIND_IF_THERE)
#undef SDCPP_FIND_IF_THERE
    layout_printers print{};
    find.required("sd_ctx_params_to_str", print.context);
    find.required("sd_img_gen_params_to_str", print.image);
    prove_layout(api, print, "the engine file is not the one this build was made for");
    api.provider = "prebuilt";
    api.version = pinned_engine_version;
    return api;
}

} // namespace sdcpp
