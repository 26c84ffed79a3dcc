// Owners of what a call borrows from the engine.
#pragma once

#include "../engine/engine.hpp"
#include "failure.hpp"

#include <atomic>

namespace sdcpp {

class busy_flag {
public:
    bool try_enter() noexcept { return !busy_.exchange(true, std::memory_order_acquire); }
    void leave() noexcept { busy_.store(false, std::memory_order_release); }

private:
    std::atomic<bool> busy_{false};
};

// One call at a time on a handle: the engine crashes when two threads use one context.
class busy_guard {
public:
    busy_guard(busy_flag& flag, const char* message) : flag_(flag) {
        if (!flag_.try_enter()) {
            throw failure(SDCPP_BUSY, message);
        }
    }
    ~busy_guard() { flag_.leave(); }
    busy_guard(const busy_guard&) = delete;
    busy_guard& operator=(const busy_guard&) = delete;

private:
    busy_flag& flag_;
};

// The engine's result, given back to the engine whatever happens.
struct engine_images {
    sd_image_t* images = nullptr;
    int count = 0;
    engine_images() = default;
    engine_images(const engine_images&) = delete;
    engine_images& operator=(const engine_images&) = delete;
    ~engine_images() {
        if (images != nullptr) {
            engine().free_sd_images(images, count);
        }
    }
};

struct engine_audio {
    sd_audio_t* audio = nullptr;
    engine_audio() = default;
    engine_audio(const engine_audio&) = delete;
    engine_audio& operator=(const engine_audio&) = delete;
    ~engine_audio() {
        if (audio != nullptr && engine().free_audio != nullptr) {
            engine().free_audio(audio);
        }
    }
};

} // namespace sdcpp
