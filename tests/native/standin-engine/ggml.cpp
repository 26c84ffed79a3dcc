// As much of ggml as shows whether its back ends were loaded from the engine's own folder: nothing computes before one is.
#include <cstddef>
#include <filesystem>

#if defined(_WIN32)
#define STANDIN_EXPORT extern "C" __declspec(dllexport)
#include <windows.h>
#else
#define STANDIN_EXPORT extern "C" __attribute__((visibility("default")))
#include <dlfcn.h>
#endif

namespace {

size_t devices = 0;

bool can_open(const std::filesystem::path& file) {
#if defined(_WIN32)
    return LoadLibraryW(file.c_str()) != nullptr;
#else
    return ::dlopen(file.c_str(), RTLD_NOW) != nullptr;
#endif
}

} // namespace

STANDIN_EXPORT size_t ggml_backend_dev_count() { return devices; }

STANDIN_EXPORT void ggml_backend_load_all_from_path(const char* folder) {
    for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::u8path(folder))) {
        const std::string name = entry.path().filename().string();
        if (name.find("ggml-cpu") != std::string::npos && can_open(entry.path())) {
            ++devices;
        }
    }
}
