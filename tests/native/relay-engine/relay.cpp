// Hands each call on to the engine as it came: a jump leaves arguments and results where they are.
#include "../../../native/engine/engine.hpp"
#include "../../../native/engine/prebuilt/elf_symbols.hpp"

#include <cstdio>
#include <cstdlib>
#include <dlfcn.h>
#include <link.h>

#define RELAYED_FUNCTIONS(X)       \
    SDCPP_REQUIRED_FUNCTIONS(X)    \
    X(sd_ctx_params_to_str)        \
    X(sd_img_gen_params_to_str)    \
    X(sd_set_abort_callback)       \
    X(sd_list_devices)             \
    X(sd_set_preview_callback)     \
    X(str_to_sd_hires_upscaler)    \
    X(sd_hires_upscaler_name)      \
    X(sd_vid_gen_params_init)      \
    X(generate_video)              \
    X(free_sd_audio)               \
    X(ggml_backend_load)           \
    X(ggml_backend_dev_by_name)    \
    X(ggml_backend_dev_memory)     \
    X(ggml_set_abort_callback)

#if defined(__aarch64__)
#define RELAY_JUMP(name) "adrp x16, relay_" #name "\nldr x16, [x16, :lo12:relay_" #name "]\nbr x16\n"
#else
#define RELAY_JUMP(name) "jmp *relay_" #name "(%rip)\n"
#endif
#define RELAY(name)                                                                       \
    extern "C" __attribute__((visibility("hidden"))) uintptr_t relay_##name;       \
    uintptr_t relay_##name = 0;                                                           \
    __asm__(".pushsection .text\n.globl " #name "\n.type " #name ", %function\n" #name ":\n" RELAY_JUMP(name) ".popsection\n");
RELAYED_FUNCTIONS(RELAY)

namespace {

__attribute__((constructor)) void find_functions() {
    void* library = ::dlopen(RELAY_ENGINE, RTLD_LAZY | RTLD_LOCAL);
    link_map* map = nullptr;
    if (library == nullptr || ::dlinfo(library, RTLD_DI_LINKMAP, &map) != 0) {
        std::fprintf(stderr, "relay: %s\n", ::dlerror());
        std::abort();
    }
    const auto symbols = sdcpp::read_function_symbols(RELAY_ENGINE);
#define RELAY_FIND(name) relay_##name = map->l_addr + symbols.at(#name);
    RELAYED_FUNCTIONS(RELAY_FIND)
}

} // namespace
