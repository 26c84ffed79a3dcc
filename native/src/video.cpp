#include "video.hpp"

#include "call_scope.hpp"
#include "checks.hpp"
#include "failure.hpp"
#include "padded_image.hpp"
#include "preview.hpp"
#include "sampling.hpp"

#include <algorithm>
#include <string>
#include <type_traits>
#include <vector>

namespace sdcpp {
namespace {

// What the families make: sides of a multiple of `grid`, and `first` + n * `step` frames, at most `most`. The engine would round other sides up
// and other numbers of frames down.
struct video_family {
    const char* name;
    uint32_t grid;
    int first;
    int step;
    int most;
    bool takes_start;
    bool takes_end;
};

constexpr video_family families[] = {
    {"Wan 2.2 TI2V", 32, 1, 4, SDCPP_MAX_FRAMES, true, true},
    {"Wan 2.2 I2V", 16, 1, 4, SDCPP_MAX_FRAMES, true, true},
    {"Wan 2.x", 16, 1, 4, SDCPP_MAX_FRAMES, true, true},
    {"LingBot Video", 16, 1, 4, SDCPP_MAX_FRAMES, true, false},
    {"Hunyuan Video", 32, 1, 4, SDCPP_MAX_FRAMES, true, true},
    {"LTXAV", 32, 1, 8, SDCPP_MAX_FRAMES, true, true},
    {"MiniMax-H3", 32, 5, 17, SDCPP_MAX_FRAMES, true, true},
    // With a motion module (AnimateDiff), whose positions end there.
    {"SD 1.x", 8, 1, 1, 32, true, false},
    {"SD 1.x Inpaint", 8, 1, 1, 32, true, false},
    {"Instruct-Pix2Pix", 8, 1, 1, 32, true, false},
};

const video_family* find_family(const sdcpp_context& context) {
    const auto* found = std::find_if(std::begin(families), std::end(families), [&](const video_family& f) { return context.family == f.name; });
    return found != std::end(families) ? found : nullptr;
}

const video_family& family_of(const sdcpp_context& context) {
    if (!makes_videos(context)) {
        throw failure(SDCPP_NOT_SUPPORTED, "a model of the family '" + context.family + "' makes no videos; those that do are Wan, HunyuanVideo, LTX, and SD 1.x with a motion module");
    }
    return *find_family(context);
}

// The frames that are generated for `asked`.
int frames_on_grid(const video_family& family, int asked) {
    const int more = std::max(0, asked - family.first);
    return family.first + (more + family.step - 1) / family.step * family.step;
}

int check_frames(const video_family& family, const sdcpp_video_params& params, bool has_end) {
    const int frames = frames_on_grid(family, params.frames);
    if (params.frames > family.most) {
        refuse("frames is " + std::to_string(params.frames) + "; a model of the family '" + family.name + "' makes at most " + std::to_string(family.most), "frames");
    }
    if (has_end && frames != params.frames) {
        const int fewer = frames - family.step;
        refuse("frames is " + std::to_string(params.frames) + "; with a last frame a model of the family '" + family.name + "' makes " +
                   (fewer >= family.first ? std::to_string(fewer) + " or " : "") + std::to_string(frames),
               "frames");
    }
    return frames;
}

// The images of a call, on the family's grid.
class video_images {
public:
    video_images(const sdcpp_context& context, const video_family& family, const sdcpp_video_params& params, sd_vid_gen_params_t& engine_params) {
        for (size_t i = 0; i < params.image_count; ++i) {
            const sdcpp_named_image& named = params.images[i];
            if (named.name == nullptr) {
                refuse("an image has no name");
            }
            const std::string name = named.name;
            checks::image(named.name, &named.image, 3);
            checks::same_size(named.name, named.image, params.width, params.height);
            if (name == "init_image") {
                take(name, family.takes_start, context, named.image, family.grid, start_);
            } else if (name == "end_image") {
                take(name, family.takes_end, context, named.image, family.grid, end_);
                has_end_ = true;
            } else if (name == "control_frames") {
                need_control(context);
                controls_.emplace_back(named.image, family.grid);
            } else {
                throw failure(SDCPP_NOT_SUPPORTED, "image " + name + " is not supported by this engine build", name);
            }
        }
        if (controls_.size() > static_cast<size_t>(params.frames)) {
            refuse("control_frames are " + std::to_string(controls_.size()) + ", more than the frames of the video, " + std::to_string(params.frames), "control_frames");
        }
        for (padded_image& control : controls_) {
            views_.push_back(control.view());
        }
        engine_params.init_image = start_.view();
        engine_params.end_image = end_.view();
        engine_params.control_frames = views_.data();
        engine_params.control_frames_size = static_cast<int>(views_.size());
    }
    bool has_end() const noexcept { return has_end_; }

private:
    static void take(const std::string& name, bool taken, const sdcpp_context& context, const sdcpp_image& image, uint32_t grid, padded_image& to) {
        if (!taken) {
            throw failure(SDCPP_NOT_SUPPORTED, name + ": a model of the family '" + context.family + "' takes none", name);
        }
        to = padded_image(image, grid);
    }
    // The others would leave them out, or fail.
    static void need_control(const sdcpp_context& context) {
        if (context.family != "Wan 2.x") {
            throw failure(SDCPP_NOT_SUPPORTED, "control_frames: a model of the family '" + context.family + "' follows none; Wan VACE does", "control_frames");
        }
    }

