/* Videos. The rules that hold everywhere are in sdcpp.h. */
#ifndef SDCPP_VIDEO_H
#define SDCPP_VIDEO_H

#include "call.h"
#include "common.h"
#include "context.h"
#include "image.h"

#ifdef __cplusplus
extern "C" {
#endif

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

#ifdef __cplusplus
}
#endif

#endif
