/* Stands before the native library of a server and hands everything on to it; a model is loaded when the file named by SDSTUDIO_HELD_LOAD is
 * gone. The file with ".held" behind its name says that one waits. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "sdcpp.h"

int32_t sdcpp_context_create(const sdcpp_context_params *params, const sdcpp_call *call, sdcpp_context **context, sdcpp_error *error) {
    int32_t (*real)(const sdcpp_context_params *, const sdcpp_call *, sdcpp_context **, sdcpp_error *) =
        (int32_t (*)(const sdcpp_context_params *, const sdcpp_call *, sdcpp_context **, sdcpp_error *))dlsym(RTLD_NEXT, "sdcpp_context_create");
    const char *order = getenv("SDSTUDIO_HELD_LOAD");
    char held[4096];
    if (order != NULL && access(order, F_OK) == 0) {
        snprintf(held, sizeof held, "%s.held", order);
        close(open(held, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
        while (access(order, F_OK) == 0) {
            usleep(2000);
        }
    }
    return real(params, call, context, error);
}
