// A deterministic engine without a model: enough behaviour to try the bridge's own code with.
//
// What steers it: a model file that begins with "refuse" does not load, one that begins with "Flux.2", "Wan 2." or "LTXAV" is of that family; width 4096 throws std::bad_alloc; and the prompts "fail",
// "generate nothing", "throw text" and "throw a number" do what they say; "die in a thread" writes to nowhere there; "wait 20" takes as many milliseconds a step and computes nothing.
// The file in STANDIN_CALLS, if that is set, gets a line for each image: the milliseconds since 1970 when it was asked for.
#include "stable-diffusion.h"

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>

static_assert(sizeof(void*) != 8 || (sizeof(sd_ctx_params_t) == 320 && sizeof(sd_img_gen_params_t) == 552), "the documented layout of 3f8527a");

struct sd_ctx_t {
    const char* family = "Stand-in";
    bool is_pair = false;
    std::atomic<int> cancel{SD_CANCEL_RESET};
};

struct upscaler_ctx_t {
    int tile_size;
};

namespace {

sd_log_cb_t log_callback = nullptr;
void* log_data = nullptr;
sd_progress_cb_t progress_callback = nullptr;
void* progress_data = nullptr;

void say(sd_log_level_t level, const std::string& line) {
    if (log_callback != nullptr) {
        log_callback(level, ("stable-diffusion.cpp:1234 - " + line + "\n").c_str(), log_data);
    }
}

#if defined(__GNUC__)
__attribute__((no_sanitize("address,undefined"))) // which would report it and go on
#endif
void write_to_nowhere() {
    volatile int* volatile nowhere = nullptr;
    *nowhere = 0;
}

void count(int step, int steps) {
    if (progress_callback != nullptr) {
        progress_callback(step, steps, 0.25f, progress_data);
    }
}

std::string first_bytes(const char* path) {
    std::ifstream file(std::filesystem::u8path(path), std::ios::binary);
    char bytes[6] = {};
    file.read(bytes, sizeof bytes);
    return std::string(bytes, static_cast<size_t>(file.gcount()));
}

std::string text(const char* value) { return value != nullptr ? value : "(null)"; }

sd_image_t new_image(uint32_t width, uint32_t height) {
    return {width, height, 3, static_cast<uint8_t*>(std::malloc(static_cast<size_t>(width) * height * 3))};
}

template <typename Value, size_t Count>
Value value_of(const char* name, const char* const (&names)[Count], Value unknown) {
    for (size_t i = 0; i < Count; ++i) {
        if (name != nullptr && names[i] != nullptr && std::strcmp(name, names[i]) == 0) {
            return static_cast<Value>(i);
        }
    }
    return unknown;
}

const char* const sample_methods[] = {"euler", "euler_a", "heun", "lcm"};
const char* const schedulers[] = {"discrete", "karras", "simple"};
const char* const types[] = {"f32", "f16", nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, "q8_0"};
const char* const rngs[] = {"std_default", "cuda", "cpu"};
const char* const predictions[] = {"eps", "v", "flux_flow"};
const char* const hires_upscalers[] = {"None", "Latent", "Lanczos", "Model"};
const char* const lora_modes[] = {"auto", "immediately", "at_runtime"};

// A gradient from the seed, mixed with the first image where there is one.
sd_image_t generate(const sd_img_gen_params_t& p, int64_t seed) {
    sd_image_t image = new_image(static_cast<uint32_t>(p.width), static_cast<uint32_t>(p.height));
    for (uint32_t y = 0; y < image.height; ++y) {
        for (uint32_t x = 0; x < image.width; ++x) {
            const size_t at = static_cast<size_t>(y) * image.width + x;
            const uint8_t generated[3] = {static_cast<uint8_t>(x + seed), static_cast<uint8_t>(y + seed), static_cast<uint8_t>(seed)};
            const bool keep = p.mask_image.data != nullptr && p.mask_image.data[at] == 0;
            const float strength = p.init_image.data == nullptr ? 1 : keep ? 0 : p.strength;
            for (size_t c = 0; c < 3; ++c) {
                const float before = p.init_image.data != nullptr ? p.init_image.data[at * 3 + c] : 0;
                image.data[at * 3 + c] = static_cast<uint8_t>(before * (1 - strength) + static_cast<float>(generated[c]) * strength);
            }
        }
    }
    return image;
}

} // namespace

