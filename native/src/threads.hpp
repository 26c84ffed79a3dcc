// How many threads the engine may keep busy.
#pragma once

#include <cstdint>

namespace sdcpp {

// The physical cores, or fewer where the calling thread may run on fewer. More than those wait for each other by spinning.
int32_t available_threads();

} // namespace sdcpp
