// The last warnings and errors of the engine during a call.
#pragma once

#include <deque>
#include <mutex>
#include <string>
#include <string_view>

namespace sdcpp {

// Lines come from the call's own thread and from those with which the engine reads files.
class error_lines {
public:
    void add(std::string_view line, bool is_error);
    // Errors first, the newest of both kinds kept.
    std::string text() const;
    // Whether a line told that memory was short: only the log says so.
    bool tells_of_memory() const;

private:
    mutable std::mutex mutex_;
    std::deque<std::string> errors_;
    std::deque<std::string> warnings_;
    bool memory_was_short_ = false;
};

} // namespace sdcpp
