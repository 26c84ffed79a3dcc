/*
 * sdcpp.h: the only C API that SdStudio's C# code knows.
 *
 * Rules that hold for every function here:
 *  - Strings are UTF-8 and end with a zero byte. Strings passed in are copied or only read during the call. Strings handed out
 *    live as long as the process unless said otherwise.
 *  - Structs begin with their own size in bytes: set `size = sizeof(the struct)` before the call. A bridge that is newer than its
 *    caller reads only what the caller's struct has.
 *  - Images are 8 bits per channel, row-major, interleaved, without padding between rows: width x height x channels bytes.
 *  - No exception leaves a function. A function that can fail returns SDCPP_OK or another sdcpp_status, and fills `error` if it is
 *    not NULL.
 *  - Samplers, schedulers, weight types and the like cross as the engine's own names ("euler_a", "karras", "q8_0").
 *  - Callbacks come on the thread that made the call, never after it has returned.
 */
#ifndef SDCPP_H
#define SDCPP_H

#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32)
#  if defined(SDCPP_BUILD)
#    define SDCPP_API __declspec(dllexport)
#  else
#    define SDCPP_API __declspec(dllimport)
#  endif
#else
#  define SDCPP_API __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Raised when a change breaks callers built against an older header. */
#define SDCPP_ABI_VERSION 4u

/* ---------------------------------------------------------------------------------------------------------------- errors -- */

typedef enum sdcpp_status {
    SDCPP_OK = 0,
    SDCPP_INVALID_ARGUMENT = 1,    /* refused before the engine saw it; the message names the argument and what is allowed */
    SDCPP_ENGINE_NOT_FOUND = 2,    /* no engine file, or a library it needs is missing */
    SDCPP_ENGINE_INCOMPATIBLE = 3, /* an engine was found, but not the one this bridge was made for */
    SDCPP_MODEL_LOAD_FAILED = 4,   /* the engine refused the model files; the message ends with its last error lines */
    SDCPP_GENERATION_FAILED = 5,   /* the engine returned no image */
    SDCPP_CANCELLED = 6,           /* stopped because sdcpp_cancel asked for it */
    SDCPP_OUT_OF_MEMORY = 7,       /* an allocation failed; the context is still usable */
    SDCPP_NOT_SUPPORTED = 8,       /* this engine build lacks the named field or function */
    SDCPP_BUSY = 9,                /* another call is running on the same handle */
    SDCPP_INTERNAL = 10            /* an exception of unknown kind inside the engine or the bridge */
} sdcpp_status;

typedef struct sdcpp_error {
    uint32_t size;
    int32_t code;        /* an sdcpp_status */
    char message[1976];
    char option[64];     /* the engine's name of the value that was refused, e.g. "steps" or "hires.scale"; empty for none in particular */
} sdcpp_error;

/* ---------------------------------------------------------------------------------------------------------------- engine -- */

/* The version of this header that the library was built with. Call it first: a different value means a different library. */
SDCPP_API uint32_t sdcpp_abi_version(void);

typedef struct sdcpp_engine_params {
    uint32_t size;
    uint32_t reserved;
    /* prebuilt provider: the engine file; NULL means the one beside this library. Linked providers: must be NULL. */
    const char* engine_path;
    /* A file of ggml's backend plug-ins to load as well (Vulkan, CUDA); NULL for none. */
    const char* backend_path;
    /* One line is appended here when the engine ends the process (assert, terminate; on Linux a fault of memory or arithmetic in one of the
     * threads that work for a call with a tag); NULL for none. Faults of other threads are left to the handlers that were there before. */
    const char* crash_file;
} sdcpp_engine_params;

/*
 * Loads the engine and proves that its struct layout is the one this bridge was compiled for. Once a process: a second call with an
 * engine loaded returns SDCPP_OK and changes nothing. Every other function but sdcpp_abi_version fails before this one succeeded.
 */
SDCPP_API int32_t sdcpp_engine_load(const sdcpp_engine_params* params, sdcpp_error* error);

typedef struct sdcpp_engine_info {
    uint32_t size;
    uint32_t reserved;
    const char* provider;    /* "prebuilt" or "linked" */
    const char* version;     /* e.g. "@qvac/diffusion-cpp 0.25.0", or the engine's own version */
    const char* commit;      /* the engine's source commit, or "" when the build does not tell */
    const char* system_info; /* the engine's line about CPU features and the like */
} sdcpp_engine_info;

