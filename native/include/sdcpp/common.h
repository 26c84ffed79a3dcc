/* Exports, the version of the headers, and errors. The rules that hold everywhere are in sdcpp.h. */
#ifndef SDCPP_COMMON_H
#define SDCPP_COMMON_H

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

#ifdef __cplusplus
}
#endif

#endif
