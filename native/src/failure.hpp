// How the bridge says no: thrown inside, turned into a status and a message at the boundary.
#pragma once

#include <sdcpp.h>

#include <stdexcept>
#include <string>
#include <utility>

namespace sdcpp {

class failure : public std::runtime_error {
public:
    // `option` is the engine's name of what was refused; empty where it is nothing in particular.
    failure(sdcpp_status code, const std::string& message, std::string option = {})
        : std::runtime_error(message), code_(code), option_(std::move(option)) {}
    sdcpp_status code() const noexcept { return code_; }
    const char* option() const noexcept { return option_.c_str(); }

private:
    sdcpp_status code_;
    std::string option_;
};

[[noreturn]] inline void refuse(const std::string& message, std::string option = {}) {
    throw failure(SDCPP_INVALID_ARGUMENT, message, std::move(option));
}

void set_error(sdcpp_error* error, sdcpp_status code, const char* message, const char* option = "") noexcept;

// Runs `body` behind the exception wall. An exception of the engine may belong to another C++ runtime: it is caught by `...`, and its
// text is lost.
template <typename Body>
int32_t behind_wall(sdcpp_error* error, Body&& body) noexcept {
    try {
        set_error(error, SDCPP_OK, "");
        body();
        return SDCPP_OK;
    } catch (const failure& e) {
        set_error(error, e.code(), e.what(), e.option());
        return e.code();
    } catch (const std::bad_alloc&) {
        set_error(error, SDCPP_OUT_OF_MEMORY, "out of memory");
        return SDCPP_OUT_OF_MEMORY;
    } catch (const std::exception& e) {
        set_error(error, SDCPP_INTERNAL, e.what());
        return SDCPP_INTERNAL;
    } catch (...) {
        set_error(error, SDCPP_INTERNAL, "the engine threw an exception of its own; its log lines say more");
        return SDCPP_INTERNAL;
    }
}

} // namespace sdcpp