SDCPP_API int32_t sdcpp_engine_get_info(sdcpp_engine_info* info, sdcpp_error* error);

/*
 * Writes one line a device, "name<TAB>description\n", zero-terminated, cut at `capacity` bytes.
 * Returns the bytes that the whole list needs, its zero byte included; 0 when no engine is loaded.
 */
SDCPP_API size_t sdcpp_engine_devices(char* buffer, size_t capacity);

/*
 * The memory of a device of sdcpp_engine_devices, bytes: what is free now, and all of it.
 * Returns 1; or 0, and leaves both alone, when there is no such device or the engine does not tell.
 */
SDCPP_API int32_t sdcpp_device_memory(const char* name, uint64_t* free_bytes, uint64_t* total_bytes);

/*
 * How many threads a call may keep busy: the physical cores, or fewer where the calling thread may run on fewer (taskset, a container's
 * set of CPUs). It knows nothing of a container's share of time. 1 or more; 1 when no engine is loaded.
 */
SDCPP_API int32_t sdcpp_available_threads(void);

/* A number that is checked here: its name as in sdcpp_error.option, and what is allowed. */
typedef struct sdcpp_limit {
    uint32_t size;
    uint32_t reserved;
    const char* name;
    double low;
    double high;
} sdcpp_limit;

/* Limit number `index`, counted from 0: SDCPP_OK, or SDCPP_INVALID_ARGUMENT past the last one. */
SDCPP_API int32_t sdcpp_limit_at(int32_t index, sdcpp_limit* limit, sdcpp_error* error);

/*
 * What this engine can beyond what every engine can, names with commas between: "canny" (sdcpp_canny), "control-net-swap"
 * (sdcpp_context_set_control_net), "convert" (sdcpp_convert), "device-memory", "devices", "fit" (sdcpp_fit_model), "hires", "plug-ins",
 * "previews", "video" (sdcpp_video). Lives as long as the process; "" when no engine is loaded.
 */
SDCPP_API const char* sdcpp_engine_features(void);

/* The name of sampler or scheduler number `index`, counted from 0; NULL past the last one. */
SDCPP_API const char* sdcpp_sampler_name(int32_t index);
SDCPP_API const char* sdcpp_scheduler_name(int32_t index);

/* ------------------------------------------------------------------------------------------------------------- callbacks -- */

typedef enum sdcpp_log_level { SDCPP_LOG_DEBUG = 0, SDCPP_LOG_INFO = 1, SDCPP_LOG_WARN = 2, SDCPP_LOG_ERROR = 3 } sdcpp_log_level;

/* `text` is one line without its end of line, valid during the callback only. */
typedef void (*sdcpp_log_fn)(int32_t level, const char* text, void* user);

/*
 * Receives log lines that belong to no call. NULL turns it off. May be called from the sink itself. Code and `user` of a sink that is
 * replaced must stay valid: a line that is on its way still reaches it.
 */
SDCPP_API void sdcpp_set_log_sink(sdcpp_log_fn sink, void* user);

typedef enum sdcpp_phase {
    SDCPP_PHASE_LOAD = 0,    /* reading weights; step of steps are tensors */
    SDCPP_PHASE_ENCODE = 1,  /* prompt to embeddings, input image to latents; no steps */
    SDCPP_PHASE_SAMPLE = 2,  /* step of steps of the sampler, for image image_index of image_count; all images, then decode */
    SDCPP_PHASE_DECODE = 3,  /* latents to pixels; step of steps are tiles when tiling is on */
    SDCPP_PHASE_UPSCALE = 4  /* step of steps are tiles */
} sdcpp_phase;

typedef struct sdcpp_progress {
    uint32_t size;
    int32_t phase;       /* an sdcpp_phase; never goes back within a pass */
    int32_t step;        /* done steps, 0..steps; never goes back within a phase of one image of a pass */
    int32_t steps;       /* 0 when the phase has no steps */
    int32_t image_index; /* 0-based */
    int32_t image_count;
    float seconds_per_step; /* of the last step; 0 when unknown */
    int32_t pass;           /* 1; 2 in the second pass of the hires fix, whose phases begin again at UPSCALE or SAMPLE */
} sdcpp_progress;

typedef void (*sdcpp_progress_fn)(const sdcpp_progress* progress, void* user);

