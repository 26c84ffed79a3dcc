/* Loaded models. The rules that hold everywhere are in sdcpp.h. */
#ifndef SDCPP_CONTEXT_H
#define SDCPP_CONTEXT_H

#include "call.h"
#include "common.h"

#ifdef __cplusplus
extern "C" {
#endif

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

#ifdef __cplusplus
}
#endif

#endif
