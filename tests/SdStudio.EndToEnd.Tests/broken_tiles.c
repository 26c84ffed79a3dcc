/* Stands before the native library of a server and hands everything on to it, but for one thing: an image of an odd seed that is decoded in
 * tiles comes out black, as where a decoder's numbers leave their range. Decoded in one piece it is whole. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <string.h>
#include "sdcpp.h"

typedef int32_t (*generate)(sdcpp_context *, const sdcpp_image_params *, const sdcpp_call *, sdcpp_result *, sdcpp_error *);

static int is_tiled(const sdcpp_image_params *params) {
    for (size_t i = 0; i < params->option_count; i++) {
        if (strcmp(params->options[i].name, "vae_tiling_params.enabled") == 0) {
            return strcmp(params->options[i].value, "true") == 0;
        }
    }
    return 0;
}

int32_t sdcpp_txt2img(sdcpp_context *context, const sdcpp_image_params *params, const sdcpp_call *call, sdcpp_result *result, sdcpp_error *error) {
    generate real = (generate)dlsym(RTLD_NEXT, "sdcpp_txt2img");
    int32_t code = real(context, params, call, result, error);
    if (code == 0 && is_tiled(params) && params->seed % 2 == 1) {
        for (uint32_t i = 0; i < result->image_count; i++) {
            memset(result->images[i], 0, (size_t)params->width * params->height * 3);
        }
    }
    return code;
}