void sd_ctx_params_init(sd_ctx_params_t* params) {
    *params = sd_ctx_params_t{};
    params->wtype = SD_TYPE_COUNT;
    params->sampler_rng_type = RNG_TYPE_COUNT;
    params->prediction = PREDICTION_COUNT;
    params->vae_format = SD_VAE_FORMAT_AUTO;
    params->conditioning_cache_size = 4;
}

void sd_sample_params_init(sd_sample_params_t* params) {
    *params = sd_sample_params_t{};
    params->sample_method = SAMPLE_METHOD_COUNT;
    params->scheduler = SCHEDULER_COUNT;
    params->sample_steps = 20;
}

void sd_vid_gen_params_init(sd_vid_gen_params_t* params) {
    *params = sd_vid_gen_params_t{};
    sd_sample_params_init(&params->sample_params);
    sd_sample_params_init(&params->high_noise_sample_params);
    params->high_noise_sample_params.sample_steps = -1;
    params->width = params->height = 512;
    params->moe_boundary = 0.875f;
    params->strength = 0.75f;
    params->seed = -1;
    params->video_frames = 6;
    params->fps = 16;
    params->vace_strength = 1;
}

void sd_img_gen_params_init(sd_img_gen_params_t* params) {
    *params = sd_img_gen_params_t{};
    params->clip_skip = -1;
    params->sample_params.sample_method = SAMPLE_METHOD_COUNT;
    params->sample_params.scheduler = SCHEDULER_COUNT;
    params->strength = 0.75f;
    params->batch_count = 1;
    params->hires.scale = 2;
}

// What a request points to, so that tests see that it arrived.
void say_lists(const sd_img_gen_params_t& p) {
    std::string line = "lists:";
    for (int i = 0; i < p.sample_params.custom_sigmas_count; ++i) {
        line += " sigma=" + std::to_string(p.sample_params.custom_sigmas[i]);
    }
    for (size_t i = 0; i < p.sample_params.guidance.slg.layer_count; ++i) {
        line += " layer=" + std::to_string(p.sample_params.guidance.slg.layers[i]);
    }
    for (int i = 0; i < p.hires.custom_sigmas_count; ++i) {
        line += " hires_sigma=" + std::to_string(p.hires.custom_sigmas[i]);
    }
    for (uint32_t i = 0; i < p.lora_count; ++i) {
        line += std::string(" lora=") + (p.loras[i].is_high_noise ? "high" : "low");
    }
    say(SD_LOG_DEBUG, line);
}

std::string words(const char* name, const sd_image_t& image) {
    return std::string(" ") + name + "=" + std::to_string(image.width) + "x" + std::to_string(image.height) + ":" +
           (image.data != nullptr ? std::to_string(image.data[0]) : std::string("none"));
}

void say_images(const sd_img_gen_params_t& p) {
    std::string line = "images:";
    for (int i = 0; i < p.ref_images_count; ++i) {
        line += words("ref", p.ref_images[i]);
    }
    for (int i = 0; i < p.pm_params.id_images_count; ++i) {
        line += words("id", p.pm_params.id_images[i]);
    }
    say(SD_LOG_DEBUG, line + words("control", p.control_image) + words("ip", p.ip_adapter_image));
}

// The second pass: reports as the engine does, and makes the image again at the larger size.
void generate_again(const sd_img_gen_params_t& p, sd_image_t* images, int count_of_images) {
    sd_img_gen_params_t larger = p;
    larger.width = p.hires.target_width;
    larger.height = p.hires.target_height;
    larger.init_image = {};
    larger.mask_image = {};
    say(SD_LOG_INFO, "hires fix: upscaling to " + std::to_string(larger.width) + "x" + std::to_string(larger.height));
    say(SD_LOG_INFO, "hires fix: scheduler_steps=4, denoising_strength=0.70, sigma_sched_size=3 ");
    for (int i = 0; i < count_of_images; ++i) {
        if (p.hires.upscaler != SD_HIRES_UPSCALER_LATENT) {
            count(1, 2); // a tile of the decoder, counted like a step
            count(2, 2);
            say(SD_LOG_DEBUG, "computing vae encode graph completed, taking 0.01s");
        }
        for (int step = 0; step <= 2; ++step) {
            count(step, 2);
        }
        say(SD_LOG_INFO, "hires sampling " + std::to_string(i + 1) + "/" + std::to_string(count_of_images) + " completed, taking 0.01s");
        std::free(images[i].data);
        images[i] = generate(larger, p.seed + i);
    }
}