/* An image as it is after `step` steps: width x height x channels bytes, row-major, valid during the callback only. */
typedef struct sdcpp_preview {
    uint32_t size;
    int32_t step; /* of the sampler, from 1 */
    int32_t image_index;
    uint32_t width; /* of the preview: smaller than the image in mode "proj" of some models */
    uint32_t height;
    uint32_t channels; /* 3 */
    const uint8_t* pixels;
} sdcpp_preview;

typedef void (*sdcpp_preview_fn)(const sdcpp_preview* preview, void* user);

/* What belongs to one call. Every member but `size` may be NULL. */
typedef struct sdcpp_call {
    uint32_t size;
    uint32_t reserved;
    sdcpp_progress_fn progress;
    sdcpp_log_fn log;
    void* user;      /* handed to all of them */
    const char* tag; /* named in the crash file if the engine ends the process during this call */
    sdcpp_preview_fn preview;
    /*
     * "none"; "proj": a rough look at the latents, costs next to nothing; "tae": by the small decoder of option taesd_path; "vae": by the
     * model's own decoder. NULL is "none". The engine has one mode for the process: while calls want different ones, the dearest serves all.
     * The engine makes one at every step, whatever the interval: "tae" and "vae" cost a decoding a step.
     */
    const char* preview_mode;
    int32_t preview_interval; /* every so many steps, 1..1000 */
    uint32_t reserved2;
} sdcpp_call;

/* --------------------------------------------------------------------------------------------------------------- context -- */

/* One engine option by its own name, e.g. {"flash_attn", "true"} or {"vae_tiling_params.tile_size_x", "32"}. */
typedef struct sdcpp_option {
    const char* name;
    const char* value;
} sdcpp_option;

/* A loaded model. One call at a time: a second one gets SDCPP_BUSY. */
typedef struct sdcpp_context sdcpp_context;

typedef struct sdcpp_context_params {
    uint32_t size;
    int32_t n_threads; /* 1..1024; 0 means sdcpp_available_threads() */
    /* Model files and everything else, by the engine's field names: "diffusion_model_path", "vae_path", "wtype" (a name), ... */
    const sdcpp_option* options;
    size_t option_count;
    /* Textual inversions: the word that stands for each in prompts, and its file. */
    const sdcpp_option* embeddings;
    size_t embedding_count;
} sdcpp_context_params;

/* Loads a model. `call` may be NULL. Loading cannot be cancelled; the caller frees what it no longer wants. */
SDCPP_API int32_t sdcpp_context_create(const sdcpp_context_params* params, const sdcpp_call* call, sdcpp_context** out,
                                       sdcpp_error* error);

/* Frees a model; NULL is allowed. Never while a call runs on it. */
SDCPP_API void sdcpp_context_free(sdcpp_context* context);

/* What would fit, as the engine plans it. Texts are cut to their room. */
typedef struct sdcpp_fit {
    uint32_t size;
    int32_t fits;          /* 1: the model and one image of that size have room, with the settings below; 0: they have not */
    int32_t changed;       /* 1: the settings below are needed; 0: the defaults fit */
    int32_t vae_tiling;    /* 1: decode in tiles (option vae_tiling_params.enabled of an image) */
    int32_t stream_layers; /* 1: option stream_layers of the context */
    uint32_t reserved;
    char backend[256];        /* option backend of the context; empty for the default */
    char params_backend[256]; /* option params_backend of the context; empty for the default */
    char report[4096];        /* what was measured, lines for people */
} sdcpp_fit;

/*
 * Measures what a model and one image of width x height would need, and plans where its parts go, without reading its weights. `params` as
 * for sdcpp_context_create, but without "backend" and "params_backend", which are what is looked for; "max_vram" limits it. `prompt` may be
 * NULL. SDCPP_NOT_SUPPORTED without the feature "fit". That nothing fits is an answer (`fits` is 0), no error.
 */
SDCPP_API int32_t sdcpp_fit_model(const sdcpp_context_params* params, int32_t width, int32_t height, const char* prompt, const sdcpp_call* call,
                                  sdcpp_fit* fit, sdcpp_error* error);

