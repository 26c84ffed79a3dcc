// The engine's own types, from its own header when it is linked.
#pragma once

#if defined(SDCPP_PREBUILT)
#include "prebuilt/engine_abi.hpp"
#else
#include <stable-diffusion.h>
#endif
