/* Preloaded into a server: when the file named by SDSTUDIO_HELD_WRITE is there, the next write into an image that is not finished stops after
 * half of its bytes. With "die" in the file the process ends as by kill -9; otherwise the write waits until the file is gone, and the file with
 * ".held" behind its name says so. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int is_unfinished_image(int fd) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 4) {
        return 0;
    }
    path[length] = 0;
    return strstr(path, "/images/") != NULL && strcmp(path + length - 4, ".tmp") == 0;
}

static int ordered(int fd) {
    const char *order = getenv("SDSTUDIO_HELD_WRITE");
    return order != NULL && access(order, F_OK) == 0 && is_unfinished_image(fd);
}

static void stop(void) {
    const char *order = getenv("SDSTUDIO_HELD_WRITE");
    char kind[4] = "", held[4096];
    int fd = open(order, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        read(fd, kind, 3);
        close(fd);
    }
    if (strcmp(kind, "die") == 0) {
        unlink(order);
        kill(getpid(), SIGKILL);
    }
    snprintf(held, sizeof held, "%s.held", order);
    close(open(held, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    while (access(order, F_OK) == 0) {
        usleep(2000);
    }
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at) {
    static ssize_t (*real)(int, const void *, size_t, off64_t);
    if (real == NULL) {
        real = (ssize_t (*)(int, const void *, size_t, off64_t))dlsym(RTLD_NEXT, "pwrite64");
    }
    if (count > 1 && ordered(fd)) {
        real(fd, bytes, count / 2, at);
        stop();
    }
    return real(fd, bytes, count, at);
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at) { return pwrite64(fd, bytes, count, at); }

ssize_t write(int fd, const void *bytes, size_t count) {
    static ssize_t (*real)(int, const void *, size_t);
    if (real == NULL) {
        real = (ssize_t (*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write");
    }
    if (count > 1 && ordered(fd)) {
        real(fd, bytes, count / 2);
        stop();
    }
    return real(fd, bytes, count);
}
