// Routes the engine's process-wide callbacks to the call that runs on this thread, and tells the engine's phases apart.
#pragma once

#include "../engine/engine_types.hpp"
#include "error_lines.hpp"

#include <sdcpp.h>

#include <atomic>
#include <string>
#include <string_view>

namespace sdcpp {

// One call of the bridge, on the thread that made it.
class call_scope {
public:
    // `cancel` may be null for calls that cannot be stopped.
    call_scope(const sdcpp_call* call, sdcpp_phase first_phase, const std::atomic<int>* cancel, int image_count = 1);
    ~call_scope();
    call_scope(const call_scope&) = delete;
    call_scope& operator=(const call_scope&) = delete;

    void on_log(sd_log_level_t level, const char* text);
    // A line of a thread that belongs to no call; the call's callbacks do not hear of it, for they are promised their own thread.
    void on_foreign_log(sd_log_level_t level, const char* text);
    void on_progress(int step, int steps, float seconds);
    void on_preview(int step, const sd_image_t& frame) noexcept;
    // Whether the engine shall stop at this step. Tells the engine's own flag too, where a context runs.
    bool wants_stop() const noexcept;

    void enter_phase(sdcpp_phase phase) noexcept;
    // `steps` is what the request asked the sampler for.
    void set_context(sd_ctx_t* context, int steps) noexcept;
    // Two models sample one after the other, `steps` in all, which are counted as one row; 0 where nothing but the engine's log shall tell when
    // sampling begins.
    void set_row_of_steps(int steps) noexcept { row_ = steps; }
    // There will be a second pass, which upscales pixels or latents.
    void set_second_pass(bool through_pixels) noexcept;

    // Throws `failure`: `what` with the last error and warning lines of the engine during this call. The code is `otherwise`, unless a
    // line, the only place where the engine says so, told that memory was short.
    [[noreturn]] void fail(sdcpp_status otherwise, const char* what) const;
    // The value of the engine's "Version:" line, which names the model's family.
    const std::string& family() const noexcept { return family_; }
    // Whether the engine said that the model has nothing to read prompts with: it crashes over the first one.
    bool lacks_text_encoder() const noexcept { return lacks_text_encoder_; }

    static call_scope* current() noexcept;
    static void set_sink(sdcpp_log_fn sink, void* user) noexcept;
    static void install_callbacks();

private:
    void read_phase(std::string_view line);
    void read_second_pass(std::string_view line);
    void infer_phase(int step, int steps);
    void begin_upscaling(int image);
    void place_in_row(int& step, int& steps) noexcept;
    void report(int step, int steps, float seconds);

    sdcpp_call call_{};
    call_scope* outer_;
    const std::atomic<int>* cancel_;
    sd_ctx_t* context_ = nullptr;
    sdcpp_phase phase_;
    bool loading_weights_ = false;
    bool lacks_text_encoder_ = false;
    int asked_steps_ = 0;
    int passes_ = 1;
    int pass_ = 1;
    int second_steps_ = 0; // of the second pass; 0 while unknown
    bool through_pixels_ = false;
    bool upscaled_ = false; // the image at hand is ready for its second sampling
    int image_index_ = 0;
    int image_count_;
    int last_step_ = -1;
    int row_ = 0;
    int row_begins_ = 0; // steps of the row that the model before this one made
    int last_counted_ = -1;
    int last_count_ = 0;
    int tag_slot_;
    error_lines errors_;
    std::string family_;
};

} // namespace sdcpp