    padded_image start_;
    padded_image end_;
    std::vector<padded_image> controls_;
    std::vector<sd_image_t> views_;
    bool has_end_ = false;
};

bool is_set(const sdcpp_video_params& params, const std::string& option) {
    return std::any_of(params.options, params.options + params.option_count, [&](const sdcpp_option& o) { return o.name != nullptr && option == o.name; });
}

bool has_option_of_high_noise(const sdcpp_video_params& params) {
    return std::any_of(params.options, params.options + params.option_count,
                       [](const sdcpp_option& o) { return o.name != nullptr && std::string(o.name).rfind("high_noise_sample_params.", 0) == 0; });
}

// What is not said of the high-noise expert is as for the other; its steps are its own, or -1: shared by the boundary. Returns the steps of both.
int set_high_noise(const sdcpp_context& context, const sdcpp_video_params& params, sd_vid_gen_params_t& engine_params) {
    sd_sample_params_t& low = engine_params.sample_params;
    sd_sample_params_t& high = engine_params.high_noise_sample_params;
    const bool is_pair = context.files.count("high_noise_diffusion_model_path") > 0;
    if (!is_pair) {
        if (has_option_of_high_noise(params)) {
            refuse("high_noise_sample_params.sample_steps and the like need a model that was loaded with option high_noise_diffusion_model_path",
                   "high_noise_sample_params.sample_steps");
        }
        return low.sample_steps;
    }
    const auto said = [&](const char* part) { return is_set(params, std::string("high_noise_sample_params.") + part); };
    sd_sample_params_t merged = low;
    merged.sample_steps = said("sample_steps") ? high.sample_steps : -1;
    merged.sample_method = said("sample_method") ? high.sample_method : low.sample_method;
    merged.eta = said("eta") ? high.eta : low.eta;
    merged.guidance.txt_cfg = said("guidance.txt_cfg") ? high.guidance.txt_cfg : low.guidance.txt_cfg;
    merged.guidance.distilled_guidance = said("guidance.distilled_guidance") ? high.guidance.distilled_guidance : low.guidance.distilled_guidance;
    high = merged;
    if (high.sample_steps > 0 && low.custom_sigmas_count > 0) {
        // They are the steps of both.
        low.sample_steps -= high.sample_steps;
        if (low.sample_steps < 1) {
            refuse("high_noise_sample_params.sample_steps is " + std::to_string(high.sample_steps) + "; sample_params.custom_sigmas has only " +
                       std::to_string(low.custom_sigmas_count - 1) + " steps for both models",
                   "high_noise_sample_params.sample_steps");
        }
        return low.custom_sigmas_count - 1;
    }
    return low.sample_steps + std::max(0, high.sample_steps);
}

// The frames that later engines tell along with the video.
template <typename Function>
bool call_engine(Function generate, sd_ctx_t* context, const sd_vid_gen_params_t& params, engine_images& frames, engine_audio& sound, int& fps) {
    if constexpr (std::is_invocable_r_v<bool, Function, sd_ctx_t*, const sd_vid_gen_params_t*, sd_image_t**, int*, sd_audio_t**, int*>) {
        return generate(context, &params, &frames.images, &frames.count, &sound.audio, &fps);
    } else {
        if (engine().effective_video_fps != nullptr) {
            fps = engine().effective_video_fps(context, &params);
        }
        return generate(context, &params, &frames.images, &frames.count, &sound.audio);
    }
}

struct owned_audio : sdcpp_audio {
    std::vector<float> kept;
};

// As long as the frames that are delivered.
sdcpp_audio* audio_of(const sd_audio_t* sound, uint32_t frames, int fps) {
    if (sound == nullptr || sound->data == nullptr || sound->channels == 0 || sound->sample_rate == 0 || fps < 1) {
        return nullptr;
    }
    const uint64_t samples = std::min<uint64_t>(sound->sample_count, (static_cast<uint64_t>(sound->sample_rate) * frames + fps - 1) / fps);
    auto owned = std::make_unique<owned_audio>();
    owned->kept.assign(sound->data, sound->data + samples * sound->channels);
    owned->size = sizeof(sdcpp_audio);
    owned->sample_rate = sound->sample_rate;
    owned->channels = sound->channels;
    owned->reserved = 0;
    owned->sample_count = samples;
    owned->samples = owned->kept.data();
    return owned.release();
}

void set_options(const sdcpp_video_params& params, sd_vid_gen_params_t& engine_params, option_storage& storage) {
    engine().vid_gen_params_init(&engine_params);
    for (size_t i = 0; i < params.option_count; ++i) {
        set_video_option(engine_params, params.options[i], storage);
    }
    if (engine_params.vae_tiling_params.enabled && (engine_params.circular_x || engine_params.circular_y)) {
        refuse("vae_tiling_params.enabled and circular_x or circular_y are both set; the engine cannot decode joined edges in tiles");
    }
}

} // namespace

bool can_make_videos(const engine_api& api) {
    return api.generate_video != nullptr && api.vid_gen_params_init != nullptr && api.free_audio != nullptr && api.supports_videos != nullptr;
}

bool makes_videos(const sdcpp_context& context) { return can_make_videos(engine()) && context.makes_videos && find_family(context) != nullptr; }

void generate_video(sdcpp_context& context, const sdcpp_video_params& params, const sdcpp_call* call, sdcpp_video_result& result) {
    checks::video_params(params);
    if (!can_make_videos(engine())) {
        throw failure(SDCPP_NOT_SUPPORTED, "this engine build cannot make videos");
    }
    const video_family& family = family_of(context);
    const auto width = static_cast<uint32_t>(params.width);
    const auto height = static_cast<uint32_t>(params.height);
    const auto frames = static_cast<uint32_t>(params.frames);
    checks::result(&result, frames, static_cast<size_t>(width) * height * 3);
    result.frame_count = 0;
    result.audio = nullptr;

    option_storage storage;
    sd_vid_gen_params_t engine_params;
    set_options(params, engine_params, storage);
    const video_images inputs(context, family, params, engine_params);
    const std::vector<sd_lora_t> loras = loras_of(params.loras, params.lora_count);
    engine_params.video_frames = check_frames(family, params, inputs.has_end());
    engine_params.loras = loras.data();
    engine_params.lora_count = params.lora_count;
    engine_params.prompt = params.prompt != nullptr ? params.prompt : "";
    engine_params.negative_prompt = params.negative_prompt != nullptr ? params.negative_prompt : "";
    engine_params.clip_skip = params.clip_skip > 0 ? params.clip_skip : -1;
    engine_params.width = static_cast<int>(on_grid(width, family.grid));
    engine_params.height = static_cast<int>(on_grid(height, family.grid));
    engine_params.fps = params.fps;
    engine_params.seed = params.seed;
    set_sampling(params, context, engine_params.sample_params);
    const int steps = set_high_noise(context, params, engine_params);

    const busy_guard guard(context.busy, "another call is running on this model");
    if (context.cancel.load() != SDCPP_CANCEL_NONE) {
        throw failure(SDCPP_CANCELLED, "cancelled before it began");
    }
    call_scope scope(call, SDCPP_PHASE_ENCODE, &context.cancel);
    // Tiles in which a first frame is encoded are counted like steps.
    scope.set_context(context.engine_context.get(), engine_params.vae_tiling_params.enabled ? 0 : steps);
    scope.set_row_of_steps(steps);
    const preview_interest previews(call);
    engine().sd_cancel_generation(context.engine_context.get(), SD_CANCEL_RESET);
    engine_images images;
    engine_audio sound;
    int fps = params.fps;
    const bool ok = call_engine(engine().generate_video, context.engine_context.get(), engine_params, images, sound, fps);
    if (context.cancel.load() != SDCPP_CANCEL_NONE) {
        throw failure(SDCPP_CANCELLED, "cancelled");
    }
    if (!ok || images.images == nullptr || images.count < params.frames) {
        scope.fail(SDCPP_GENERATION_FAILED, ok && images.count > 0 ? "the engine made fewer frames than it was asked for" : "the engine made no video");
    }
    for (uint32_t i = 0; i < frames; ++i) {
        copy_middle(images.images[i], width, height, result.frames[i]);
    }
    result.fps = fps;
    result.audio = audio_of(sound.audio, frames, fps);
    result.frame_count = frames;
}

void free_audio(sdcpp_audio* audio) { delete static_cast<owned_audio*>(audio); }

} // namespace sdcpp
