#pragma once

#include "../../src/failure.hpp"

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sdcpp {

// A file mapped for reading.
class mapped_file {
public:
    explicit mapped_file(const std::string& path) {
        const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
        if (fd < 0) {
            throw failure(SDCPP_ENGINE_NOT_FOUND, "the engine file '" + path + "' cannot be opened: " + std::strerror(errno));
        }
        struct stat info {};
        const bool is_file = ::fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_size > 0;
        void* address = is_file ? ::mmap(nullptr, static_cast<size_t>(info.st_size), PROT_READ, MAP_PRIVATE, fd, 0) : MAP_FAILED;
        ::close(fd);
        if (address == MAP_FAILED) {
            throw failure(SDCPP_ENGINE_NOT_FOUND, "the engine file '" + path + "' is empty or not a file");
        }
        data_ = static_cast<const uint8_t*>(address);
        size_ = static_cast<size_t>(info.st_size);
    }
    ~mapped_file() { ::munmap(const_cast<uint8_t*>(data_), size_); }
    mapped_file(const mapped_file&) = delete;
    mapped_file& operator=(const mapped_file&) = delete;

    const uint8_t* data() const noexcept { return data_; }
    uint64_t size() const noexcept { return size_; }

private:
    const uint8_t* data_ = nullptr;
    size_t size_ = 0;
};

} // namespace sdcpp