#if defined(STANDIN_BACKENDS_APART)
extern "C" size_t ggml_backend_dev_count();
#endif

sd_ctx_t* new_sd_ctx(const sd_ctx_params_t* params) {
#if defined(STANDIN_BACKENDS_APART)
    if (ggml_backend_dev_count() == 0) {
        say(SD_LOG_ERROR, "no back end is loaded");
        return nullptr;
    }
#endif
    const char* path = params->diffusion_model_path != nullptr ? params->diffusion_model_path : params->model_path;
    if (path == nullptr) {
        say(SD_LOG_ERROR, "no model was given");
        return nullptr;
    }
    say(SD_LOG_INFO, "loading model from '" + std::string(path) + "'");
    const std::string bytes = first_bytes(path);
    if (bytes.empty() || bytes == "refuse") {
        say(SD_LOG_WARN, "the file looks odd");
        say(SD_LOG_ERROR, "init model loader from file failed: '" + std::string(path) + "'");
        return nullptr;
    }
    say(SD_LOG_INFO, "Version: Stand-in ");
    say(SD_LOG_DEBUG, "options: n_threads=" + std::to_string(params->n_threads) + " wtype=" + std::to_string(params->wtype) + " vae_format=" +
                          std::to_string(params->vae_format) + " eager_load=" + std::to_string(params->eager_load) + " flash_attn=" +
                          std::to_string(params->flash_attn) + " tokenizer=" + text(params->tokenizer) + " audio_encoder_path=" +
                          text(params->audio_encoder_path) + " disable_prefetch=" + std::to_string(params->disable_prefetch) + " linear_scale=" +
                          std::to_string(params->linear_scale) + " tensor_type_rules=" + text(params->tensor_type_rules));
    say(SD_LOG_INFO, "loading 3 tensors from " + std::string(path));
    for (int i = 1; i <= 3; ++i) {
        count(i, 3);
    }
    say(SD_LOG_INFO, "loading tensors completed, taking 0.01s");
    auto* context = new sd_ctx_t;
    if (bytes == "Flux.2") {
        context->family = "Flux.2";
    } else if (bytes == "Wan 2.") {
        context->family = "Wan 2.x";
    } else if (bytes.rfind("LTXAV", 0) == 0) {
        context->family = "LTXAV";
    }
    context->is_pair = params->high_noise_diffusion_model_path != nullptr;
    for (uint32_t i = 0; i < params->embedding_count; ++i) {
        say(SD_LOG_INFO, "embedding " + text(params->embeddings[i].name) + "=" + text(params->embeddings[i].path));
    }
    return context;
}

void free_sd_ctx(sd_ctx_t* context) {
    say(SD_LOG_DEBUG, "model freed");
    delete context;
}

