// SHA-256 by the processor's instructions and without them: the examples of FIPS 180-4, and the same hash of every length around a block.
#include "../../native/engine/prebuilt/sha256.hpp"

#include <cstdio>
#include <vector>

namespace {

int failures = 0;

void check(const std::string& text, const char* expected) {
    for (const auto code : {sdcpp::sha256_code::fastest, sdcpp::sha256_code::portable}) {
        const std::string hash = sdcpp::sha256_hex(reinterpret_cast<const uint8_t*>(text.data()), text.size(), code);
        if (hash != expected) {
            std::printf("FAILED %zu bytes: %s, expected %s\n", text.size(), hash.c_str(), expected);
            ++failures;
        }
    }
}

} // namespace

int main() {
    check("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    check("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    check("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    check(std::string(1000000, 'a'), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    // From odd addresses too: the instructions load 16 bytes at once.
    std::vector<uint8_t> bytes(2048);
    for (size_t i = 0; i < bytes.size(); ++i) {
        bytes[i] = static_cast<uint8_t>(i * 197 + i / 7);
    }
    for (size_t size = 0; size < 1024; ++size) {
        const uint8_t* from = bytes.data() + size % 17;
        if (sdcpp::sha256_hex(from, size) != sdcpp::sha256_hex(from, size, sdcpp::sha256_code::portable)) {
            std::printf("FAILED %zu bytes have two hashes\n", size);
            ++failures;
        }
    }
    std::printf("%d failures\n", failures);
    return failures == 0 ? 0 : 1;
}
