// What the exports have in common: structs of callers of any version, and handles that must not be null.
#pragma once

#include "checks.hpp"
#include "failure.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string>

namespace sdcpp {

// Of a struct that may come from an older caller: what it has, the rest zero.
template <typename T>
T copy_of(const T* from) {
    T copy{};
    std::memcpy(&copy, from, std::min<size_t>(from->size, sizeof copy));
    return copy;
}

template <typename T>
void give(T* to, T value) {
    value.size = to->size;
    std::memcpy(to, &value, std::min<size_t>(to->size, sizeof value));
}

template <typename T>
void need(const char* what, const T* pointer, size_t first_version) {
    checks::struct_size(what, pointer, pointer != nullptr ? pointer->size : 0, first_version);
}

template <typename T>
T& handle(const char* what, T* pointer) {
    if (pointer == nullptr) {
        refuse(std::string(what) + " is null");
    }
    return *pointer;
}

} // namespace sdcpp
