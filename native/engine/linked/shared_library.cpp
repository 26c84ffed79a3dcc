#include "shared_library.hpp"

#include "../../src/failure.hpp"

#include <filesystem>

#if defined(_WIN32)
#include <windows.h>
#else
#include <dlfcn.h>
#endif

namespace sdcpp {
namespace {

const char anchor = 0;

[[noreturn]] void cannot_open(const std::string& path, const std::string& why) {
    throw failure(SDCPP_ENGINE_NOT_FOUND, "the engine library " + path + " cannot be loaded: " + why + "; all libraries of the engine's build belong beside libsdcpp");
}

} // namespace

std::string shared_library::folder() const { return std::filesystem::u8path(path_).parent_path().u8string(); }

#if defined(_WIN32)

std::string shared_library::beside_this_one(const char* file) {
    HMODULE module = nullptr;
    std::wstring path(32768, L'\0');
    GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT, reinterpret_cast<LPCWSTR>(&anchor), &module);
    path.resize(GetModuleFileNameW(module, path.data(), static_cast<DWORD>(path.size())));
    return (std::filesystem::path(path).parent_path() / file).u8string();
}

shared_library::shared_library(std::string path) : path_(std::move(path)) {
    const std::filesystem::path file = std::filesystem::u8path(path_);
    // The altered search path begins in the engine's own folder, where its ggml lies.
    handle_ = LoadLibraryExW(file.c_str(), nullptr, LOAD_WITH_ALTERED_SEARCH_PATH);
    if (handle_ == nullptr) {
        const DWORD code = GetLastError();
        char text[512] = {};
        FormatMessageA(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS | FORMAT_MESSAGE_MAX_WIDTH_MASK, nullptr, code, 0, text, sizeof text, nullptr);
        cannot_open(path_, std::string(text) + "(error " + std::to_string(code) + ")");
    }
}

void* shared_library::find(const char* name) const noexcept {
    FARPROC found = GetProcAddress(static_cast<HMODULE>(handle_), name);
    for (const wchar_t* part : {L"ggml.dll", L"ggml-base.dll", L"libggml.dll", L"libggml-base.dll"}) {
        const HMODULE module = found == nullptr ? GetModuleHandleW(part) : nullptr;
        found = module != nullptr ? GetProcAddress(module, name) : found;
    }
    return reinterpret_cast<void*>(found);
}

#else

std::string shared_library::beside_this_one(const char* file) {
    Dl_info info{};
    ::dladdr(&anchor, &info);
    return (std::filesystem::absolute(info.dli_fname).parent_path() / file).string();
}

shared_library::shared_library(std::string path) : path_(std::move(path)) {
    handle_ = ::dlopen(path_.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle_ == nullptr) {
        const char* why = ::dlerror();
        cannot_open(path_, why != nullptr ? why : "no reason was given");
    }
}

// Looks into what the library was linked with as well.
void* shared_library::find(const char* name) const noexcept { return ::dlsym(handle_, name); }

#endif

} // namespace sdcpp
