/*
 * Preloaded into the process that generates with Vulkan on Mesa's software device: keeps every Vulkan buffer until the process ends.
 *
 * ggml declares a fixed number of buffers in each descriptor set and writes those that a shader uses. The others may still name buffers of
 * an earlier use that are gone by now, which Vulkan allows, because no shader touches them. Mesa's lavapipe before 23.1 (Debian 12 has 22.3)
 * counts references to them all the same when it binds the set: of freed memory. The process then ends at random, mostly in the second
 * image. Graphics cards' drivers and newer Mesa are not affected. Memory is freed as before; only the small buffer objects stay.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef void (*function)(void);
typedef function (*find_function)(void* of, const char* name);

static find_function find(const char* name) {
    void* loader = dlopen("libvulkan.so.1", RTLD_NOW | RTLD_LOCAL);
    void* found = loader != NULL ? dlsym(loader, name) : NULL;
    if (found == NULL) {
        abort();
    }
    return (find_function)found;
}

void vkDestroyBuffer(void* device, uint64_t buffer, const void* allocator) {
    (void)device;
    (void)buffer;
    (void)allocator;
}

function vkGetDeviceProcAddr(void* device, const char* name) {
    return strcmp(name, "vkDestroyBuffer") == 0 ? (function)vkDestroyBuffer : find("vkGetDeviceProcAddr")(device, name);
}

function vkGetInstanceProcAddr(void* instance, const char* name) {
    if (strcmp(name, "vkDestroyBuffer") == 0) {
        return (function)vkDestroyBuffer;
    }
    if (strcmp(name, "vkGetDeviceProcAddr") == 0) {
        return (function)vkGetDeviceProcAddr;
    }
    return find("vkGetInstanceProcAddr")(instance, name);
}