bool generate_image(sd_ctx_t* context, const sd_img_gen_params_t* params, sd_image_t** images_out, int* num_images_out) {
    if (const char* calls = std::getenv("STANDIN_CALLS")) {
        std::ofstream(calls, std::ios::app) << std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count() << '\n';
    }
    const sd_img_gen_params_t& p = *params;
    context->cancel = SD_CANCEL_RESET; // a cancel before the call is forgotten
    *images_out = nullptr;
    *num_images_out = 0;
    say(SD_LOG_DEBUG, "generate_image " + std::to_string(p.width) + "x" + std::to_string(p.height) + " sampler=" +
                          sd_sample_method_name(p.sample_params.sample_method) + " scheduler=" + sd_scheduler_name(p.sample_params.scheduler) +
                          " clip_skip=" + std::to_string(p.clip_skip) + " cfg=" + std::to_string(p.sample_params.guidance.txt_cfg) + " eta=" +
                          std::to_string(p.sample_params.eta) + " tile_size_x=" + std::to_string(p.vae_tiling_params.tile_size_x) + " loras=" +
                          std::to_string(p.lora_count) + " negative=" + text(p.negative_prompt));
    say_lists(p);
    say_images(p);
    const std::string prompt = text(p.prompt);
    if (p.width == 4096) {
        throw std::bad_alloc();
    }
    if (prompt == "throw text") {
        throw std::runtime_error("the stand-in threw");
    }
    if (prompt == "throw a number") {
        throw 42;
    }
    if (prompt == "fail") {
        say(SD_LOG_ERROR, "the stand-in was told to fail");
        return false;
    }
    if (prompt == "warn much and fail") {
        for (int i = 1; i <= 40; ++i) {
            say(SD_LOG_WARN, "warning number " + std::to_string(i) + " says that a tensor of this model is not used, as real models and LoRAs make the engine say");
        }
        say(SD_LOG_ERROR, "failed to allocate the compute buffer");
        return false;
    }
    if (prompt == "fail in a thread") {
        std::thread([] { say(SD_LOG_ERROR, "read tensor data failed: 'a file'\nand another line"); }).join();
        return false;
    }
    if (prompt == "die in a thread") {
        std::thread(write_to_nowhere).join();
    }
    if (prompt == "generate nothing") {
        return true;
    }

    const auto wait = std::chrono::milliseconds(prompt.rfind("wait ", 0) == 0 ? std::atoi(prompt.c_str() + 5) : 0);
    auto* images = static_cast<sd_image_t*>(std::calloc(static_cast<size_t>(p.batch_count), sizeof(sd_image_t)));
    int done = 0;
    for (int i = 0; i < p.batch_count && context->cancel != SD_CANCEL_NEW_LATENTS; ++i) {
        say(SD_LOG_INFO, "generating image: " + std::to_string(i + 1) + "/" + std::to_string(p.batch_count) + " - seed " + std::to_string(p.seed + i));
        if (i == 0) {
            // Weights that load late count through the same callback.
            say(SD_LOG_INFO, "loading 90 tensors from somewhere");
            count(45, 90);
            count(90, 90);
            say(SD_LOG_INFO, "loading tensors completed, taking 0.01s");
        }
        for (int step = 1; step <= p.sample_params.sample_steps; ++step) {
            if (context->cancel == SD_CANCEL_ALL) {
                say(SD_LOG_WARN, "cancelled");
                free_sd_images(images, done);
                return false;
            }
            std::this_thread::sleep_for(wait);
            count(step, p.sample_params.sample_steps);
        }
        images[done++] = generate(p, p.seed + i);
    }
    say(SD_LOG_INFO, "generating " + std::to_string(done) + " latent images completed, taking 0.01s");
    if (p.hires.enabled) {
        generate_again(p, images, done);
    }
    say(SD_LOG_INFO, "decoding " + std::to_string(done) + " latents");
    for (int i = 0; i < done; ++i) {
        say(SD_LOG_INFO, "latent " + std::to_string(i + 1) + " decoded, taking 0.01s");
    }
    *images_out = images;
    *num_images_out = done;
    return true;
}

bool sd_ctx_supports_video_generation(const sd_ctx_t* context) { return context->family != std::string("Stand-in") && context->family != std::string("Flux.2"); }
bool sd_ctx_supports_image_generation(const sd_ctx_t* context) { return !sd_ctx_supports_video_generation(context); }

