/* Loads the engine and says in words when that fails. Run by the build. */
#include <sdcpp.h>
#include <stdio.h>

int main(void) {
    sdcpp_engine_params params = {0};
    sdcpp_error error = {0};
    params.size = sizeof params;
    error.size = sizeof error;
    if (sdcpp_engine_load(&params, &error) != SDCPP_OK) {
        fprintf(stderr, "sdcpp: the engine that was built or found here cannot be used: %s\n", error.message);
        return 1;
    }
    return 0;
}
