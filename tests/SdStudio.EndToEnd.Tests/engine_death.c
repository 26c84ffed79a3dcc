/* Preloaded into the server by the kill campaign: when the file named by SDSTUDIO_ENGINE_DEATH appears, the next thread that computes in
 * the engine ends the process, by abort() where the file begins with 'a', else by a write to nowhere. The engine reads the clock at every
 * step; whoever else reads it goes on. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static atomic_int wanted;

static void *watch(void *path) {
    for (;;) {
        char kind = 0;
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd >= 0) {
            if (read(fd, &kind, 1) == 1) {
                atomic_store(&wanted, kind);
                return NULL;
            }
            close(fd);
        }
        usleep(2000);
    }
}

__attribute__((constructor)) static void begin(void) {
    char *path = getenv("SDSTUDIO_ENGINE_DEATH");
    pthread_t thread;
    if (path != NULL && pthread_create(&thread, NULL, watch, path) == 0) {
        pthread_detach(thread);
    }
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    static int (*real)(clockid_t, struct timespec *);
    int kind = atomic_load(&wanted);
    Dl_info caller;
    if (kind != 0 && dladdr(__builtin_return_address(0), &caller) != 0 && caller.dli_fname != NULL && strstr(caller.dli_fname, "diffusion-cpp") != NULL) {
        if (kind == 'a') {
            abort();
        }
        *(volatile int *)NULL = 0;
    }
    if (real == NULL) {
        real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    }
    return real(clock, now);
}