// Frames of one colour each, the seed and the frame's number, and the first and the last image in their places; a tone where the family has sound.
bool generate_video(sd_ctx_t* context, const sd_vid_gen_params_t* params, sd_image_t** frames_out, int* num_frames_out, sd_audio_t** audio_out) {
    const sd_vid_gen_params_t& p = *params;
    context->cancel = SD_CANCEL_RESET;
    *frames_out = nullptr;
    *num_frames_out = 0;
    *audio_out = nullptr;
    const sd_sample_params_t& high = p.high_noise_sample_params;
    const int high_steps = !context->is_pair ? 0 : high.sample_steps >= 0 ? high.sample_steps : p.sample_params.sample_steps / 2;
    const int low_steps = p.sample_params.sample_steps - (context->is_pair && high.sample_steps < 0 ? high_steps : 0);
    say(SD_LOG_DEBUG, "video " + std::to_string(p.width) + "x" + std::to_string(p.height) + " frames=" + std::to_string(p.video_frames) + " fps=" + std::to_string(p.fps) +
                          " cfg=" + std::to_string(p.sample_params.guidance.txt_cfg) + " high_steps=" + std::to_string(high.sample_steps) + " high_cfg=" +
                          std::to_string(high.guidance.txt_cfg) + " high_sampler=" + sd_sample_method_name(high.sample_method) + " boundary=" + std::to_string(p.moe_boundary) +
                          " strength=" + std::to_string(p.strength) + " vace=" + std::to_string(p.vace_strength) + " control_frames=" + std::to_string(p.control_frames_size) +
                          (p.control_frames_size > 0 ? words("last_control", p.control_frames[p.control_frames_size - 1]) : "") + words("start", p.init_image) + words("end", p.end_image));
    std::string loras = "video loras:";
    for (uint32_t i = 0; i < p.lora_count; ++i) {
        loras += std::string(" ") + (p.loras[i].is_high_noise ? "high=" : "low=") + std::to_string(p.loras[i].multiplier);
    }
    say(SD_LOG_DEBUG, loras);
    const std::string prompt = text(p.prompt);
    if (prompt == "throw text") {
        throw std::runtime_error("the stand-in threw");
    }
    if (prompt == "fail") {
        say(SD_LOG_ERROR, "the stand-in was told to fail");
        return false;
    }
    say(SD_LOG_INFO, "generate_video " + std::to_string(p.width) + "x" + std::to_string(p.height) + "x" + std::to_string(p.video_frames));
    for (const int steps : {high_steps, low_steps}) {
        for (int step = 1; step <= steps; ++step) {
            if (context->cancel == SD_CANCEL_ALL) {
                say(SD_LOG_ERROR, "cancelling generation before sampling");
                return false;
            }
            count(step, steps);
        }
        if (steps == high_steps && steps > 0 && prompt != "lose a line") {
            say(SD_LOG_INFO, "sampling(high noise) completed, taking 0.01s");
        }
    }
    say(SD_LOG_INFO, "generating latent video completed, taking 0.01s");
    const int frames = prompt == "too few" ? p.video_frames - 4 : p.video_frames;
    auto* images = static_cast<sd_image_t*>(std::calloc(static_cast<size_t>(frames), sizeof(sd_image_t)));
    for (int i = 0; i < frames; ++i) {
        images[i] = new_image(static_cast<uint32_t>(p.width), static_cast<uint32_t>(p.height));
        const size_t bytes = static_cast<size_t>(p.width) * static_cast<size_t>(p.height) * 3;
        const sd_image_t& given = i == 0 ? p.init_image : i + 1 == p.video_frames ? p.end_image : images[i];
        if (given.data != nullptr && given.data != images[i].data) {
            std::memcpy(images[i].data, given.data, bytes);
        } else {
            std::memset(images[i].data, static_cast<int>(p.seed) + i, bytes);
        }
    }
    if (std::string(context->family) == "LTXAV") {
        auto* sound = static_cast<sd_audio_t*>(std::malloc(sizeof(sd_audio_t)));
        *sound = {1000, 2, static_cast<uint64_t>(1000 * p.video_frames / p.fps), nullptr};
        sound->data = static_cast<float*>(std::malloc(sound->sample_count * 2 * sizeof(float)));
        for (uint64_t i = 0; i < sound->sample_count * 2; ++i) {
            sound->data[i] = static_cast<float>(i % 10) / 10;
        }
        *audio_out = sound;
    }
    *frames_out = images;
    *num_frames_out = frames;
    return true;
}

void free_sd_audio(sd_audio_t* audio) {
    if (audio != nullptr) {
        std::free(audio->data);
    }
    std::free(audio);
}

void free_sd_images(sd_image_t* images, int count) {
    for (int i = 0; images != nullptr && i < count; ++i) {
        std::free(images[i].data);
    }
    std::free(images);
}

void sd_cancel_generation(sd_ctx_t* context, sd_cancel_mode_t mode) {
    if (context != nullptr) {
        context->cancel = mode;
    }
}

