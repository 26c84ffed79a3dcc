/* Stands before the native library of a server and hands everything on to it, but for two things. An image of an odd seed that is decoded in tiles
 * comes out black, as where a decoder's numbers leave their range; decoded in one piece it is whole. And a file sdxl.safetensors, which is a header
 * and nothing more, is loaded as the demo model beside it, whose images are black until it is loaded with what keeps the numbers of SDXL's decoder
 * in the range of 16 bits. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include "sdcpp.h"

#define FILE_NAME "sdxl.safetensors"
#define SCALE "force_sdxl_vae_conv_scale"

typedef int32_t (*generate)(sdcpp_context *, const sdcpp_image_params *, const sdcpp_call *, sdcpp_result *, sdcpp_error *);
typedef int32_t (*create)(const sdcpp_context_params *, const sdcpp_call *, sdcpp_context **, sdcpp_error *);

static sdcpp_context *unscaled;

static const char *option(const sdcpp_option *options, size_t count, const char *name) {
    for (size_t i = 0; i < count; i++) {
        if (strcmp(options[i].name, name) == 0) {
            return options[i].value;
        }
    }
    return "";
}

int32_t sdcpp_context_create(const sdcpp_context_params *params, const sdcpp_call *call, sdcpp_context **context, sdcpp_error *error) {
    create real = (create)dlsym(RTLD_NEXT, "sdcpp_context_create");
    const char *model = option(params->options, params->option_count, "model_path");
    const char *name = strstr(model, FILE_NAME);
    if (name == NULL) {
        return real(params, call, context, error);
    }
    char paths[3][4096];
    const char *files[] = {"demo-diffusion.gguf", "demo-text-encoder.gguf", "demo-taesd.gguf"};
    const char *names[] = {"diffusion_model_path", "llm_path", "taesd_path"};
    sdcpp_option options[64];
    size_t count = 0;
    for (; count < 3; count++) {
        snprintf(paths[count], sizeof paths[count], "%.*s%s", (int)(name - model), model, files[count]);
        options[count] = (sdcpp_option){names[count], paths[count]};
    }
    for (size_t i = 0; i < params->option_count && count < 64; i++) {
        if (strcmp(params->options[i].name, "model_path") != 0 && strcmp(params->options[i].name, SCALE) != 0) {
            options[count++] = params->options[i];
        }
    }
    sdcpp_context_params demo = *params;
    demo.options = options;
    demo.option_count = count;
    int32_t code = real(&demo, call, context, error);
    unscaled = strcmp(option(params->options, params->option_count, SCALE), "true") == 0 ? NULL : *context;
    return code;
}

int32_t sdcpp_txt2img(sdcpp_context *context, const sdcpp_image_params *params, const sdcpp_call *call, sdcpp_result *result, sdcpp_error *error) {
    generate real = (generate)dlsym(RTLD_NEXT, "sdcpp_txt2img");
    int32_t code = real(context, params, call, result, error);
    int is_tiled = strcmp(option(params->options, params->option_count, "vae_tiling_params.enabled"), "true") == 0;
    if (code == 0 && (context == unscaled || (is_tiled && params->seed % 2 == 1))) {
        for (uint32_t i = 0; i < result->image_count; i++) {
            memset(result->images[i], 0, (size_t)params->width * params->height * 3);
        }
    }
    return code;
}
