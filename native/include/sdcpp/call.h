/* What belongs to one call: its callbacks, and the sink for log lines that belong to none. The rules that hold everywhere are in sdcpp.h. */
#ifndef SDCPP_CALL_H
#define SDCPP_CALL_H

#include "common.h"

#ifdef __cplusplus
extern "C" {
#endif

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
    int32_t preview_interval; /* a preview every this many steps, 1..1000 */
    uint32_t reserved2;
} sdcpp_call;

#ifdef __cplusplus
}
#endif

#endif
