// SHA-256 as FIPS 180-4 defines it. The engine file is compared with the hash in the lock file before it is loaded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace sdcpp {

// Lower-case hexadecimal.
std::string sha256_hex(const uint8_t* data, size_t size);

} // namespace sdcpp
