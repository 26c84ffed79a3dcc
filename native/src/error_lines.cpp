#include "error_lines.hpp"

#include <algorithm>
#include <cstddef>

namespace sdcpp {
namespace {

constexpr size_t most_bytes = 1200;   // of the whole text
constexpr size_t most_lines = 16;     // of each kind
constexpr size_t longest_line = 500;

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

std::string shortened(std::string_view line) {
    size_t end = std::min(line.size(), longest_line);
    while (end > 0 && end < line.size() && is_continuation(line[end])) {
        --end; // not in the middle of a UTF-8 character
    }
    return std::string(line.substr(0, end));
}

// The newest lines that fit, in the order in which they came.
void append_newest(std::string& text, const std::deque<std::string>& lines) {
    size_t room = most_bytes - std::min(most_bytes, text.size());
    auto from = lines.end();
    while (from != lines.begin() && (from - 1)->size() + 2 <= room) {
        --from;
        room -= from->size() + 2;
    }
    for (; from != lines.end(); ++from) {
        text += text.empty() ? "" : "; ";
        text += *from;
    }
}

} // namespace

void error_lines::add(std::string_view line, bool is_error) {
    const std::lock_guard<std::mutex> lock(mutex_);
    for (const char* words : {"insufficient memory", "failed to allocate", "out of memory", "OutOfDeviceMemory", "OutOfHostMemory", "bad_alloc"}) {
        memory_was_short_ = memory_was_short_ || line.find(words) != std::string_view::npos;
    }
    std::deque<std::string>& lines = is_error ? errors_ : warnings_;
    std::string kept = shortened(line);
    if (!lines.empty() && lines.back() == kept) {
        return;
    }
    lines.push_back(std::move(kept));
    if (lines.size() > most_lines) {
        lines.pop_front();
    }
}

std::string error_lines::text() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    std::string text;
    append_newest(text, errors_);
    append_newest(text, warnings_);
    return text;
}

bool error_lines::tells_of_memory() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return memory_was_short_;
}

} // namespace sdcpp