/* What the engine says the model is ("Z-Image", "SDXL", ...), and what it samples with by default. Strings live as long as the context. */
typedef struct sdcpp_context_info {
    uint32_t size;
    uint32_t reserved;
    const char* family;
    const char* default_sampler;
    const char* default_scheduler;
    int32_t takes_ref_images; /* 1: images "ref_images" are generated from; 0: they are refused */
    uint32_t reserved2;
    int32_t makes_images; /* 1: sdcpp_txt2img and sdcpp_img2img; 0: they refuse this model */
    int32_t makes_videos; /* 1: sdcpp_video; 0: it refuses this model */
} sdcpp_context_info;

SDCPP_API int32_t sdcpp_context_get_info(const sdcpp_context* context, sdcpp_context_info* info, sdcpp_error* error);

/*
 * Another ControlNet for a loaded model, in place of the one that it has; NULL for none. SDCPP_NOT_SUPPORTED without the feature
 * "control-net-swap"; SDCPP_BUSY while a call runs. The file must be of the model's own family: the engine ends the process over others.
 */
SDCPP_API int32_t sdcpp_context_set_control_net(sdcpp_context* context, const char* path, const sdcpp_call* call, sdcpp_error* error);

typedef enum sdcpp_cancel_mode {
    SDCPP_CANCEL_NONE = 0,        /* takes back a cancel that no call has answered yet */
    SDCPP_CANCEL_NOW = 1,         /* stop at the next step; nothing is delivered */
    SDCPP_CANCEL_AFTER_IMAGE = 2  /* finish the image at hand; what is finished is delivered */
} sdcpp_cancel_mode;

/*
 * Asks the running call to stop, from any thread. With no call running, the next one is stopped at its beginning: a cancel that
 * arrives a moment early is not lost. It stays asked until SDCPP_CANCEL_NONE; AFTER_IMAGE after NOW changes nothing. While the engine
 * decodes, NOW takes effect when it has finished, and AFTER_IMAGE has none: everything is delivered.
 */
SDCPP_API void sdcpp_cancel(sdcpp_context* context, int32_t mode);

/* ------------------------------------------------------------------------------------------------------------ generation -- */

typedef struct sdcpp_image {
    uint32_t width;
    uint32_t height;
    uint32_t channels;
    uint32_t reserved;
    const uint8_t* data; /* width * height * channels bytes */
} sdcpp_image;

typedef struct sdcpp_lora {
    const char* path;
    float multiplier;
    uint32_t high_noise; /* 1: for the high-noise model of a pair (Wan 2.2), else 0 */
} sdcpp_lora;

/*
 * An image by the engine's name of its field, 3 channels:
 *  - "ref_images": what an edit model looks at (Kontext, Qwen-Image-Edit, FLUX.2), any size; several are kept in their order
 *  - "control_image": for option control_net_path of the context, exactly width x height
 *  - "ip_adapter_image": for option ip_adapter_path, any size
 *  - "pm_params.id_images": for option photo_maker_path, any size; several
 */
typedef struct sdcpp_named_image {
    const char* name;
    sdcpp_image image;
} sdcpp_named_image;

/*
 * What text-to-image and image-to-image have in common. Limits are checked here, whatever the caller checked. With the option
 * "hires.enabled" the result is larger than width x height: hires.target_width x hires.target_height where both are given, else
 * both sides times hires.scale, rounded.
 */
typedef struct sdcpp_image_params {
    uint32_t size;
    int32_t width;  /* 1..16384 pixels; width * height at most SDCPP_MAX_PIXELS */
    int32_t height; /* sizes off the engine's grid are generated larger and cropped evenly */
    int32_t steps;  /* 1..SDCPP_MAX_STEPS */
    int64_t seed;   /* 0 or more; image i of the batch is generated with seed + i */
    int32_t batch_count; /* 1..SDCPP_MAX_BATCH */
    int32_t clip_skip;   /* 0 = the model's own, else 1..12 */
    float cfg_scale;     /* 0..1000 */
    uint32_t lora_count;
    const char* prompt;          /* at most SDCPP_MAX_PROMPT_BYTES bytes */
    const char* negative_prompt; /* as prompt; NULL for none */
    const char* sampler;         /* an sdcpp_sampler_name, or NULL for the model's own */
    const char* scheduler;       /* an sdcpp_scheduler_name, or NULL for the model's own */
    const sdcpp_lora* loras;     /* applied for this call only */
    /* anything else of the engine's generation parameters, by name; lists are numbers with commas: "1,0.5,0" */
    const sdcpp_option* options;
    size_t option_count;
    const sdcpp_named_image* images;
    size_t image_count; /* 0..SDCPP_MAX_IMAGES */
} sdcpp_image_params;

