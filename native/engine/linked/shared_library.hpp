#pragma once

#include <string>

namespace sdcpp {

// A shared library that is opened by its path, with what it needs beside it; it stays open.
class shared_library {
public:
    // Throws `failure` with the system's own words when it cannot be opened.
    explicit shared_library(std::string path);

    // The path of a file in the folder of the library that this code is in.
    static std::string beside_this_one(const char* file);

    // In the library, or in ggml's libraries that it brought along; null for none.
    void* find(const char* name) const noexcept;

    const std::string& path() const noexcept { return path_; }
    std::string folder() const;

private:
    std::string path_;
    void* handle_ = nullptr;
};

} // namespace sdcpp