upscaler_ctx_t* new_upscaler_ctx(const char* path, bool, int, int tile_size, const char*, const char*) {
    if (first_bytes(path) == "refuse") {
        say(SD_LOG_ERROR, "load ESRGAN model from file failed");
        return nullptr;
    }
    return new upscaler_ctx_t{tile_size};
}

void free_upscaler_ctx(upscaler_ctx_t* context) { delete context; }

bool convert(const char* input_path, const char*, const char* output_path, sd_type_t, const char*, bool) {
    if (first_bytes(input_path) == "refuse") {
        say(SD_LOG_ERROR, "no model");
        return false;
    }
    std::ofstream(output_path, std::ios::binary) << std::ifstream(input_path, std::ios::binary).rdbuf();
    return true;
}

bool upscale(upscaler_ctx_t*, sd_image_t input, uint32_t, sd_image_t** images_out, int* num_images_out) {
    say(SD_LOG_INFO, "upscaling from " + std::to_string(input.width) + "x" + std::to_string(input.height));
    auto* images = static_cast<sd_image_t*>(std::calloc(1, sizeof(sd_image_t)));
    images[0] = new_image(input.width * 2, input.height * 2);
    for (uint32_t y = 0; y < images[0].height; ++y) {
        for (uint32_t x = 0; x < images[0].width; ++x) {
            std::memcpy(images[0].data + (static_cast<size_t>(y) * images[0].width + x) * 3,
                        input.data + (static_cast<size_t>(y / 2) * input.width + x / 2) * 3, 3);
        }
    }
    count(1, 2);
    count(2, 2);
    *images_out = images;
    *num_images_out = 1;
    return true;
}

int get_upscale_factor(upscaler_ctx_t*) { return 2; }

void sd_set_log_callback(sd_log_cb_t callback, void* data) {
    log_callback = callback;
    log_data = data;
}

void sd_set_progress_callback(sd_progress_cb_t callback, void* data) {
    progress_callback = callback;
    progress_data = data;
}

size_t sd_list_devices(char* buffer, size_t size) {
    return static_cast<size_t>(std::snprintf(buffer, size, "CPU\tStand-in processor\nGPU0\tStand-in graphics\n"));
}

int32_t sd_get_num_physical_cores() { return 3; }
const char* sd_get_system_info() { return "stand-in engine"; }
const char* sd_commit() { return "5ta4d14"; }
const char* sd_version() { return "stand-in 1.0"; }
const char* sd_get_model_version_name(const sd_ctx_t* context) { return context->family; }
sample_method_t sd_get_default_sample_method(const sd_ctx_t*) { return EULER_A_SAMPLE_METHOD; }
scheduler_t sd_get_default_scheduler(const sd_ctx_t*, sample_method_t method) { return method == LCM_SAMPLE_METHOD ? SIMPLE_SCHEDULER : KARRAS_SCHEDULER; }
const char* sd_sample_method_name(sample_method_t method) { return method < SAMPLE_METHOD_COUNT ? sample_methods[method] : "NONE"; }
sample_method_t str_to_sample_method(const char* name) { return value_of(name, sample_methods, SAMPLE_METHOD_COUNT); }
const char* sd_scheduler_name(scheduler_t scheduler) { return scheduler < SCHEDULER_COUNT ? schedulers[scheduler] : "NONE"; }
scheduler_t str_to_scheduler(const char* name) { return value_of(name, schedulers, SCHEDULER_COUNT); }
sd_type_t str_to_sd_type(const char* name) { return value_of(name, types, SD_TYPE_COUNT); }
rng_type_t str_to_rng_type(const char* name) { return value_of(name, rngs, RNG_TYPE_COUNT); }
prediction_t str_to_prediction(const char* name) { return value_of(name, predictions, PREDICTION_COUNT); }
const char* sd_hires_upscaler_name(sd_hires_upscaler_t upscaler) { return upscaler <= SD_HIRES_UPSCALER_MODEL ? hires_upscalers[upscaler] : "NONE"; }
sd_hires_upscaler_t str_to_sd_hires_upscaler(const char* name) { return value_of(name, hires_upscalers, SD_HIRES_UPSCALER_COUNT); }
lora_apply_mode_t str_to_lora_apply_mode(const char* name) { return value_of(name, lora_modes, LORA_APPLY_MODE_COUNT); }