#define SDCPP_MAX_SIDE 16384
#define SDCPP_MAX_PIXELS 67108864
#define SDCPP_MAX_STEPS 1000
#define SDCPP_MAX_BATCH 64
#define SDCPP_MAX_PROMPT_BYTES 8192
#define SDCPP_MAX_IMAGES 16
#define SDCPP_MAX_LORAS 64
#define SDCPP_MAX_THREADS 1024

/* Checks what can be checked without a model, and tells how large the results will be: larger than asked for with the hires fix. */
SDCPP_API int32_t sdcpp_result_size(const sdcpp_image_params* params, uint32_t* width, uint32_t* height, sdcpp_error* error);

/* Where results go: buffers of the caller's. */
typedef struct sdcpp_result {
    uint32_t size;
    uint32_t image_count;     /* in: how many buffers; out: how many of them hold a finished image, from the first on */
    uint8_t* const* images;   /* RGB, width x height x 3 each, or as large as the hires fix makes them */
    size_t image_bytes;       /* capacity of each buffer */
} sdcpp_result;

SDCPP_API int32_t sdcpp_txt2img(sdcpp_context* context, const sdcpp_image_params* params, const sdcpp_call* call,
                                sdcpp_result* result, sdcpp_error* error);

/*
 * As sdcpp_txt2img, beginning from `init` (3 channels, exactly width x height). strength 0..1: how far the result may leave it.
 * `mask` (1 channel, same size, 255 = generate, 0 = keep) may be NULL.
 */
SDCPP_API int32_t sdcpp_img2img(sdcpp_context* context, const sdcpp_image_params* params, const sdcpp_image* init,
                                const sdcpp_image* mask, float strength, const sdcpp_call* call, sdcpp_result* result,
                                sdcpp_error* error);

/* -------------------------------------------------------------------------------------------------------------- video -- */

/*
 * A video. Families make certain numbers of frames and sides: others are generated larger, and cut to what was asked for. Options beside
 * those of an image: "moe_boundary" (0..1), "strength" (0..1), "vace_strength" (0..10), and for the high-noise expert of a pair
 * "high_noise_sample_params.sample_steps" (its own; without, both share `steps` by the boundary), ".sample_method" (a sampler's name), ".eta",
 * ".guidance.txt_cfg" and ".guidance.distilled_guidance"; what is not given there is as for the low-noise expert.
 */
typedef struct sdcpp_video_params {
    uint32_t size;
    int32_t width;  /* 1..16384 pixels; width * height at most SDCPP_MAX_PIXELS */
    int32_t height;
    int32_t frames; /* 1..SDCPP_MAX_FRAMES; width * height * frames at most SDCPP_MAX_VIDEO_PIXELS */
    int32_t fps;    /* 1..SDCPP_MAX_FPS */
    int32_t steps;  /* 1..SDCPP_MAX_STEPS */
    int64_t seed;   /* 0 or more */
    int32_t clip_skip;   /* 0 = the model's own, else 1..12 */
    float cfg_scale;     /* 0..1000 */
    uint32_t lora_count;
    uint32_t reserved;
    const char* prompt;          /* at most SDCPP_MAX_PROMPT_BYTES bytes */
    const char* negative_prompt; /* as prompt; NULL for none */
    const char* sampler;         /* an sdcpp_sampler_name, or NULL for the model's own */
    const char* scheduler;       /* an sdcpp_scheduler_name, or NULL for the model's own */
    const sdcpp_lora* loras;     /* applied for this call only */
    const sdcpp_option* options;
    size_t option_count;
    /* exactly width x height, 3 channels: "init_image" (the first frame), "end_image" (the last one), "control_frames" (several, at most
       `frames`; VACE) */
    const sdcpp_named_image* images;
    size_t image_count;
} sdcpp_video_params;

#define SDCPP_MAX_FRAMES 1025
#define SDCPP_MAX_FPS 240
#define SDCPP_MAX_VIDEO_PIXELS 536870912

/* Sound: `channels` samples in turn, sample_count times. */
typedef struct sdcpp_audio {
    uint32_t size;
    uint32_t sample_rate; /* a second */
    uint32_t channels;
    uint32_t reserved;
    uint64_t sample_count; /* of each channel */
    const float* samples;  /* about -1..1 */
} sdcpp_audio;

