/* Edges for ControlNets, conversion of model files, and upscalers. The rules that hold everywhere are in sdcpp.h. */
#ifndef SDCPP_TOOLS_H
#define SDCPP_TOOLS_H

#include "call.h"
#include "common.h"
#include "image.h"

#ifdef __cplusplus
extern "C" {
#endif

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
