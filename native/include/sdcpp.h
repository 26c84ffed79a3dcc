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

#include "sdcpp/common.h"
#include "sdcpp/engine.h"
#include "sdcpp/call.h"
#include "sdcpp/context.h"
#include "sdcpp/image.h"
#include "sdcpp/video.h"
#include "sdcpp/tools.h"

#endif
