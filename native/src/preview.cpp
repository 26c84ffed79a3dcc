#include "preview.hpp"

#include "../engine/engine.hpp"
#include "call_scope.hpp"
#include "failure.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <mutex>
#include <string>

namespace sdcpp {
namespace {

// In the order of what they cost, which is also the engine's.
constexpr std::array<const char*, 4> mode_names = {"none", "proj", "tae", "vae"};

std::mutex modes_mutex;
std::array<int, mode_names.size()> wanted{};

void on_preview(int step, int frame_count, sd_image_t* frames, bool, void*) noexcept {
    if (call_scope* call = call_scope::current(); call != nullptr && frames != nullptr && frame_count > 0) {
        call->on_preview(step, frames[0]);
    }
}

int mode_number(const std::string& name) {
    const auto found = std::find(mode_names.begin(), mode_names.end(), name);
    if (found == mode_names.end()) {
        refuse("preview_mode is '" + name + "'; allowed is none, proj, tae or vae", "preview_mode");
    }
    return static_cast<int>(found - mode_names.begin());
}

// While calls want different modes the dearest serves them all.
void apply() {
    const auto dearest = std::find_if(wanted.rbegin(), wanted.rend() - 1, [](int calls) { return calls > 0; });
    const int mode = static_cast<int>(wanted.rend() - dearest) - 1;
    engine().set_preview_callback(on_preview, mode, 1, true, false, nullptr);
}

void count(int mode, int change) {
    const std::lock_guard<std::mutex> lock(modes_mutex);
    wanted[static_cast<size_t>(mode)] += change;
    apply();
}

} // namespace

preview_interest::preview_interest(const sdcpp_call* call) {
    sdcpp_call all{};
    if (call != nullptr) {
        std::memcpy(&all, call, std::min<size_t>(call->size, sizeof all));
    }
    if (all.preview == nullptr) {
        return;
    }
    const int mode = mode_number(all.preview_mode != nullptr ? all.preview_mode : "none");
    if (all.preview_interval < 1 || all.preview_interval > 1000) {
        refuse("preview_interval is " + std::to_string(all.preview_interval) + "; allowed is 1 to 1000", "preview_interval");
    }
    if (mode == 0) {
        return;
    }
    if (engine().set_preview_callback == nullptr) {
        throw failure(SDCPP_NOT_SUPPORTED, "previews: this engine build has no sd_set_preview_callback");
    }
    count(mode, 1);
    mode_ = mode;
}

preview_interest::~preview_interest() {
    if (mode_ != 0) {
        count(mode_, -1);
    }
}

} // namespace sdcpp
