// The exports of sdcpp/engine.h and the log sink of sdcpp/call.h: loading the engine, and what it is and can.
#include "call_scope.hpp"
#include "context.hpp"
#include "exports.hpp"
#include "last_words.hpp"
#include "optional_functions.hpp"
#include "quiet_stdout.hpp"
#include "threads.hpp"
#include "video.hpp"

#include <atomic>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <vector>

namespace sdcpp {
namespace {

std::mutex load_mutex;
std::unique_ptr<engine_api> loaded;
std::atomic<const engine_api*> current{nullptr};

void load(const sdcpp_engine_params& params) {
    std::lock_guard<std::mutex> lock(load_mutex);
    if (loaded != nullptr) {
        return;
    }
#if !defined(_WIN32)
    // An engine that asserts would fork a debugger first, with every thread of the host stopped.
    ::setenv("GGML_NO_BACKTRACE", "1", 0);
#endif
    if (params.crash_file != nullptr) {
        last_words::open(params.crash_file);
    }
    auto api = std::make_unique<engine_api>(load_engine(params.engine_path));
    if (api->ggml_set_abort_callback != nullptr) {
        api->ggml_set_abort_callback([](const char* reason) { last_words::write(reason); });
    }
    if (params.backend_path != nullptr) {
        if (api->backend_load == nullptr) {
            throw failure(SDCPP_NOT_SUPPORTED, "this engine build cannot load backend plug-ins");
        }
        if (api->backend_load(params.backend_path) == nullptr) {
            throw failure(SDCPP_ENGINE_NOT_FOUND, std::string("the backend plug-in '") + params.backend_path + "' cannot be loaded");
        }
    }
    quiet_stdout(reinterpret_cast<const void*>(api->new_sd_ctx));
    loaded = std::move(api);
    current = loaded.get();
    call_scope::install_callbacks();
}

} // namespace

const engine_api& engine() {
    const engine_api* api = current.load();
    if (api == nullptr) {
        throw failure(SDCPP_ENGINE_NOT_FOUND, "no engine is loaded: call sdcpp_engine_load first");
    }
    return *api;
}

bool engine_is_loaded() noexcept { return current.load() != nullptr; }

} // namespace sdcpp

using namespace sdcpp;

uint32_t sdcpp_abi_version(void) { return SDCPP_ABI_VERSION; }

int32_t sdcpp_engine_load(const sdcpp_engine_params* params, sdcpp_error* error) {
    return behind_wall(error, [&] {
        need("params", params, sizeof(sdcpp_engine_params));
        load(copy_of(params));
    });
}

int32_t sdcpp_engine_get_info(sdcpp_engine_info* info, sdcpp_error* error) {
    return behind_wall(error, [&] {
        need("info", info, sizeof(sdcpp_engine_info));
        sdcpp_engine_info value{};
        value.provider = engine().provider.c_str();
        value.version = engine().version.c_str();
        value.commit = engine().commit.c_str();
        value.system_info = engine().sd_get_system_info();
        give(info, value);
    });
}

size_t sdcpp_engine_devices(char* buffer, size_t capacity) {
    size_t needed = 0;
    behind_wall(nullptr, [&] {
        if (engine().list_devices != nullptr) {
            needed = engine().list_devices(nullptr, 0) + 1;
            if (buffer != nullptr && capacity > 0) {
                engine().list_devices(buffer, capacity);
                buffer[capacity - 1] = '\0';
            }
        }
    });
    return needed;
}

int32_t sdcpp_device_memory(const char* name, uint64_t* free_bytes, uint64_t* total_bytes) {
    int32_t told = 0;
    behind_wall(nullptr, [&] {
        if (name == nullptr || free_bytes == nullptr || total_bytes == nullptr || engine().device_by_name == nullptr || engine().device_memory == nullptr) {
            return;
        }
        void* device = engine().device_by_name(name);
        if (device == nullptr) {
            return;
        }
        size_t free_size = 0;
        size_t total_size = 0;
        engine().device_memory(device, &free_size, &total_size);
        *free_bytes = free_size;
        *total_bytes = total_size;
        told = 1;
    });
    return told;
}

int32_t sdcpp_available_threads(void) {
    int32_t threads = 1;
    behind_wall(nullptr, [&] { threads = available_threads(); });
    return threads;
}

int32_t sdcpp_limit_at(int32_t index, sdcpp_limit* limit, sdcpp_error* error) {
    return behind_wall(error, [&] {
        need("limit", limit, sizeof(sdcpp_limit));
        static const std::vector<option_limit> all = [] {
            std::vector<option_limit> list;
            for (const checks::limit* known = checks::limits(); known->name != nullptr; ++known) {
                list.push_back({known->name, static_cast<double>(known->low), static_cast<double>(known->high)});
            }
            add_context_limits(list);
            add_image_limits(list);
            add_video_limits(list);
            return list;
        }();
        if (index < 0 || static_cast<size_t>(index) >= all.size()) {
            refuse("there is no limit number " + std::to_string(index));
        }
        const option_limit& found = all[static_cast<size_t>(index)];
        sdcpp_limit value{};
        value.name = found.name;
        value.low = found.low;
        value.high = found.high;
        give(limit, value);
    });
}

const char* sdcpp_engine_features(void) {
    const char* names = "";
    behind_wall(nullptr, [&] {
        static const std::string all = engine_features(engine());
        names = all.c_str();
    });
    return names;
}

const char* sdcpp_sampler_name(int32_t index) {
    const char* name = nullptr;
    behind_wall(nullptr, [&] {
        if (index >= 0 && index < static_cast<int32_t>(SAMPLE_METHOD_COUNT)) {
            name = engine().sd_sample_method_name(static_cast<sample_method_t>(index));
        }
    });
    return name;
}

const char* sdcpp_scheduler_name(int32_t index) {
    const char* name = nullptr;
    behind_wall(nullptr, [&] {
        if (index >= 0 && index < static_cast<int32_t>(SCHEDULER_COUNT)) {
            name = engine().sd_scheduler_name(static_cast<scheduler_t>(index));
        }
    });
    return name;
}

void sdcpp_set_log_sink(sdcpp_log_fn sink, void* user) { call_scope::set_sink(sink, user); }
