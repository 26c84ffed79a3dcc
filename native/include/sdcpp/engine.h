/* Loading the engine, and what it is and can. The rules that hold everywhere are in sdcpp.h. */
#ifndef SDCPP_ENGINE_H
#define SDCPP_ENGINE_H

#include "common.h"

#ifdef __cplusplus
extern "C" {
#endif

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

#ifdef __cplusplus
}
#endif

#endif
