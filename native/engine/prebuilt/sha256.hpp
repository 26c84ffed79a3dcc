// SHA-256 as FIPS 180-4 defines it. The engine file is compared with the hash in the lock file before it is loaded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace sdcpp {

// The processor's own instructions where it has them, some six times as fast; `portable` is for tests.
enum class sha256_code { fastest, portable };

// Lower-case hexadecimal.
std::string sha256_hex(const uint8_t* data, size_t size, sha256_code code = sha256_code::fastest);

} // namespace sdcpp
