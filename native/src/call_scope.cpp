#include "call_scope.hpp"

#include "../engine/engine.hpp"
#include "checks.hpp"
#include "failure.hpp"
#include "last_words.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstring>
#include <mutex>
#include <vector>

namespace sdcpp {
namespace {

thread_local call_scope* current_call = nullptr;

std::mutex sink_mutex;
sdcpp_log_fn sink_fn = nullptr;
void* sink_user = nullptr;

// The calls that run, for lines of the threads with which the engine reads files.
std::mutex running_mutex;
std::vector<call_scope*> running;

sdcpp_log_level to_level(sd_log_level_t level) noexcept {
    switch (level) {
    case SD_LOG_ERROR: return SDCPP_LOG_ERROR;
    case SD_LOG_WARN: return SDCPP_LOG_WARN;
    case SD_LOG_INFO: return SDCPP_LOG_INFO;
    default: return SDCPP_LOG_DEBUG;
    }
}

// The engine puts "file.cpp:123 - " before every line.
std::string_view without_origin(std::string_view line) noexcept {
    const size_t dash = line.find(" - ");
    const bool has_origin = dash != std::string_view::npos && dash < 60 && line.substr(0, dash).find(':') != std::string_view::npos;
    return has_origin ? line.substr(dash + 3) : line;
}

bool starts_with(std::string_view text, std::string_view prefix) noexcept { return text.substr(0, prefix.size()) == prefix; }

int number_after(std::string_view text, std::string_view prefix) noexcept {
    int value = 0;
    if (starts_with(text, prefix)) {
        std::from_chars(text.data() + prefix.size(), text.data() + text.size(), value);
    }
    return value;
}

// A text of the engine may have several lines, or none.
template <typename Use>
void for_each_line(std::string_view text, Use&& use) {
    while (!text.empty()) {
        const size_t end = std::min(text.find('\n'), text.size());
        std::string line(text.substr(0, end));
        line.erase(line.find_last_not_of('\r') + 1);
        if (!line.empty()) {
            use(line);
        }
        text.remove_prefix(std::min(end + 1, text.size()));
    }
}

// Nothing may unwind into the engine: a line for which there is no memory is lost.
template <typename Body>
void drop_exceptions(Body&& body) noexcept {
    try {
        body();
    } catch (...) {
    }
}

void send_to_sink(sd_log_level_t level, const char* text) {
    std::string line(text);
    line.erase(line.find_last_not_of("\r\n") + 1);
    sdcpp_log_fn sink = nullptr;
    void* user = nullptr;
    {
        // Not held during the call: a sink may replace itself.
        std::lock_guard<std::mutex> lock(sink_mutex);
        sink = sink_fn;
        user = sink_user;
    }
    if (sink != nullptr) {
        const last_words::host_turn turn;
        sink(to_level(level), line.c_str(), user);
    }
}

// With one call running it is that one's; with more, each of them may need it to say why it failed.
void send_to_calls(sd_log_level_t level, const char* text) {
    std::lock_guard<std::mutex> lock(running_mutex);
    for (call_scope* call : running) {
        call->on_foreign_log(level, text);
    }
}

void log_callback(sd_log_level_t level, const char* text, void*) noexcept {
    if (text != nullptr) {
        drop_exceptions([&] {
            if (current_call != nullptr) {
                current_call->on_log(level, text);
            } else {
                send_to_calls(level, text);
                send_to_sink(level, text);
            }
        });
    }
}

void progress_callback(int step, int steps, float seconds, void*) noexcept {
    if (current_call != nullptr) {
        drop_exceptions([&] { current_call->on_progress(step, steps, seconds); });
    }
}

bool abort_callback(void*) noexcept { return current_call != nullptr && current_call->wants_stop(); }

} // namespace

call_scope::call_scope(const sdcpp_call* call, sdcpp_phase first_phase, const std::atomic<int>* cancel, int image_count)
    : outer_(current_call), cancel_(cancel), phase_(first_phase), image_count_(image_count) {
    if (call != nullptr) {
        // Callers from before previews came are still right.
        checks::struct_size("call", call, call->size, offsetof(sdcpp_call, preview));
        std::memcpy(&call_, call, std::min<size_t>(call->size, sizeof call_));
    }
    {
        std::lock_guard<std::mutex> lock(running_mutex);
        running.push_back(this);
    }
    tag_slot_ = last_words::enter(call_.tag);
    current_call = this;
    report(0, 0, 0);
}

call_scope::~call_scope() {
    current_call = outer_;
    last_words::leave(tag_slot_);
    std::lock_guard<std::mutex> lock(running_mutex);
    running.erase(std::find(running.begin(), running.end(), this));
}

void call_scope::fail(sdcpp_status otherwise, const char* what) const {
    const std::string said = errors_.text();
    throw failure(errors_.tells_of_memory() ? SDCPP_OUT_OF_MEMORY : otherwise,
                  said.empty() ? std::string(what) + "; the engine gave no reason" : std::string(what) + ": " + said);
}

call_scope* call_scope::current() noexcept { return current_call; }

void call_scope::set_sink(sdcpp_log_fn sink, void* user) noexcept {
    std::lock_guard<std::mutex> lock(sink_mutex);
    sink_fn = sink;
    sink_user = user;
}

void call_scope::install_callbacks() {
    engine().sd_set_log_callback(log_callback, nullptr);
    engine().sd_set_progress_callback(progress_callback, nullptr);
    if (engine().set_abort_callback != nullptr) {
        engine().set_abort_callback(abort_callback, nullptr);
    }
}

void call_scope::set_context(sd_ctx_t* context, int steps) noexcept {
    context_ = context;
    asked_steps_ = steps;
}

void call_scope::set_second_pass(bool through_pixels) noexcept {
    passes_ = 2;
    through_pixels_ = through_pixels;
}

bool call_scope::wants_stop() const noexcept {
    const int mode = cancel_ != nullptr ? cancel_->load(std::memory_order_relaxed) : SDCPP_CANCEL_NONE;
    if (mode == SDCPP_CANCEL_NONE || context_ == nullptr) {
        return false;
    }
    // The engine forgets a cancel that arrived before it began: say it again from inside.
    engine().sd_cancel_generation(context_, mode == SDCPP_CANCEL_NOW ? SD_CANCEL_ALL : SD_CANCEL_NEW_LATENTS);
    return mode == SDCPP_CANCEL_NOW;
}

void call_scope::on_log(sd_log_level_t level, const char* text) {
    wants_stop();
    for_each_line(text, [&](const std::string& line) {
        const sdcpp_log_level out = to_level(level);
        const std::string_view words = without_origin(line);
        if (out >= SDCPP_LOG_WARN) {
            errors_.add(words, out == SDCPP_LOG_ERROR);
        }
        read_phase(words);
        if (call_.log != nullptr) {
            const last_words::host_turn turn;
            call_.log(out, line.c_str(), call_.user);
        }
    });
}

void call_scope::on_foreign_log(sd_log_level_t level, const char* text) {
    const sdcpp_log_level out = to_level(level);
    if (out >= SDCPP_LOG_WARN) {
        for_each_line(text, [&](const std::string& line) { errors_.add(without_origin(line), out == SDCPP_LOG_ERROR); });
    }
}

// The engine's progress callback says neither what it counts nor for which image; its log lines do. They are not certain: the engine
// formats them in one buffer for the whole process, so while two models work at once a line may be lost (see infer_phase).
void call_scope::read_phase(std::string_view line) {
    if (starts_with(line, "Version: ")) {
        family_ = line.substr(9);
        family_.erase(family_.find_last_not_of(" \t") + 1);
    } else if (line.find("No text encoders provided") != std::string_view::npos) {
        lacks_text_encoder_ = true;
    } else if (starts_with(line, "loading ") && line.find(" tensors from ") != std::string_view::npos) {
        loading_weights_ = true;
    } else if (starts_with(line, "loading tensors completed")) {
        loading_weights_ = false;
    } else if (const int image = number_after(line, "generating image: "); image > 0) {
        image_index_ = image - 1;
        last_step_ = -1;
        enter_phase(SDCPP_PHASE_SAMPLE);
    } else if (phase_ == SDCPP_PHASE_ENCODE && starts_with(line, "generate_video ")) {
        enter_phase(SDCPP_PHASE_SAMPLE);
    } else if (row_ > 0 && starts_with(line, "sampling(high noise) completed")) {
        row_begins_ = std::max(0, last_step_);
        last_counted_ = -1;
    } else if (phase_ == SDCPP_PHASE_SAMPLE && pass_ == passes_ && line.find(" latent") != std::string_view::npos &&
               (starts_with(line, "decoding ") || (starts_with(line, "generating ") && line.find(" completed") != std::string_view::npos))) {
        image_index_ = 0;
        enter_phase(SDCPP_PHASE_DECODE);
    } else if (passes_ == 2) {
        read_second_pass(line);
    }
    if (const int decoded = number_after(line, "latent "); decoded > 0 && phase_ == SDCPP_PHASE_DECODE) {
        if (decoded < image_count_) {
            image_index_ = decoded;
            last_step_ = -1;
            report(0, 0, 0);
        }
    }
}

// The hires fix: each image is upscaled and sampled once more, then all are decoded.
void call_scope::read_second_pass(std::string_view line) {
    if (starts_with(line, "hires fix: upscaling to")) {
        pass_ = 2;
        begin_upscaling(0);
    } else if (const size_t at = line.find("sigma_sched_size="); at != std::string_view::npos) {
        second_steps_ = number_after(line.substr(at), "sigma_sched_size=") - 1;
    } else if (starts_with(line, "computing vae encode graph completed")) {
        upscaled_ = true;
    } else if (const int sampled = number_after(line, "hires sampling "); sampled > 0 && sampled < image_count_) {
        begin_upscaling(sampled);
    }
}

void call_scope::begin_upscaling(int image) {
    image_index_ = image;
    upscaled_ = !through_pixels_;
    enter_phase(SDCPP_PHASE_UPSCALE);
}

void call_scope::enter_phase(sdcpp_phase phase) noexcept {
    phase_ = phase;
    loading_weights_ = false;
    last_step_ = -1;
    report(0, 0, 0);
}

// What the counts alone tell when the log line that should have said it was lost.
void call_scope::infer_phase(int step, int steps) {
    if (pass_ == 2) {
        // Tiles of decoding and upscaling are counted by the same callback.
        if (phase_ == SDCPP_PHASE_UPSCALE && upscaled_ && (second_steps_ <= 0 || steps == second_steps_)) {
            enter_phase(SDCPP_PHASE_SAMPLE);
        }
        return;
    }
    const bool sampling = phase_ == SDCPP_PHASE_ENCODE && steps > 0 && steps <= asked_steps_;
    const bool next_image = phase_ == SDCPP_PHASE_SAMPLE && step < last_step_ && last_step_ == steps && image_index_ + 1 < image_count_;
    if (next_image) {
        ++image_index_;
    }
    if (sampling || next_image) {
        enter_phase(SDCPP_PHASE_SAMPLE);
    }
}

// The second model counts from the beginning again; when its log line was lost, that shows it.
void call_scope::place_in_row(int& step, int& steps) noexcept {
    if (row_ <= 0 || phase_ != SDCPP_PHASE_SAMPLE) {
        return;
    }
    if (step < last_counted_ && last_counted_ == last_count_ && row_begins_ == 0) {
        row_begins_ = last_counted_;
    }
    last_counted_ = step;
    last_count_ = steps;
    step = std::min(row_, row_begins_ + step);
    steps = row_;
}

void call_scope::on_progress(int step, int steps, float seconds) {
    wants_stop();
    // Weights that load in the middle of a later phase would make its step count jump.
    if (loading_weights_ && phase_ != SDCPP_PHASE_LOAD) {
        return;
    }
    infer_phase(step, steps);
    place_in_row(step, steps);
    if (phase_ == SDCPP_PHASE_ENCODE || (pass_ == 2 && phase_ == SDCPP_PHASE_UPSCALE) || step <= last_step_) {
        return;
    }
    last_step_ = step >= steps && phase_ == SDCPP_PHASE_LOAD ? -1 : step;
    report(step, steps, seconds);
}

void call_scope::on_preview(int step, const sd_image_t& frame) noexcept {
    step += row_begins_;
    if (call_.preview == nullptr || call_.preview_interval < 1 || step % call_.preview_interval != 0 || frame.data == nullptr) {
        return;
    }
    sdcpp_preview preview{};
    preview.size = sizeof preview;
    preview.step = step;
    preview.image_index = image_index_;
    preview.width = frame.width;
    preview.height = frame.height;
    preview.channels = frame.channel;
    preview.pixels = frame.data;
    const last_words::host_turn turn;
    call_.preview(&preview, call_.user);
}

void call_scope::report(int step, int steps, float seconds) {
    if (call_.progress == nullptr) {
        return;
    }
    sdcpp_progress progress{};
    progress.size = sizeof progress;
    progress.phase = phase_;
    progress.step = step;
    progress.steps = steps;
    progress.image_index = image_index_;
    progress.image_count = image_count_;
    progress.seconds_per_step = seconds;
    progress.pass = pass_;
    const last_words::host_turn turn;
    call_.progress(&progress, call_.user);
}

} // namespace sdcpp
