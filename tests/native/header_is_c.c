/* Compiled as strict C99: sdcpp.h is a C header, and its enums and sizes are what a C compiler makes of them. */
#include <sdcpp.h>

typedef char progress_is_eight_words[sizeof(sdcpp_progress) == 32 ? 1 : -1];
typedef char an_error_is_2_kib[sizeof(sdcpp_error) == 2048 ? 1 : -1];

uint32_t abi_version_seen_from_c(void);

uint32_t abi_version_seen_from_c(void) {
    return sdcpp_abi_version() == SDCPP_ABI_VERSION ? SDCPP_ABI_VERSION : 0;
}
