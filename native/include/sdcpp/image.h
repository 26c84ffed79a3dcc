/* Text-to-image and image-to-image. The rules that hold everywhere are in sdcpp.h. */
#ifndef SDCPP_IMAGE_H
#define SDCPP_IMAGE_H

#include "call.h"
#include "common.h"
#include "context.h"

#ifdef __cplusplus
extern "C" {
#endif

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

#ifdef __cplusplus
}
#endif

#endif
