#include "threads.hpp"

#include "../engine/engine.hpp"

#include <algorithm>

#if defined(__linux__)
#include <sched.h>
#elif defined(_WIN32)
#include <windows.h>
#endif

namespace sdcpp {
namespace {

// The processors that this thread may run on; 0 when the system does not tell.
int32_t allowed_processors() {
#if defined(__linux__)
    cpu_set_t set;
    CPU_ZERO(&set);
    return ::sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 0;
#elif defined(_WIN32)
    DWORD_PTR process = 0;
    DWORD_PTR system = 0;
    int32_t count = 0;
    if (::GetProcessAffinityMask(::GetCurrentProcess(), &process, &system) != 0) {
        for (; process != 0; process &= process - 1) {
            ++count;
        }
    }
    return count;
#else
    return 0;
#endif
}

} // namespace

int32_t available_threads() {
    const int32_t cores = std::max<int32_t>(1, engine().sd_get_num_physical_cores());
    const int32_t allowed = allowed_processors();
    return allowed > 0 ? std::min(cores, allowed) : cores;
}

} // namespace sdcpp