/* Where a video goes: buffers of the caller's; its sound is the bridge's. */
typedef struct sdcpp_video_result {
    uint32_t size;
    uint32_t frame_count;   /* in: how many buffers, at least `frames`; out: how many of them hold a frame, from the first on */
    uint8_t* const* frames; /* RGB, width x height x 3 each */
    size_t frame_bytes;     /* capacity of each buffer */
    int32_t fps;            /* out: frames a second; some families make always the same */
    uint32_t reserved;
    sdcpp_audio* audio;     /* out: NULL without sound; freed by sdcpp_audio_free */
} sdcpp_video_result;

/* Checks what can be checked without a model. */
SDCPP_API int32_t sdcpp_video_check(const sdcpp_video_params* params, sdcpp_error* error);

/*
 * Generates a video. SDCPP_NOT_SUPPORTED without the feature "video", and for a model that makes none. Steps of both experts are counted as one
 * row; image_index is 0 of 1; a preview is of the first frame. Cancelled while it decodes, it ends when that is finished, and delivers nothing.
 */
SDCPP_API int32_t sdcpp_video(sdcpp_context* context, const sdcpp_video_params* params, const sdcpp_call* call, sdcpp_video_result* result,
                              sdcpp_error* error);

/* Frees the sound of a video; NULL is allowed. */
SDCPP_API void sdcpp_audio_free(sdcpp_audio* audio);

/* -------------------------------------------------------------------------------------------------------------- edges -- */

/*
 * The edges of `input` (3 channels, at least 3 x 3) as an image for a ControlNet that generates along edges. Thresholds and greys are
 * 0..1, low <= high; `output` takes width x height x 3 bytes. SDCPP_NOT_SUPPORTED without the feature "canny".
 */
SDCPP_API int32_t sdcpp_canny(const sdcpp_image* input, float high_threshold, float low_threshold, float weak, float strong, int32_t inverse,
                              uint8_t* output, sdcpp_error* error);

/* --------------------------------------------------------------------------------------------------------------- convert -- */

/* 1 when the loaded engine can convert models; 0 when it cannot, or none is loaded. */
SDCPP_API int32_t sdcpp_can_convert(void);

/*
 * Reads a model of any kind that the engine reads, and writes it as GGUF with its weights in another type, e.g. "q8_0".
 * SDCPP_NOT_SUPPORTED when the engine cannot. The engine writes straight into `output_path`: give it a temporary name, and the right one
 * when this has returned SDCPP_OK. It cannot be stopped.
 */
SDCPP_API int32_t sdcpp_convert(const char* input_path, const char* output_path, const char* weight_type, const sdcpp_call* call, sdcpp_error* error);

/* -------------------------------------------------------------------------------------------------------------- upscaler -- */

typedef struct sdcpp_upscaler sdcpp_upscaler;

typedef struct sdcpp_upscaler_params {
    uint32_t size;
    int32_t n_threads;      /* 1..1024; 0 means sdcpp_available_threads() */
    int32_t tile_size;      /* pixels of the input, 16..4096; 0 means the engine's own */
    uint32_t reserved;
    const char* model_path; /* an ESRGAN file */
    const char* backend;    /* a device name, NULL for the engine's choice */
    const char* params_backend; /* where its weights lie, NULL for the engine's choice */
    int32_t conv_direct;        /* 1: direct convolution, else 0 */
    uint32_t reserved2;
} sdcpp_upscaler_params;

SDCPP_API int32_t sdcpp_upscaler_create(const sdcpp_upscaler_params* params, const sdcpp_call* call, sdcpp_upscaler** out,
                                        sdcpp_error* error);

/* Frees an upscaler; NULL is allowed. Never while a call runs on it. */
SDCPP_API void sdcpp_upscaler_free(sdcpp_upscaler* upscaler);

/* How many times wider and higher a result is: the model's own factor. 0 for NULL. */
SDCPP_API int32_t sdcpp_upscaler_factor(const sdcpp_upscaler* upscaler);

/*
 * Upscales `input` (3 channels) by the model's factor into the first buffer of the result, width * factor x height * factor x 3.
 * The engine cannot be stopped while it upscales.
 */
SDCPP_API int32_t sdcpp_upscale(sdcpp_upscaler* upscaler, const sdcpp_image* input, const sdcpp_call* call, sdcpp_result* result,
                                sdcpp_error* error);

#ifdef __cplusplus
}
#endif

#endif
