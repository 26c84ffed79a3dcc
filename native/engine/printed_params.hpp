// Reads one value out of what the engine's printers say of a parameter struct.
#pragma once

#include <algorithm>
#include <string>

namespace sdcpp::printed_params {

// What no engine prints as a value.
inline const std::string not_printed = "\x01";

// "a=1x2" is a.0 = 1 and a.1 = 2.
inline std::string side(const std::string& value, char which) {
    const size_t x = value.find('x');
    return x == std::string::npos ? not_printed : which == '0' ? value.substr(0, x) : value.substr(x + 1);
}

// The value of `name` in "name: 1, other = 2, third=3".
inline std::string find_part(const std::string& parts, const std::string& name) {
    for (size_t at = 0; at < parts.size();) {
        const size_t end = std::min(parts.find(", ", at), parts.size());
        const std::string part = parts.substr(at, end - at);
        for (const char* between : {" = ", ": ", "="}) {
            const std::string beginning = name + between;
            if (part.compare(0, beginning.size(), beginning) == 0) {
                return part.substr(beginning.size());
            }
        }
        at = end + 2;
    }
    return not_printed;
}

// `key` as a line begins with it, or "line.part" for "line: head (part=value, ...)".
inline std::string find(const std::string& text, const std::string& key) {
    for (size_t at = 0; at < text.size();) {
        const size_t end = std::min(text.find('\n', at), text.size());
        const std::string line = text.substr(at, end - at);
        at = end + 1;
        const size_t colon = line.find(": ");
        if (colon == std::string::npos || key.compare(0, colon, line, 0, colon) != 0) {
            continue;
        }
        const std::string rest = line.substr(colon + 2);
        const size_t open = rest.find_first_of("({");
        const bool grouped = open != std::string::npos && (rest.back() == ')' || rest.back() == '}');
        if (key.size() == colon) {
            return grouped ? rest.substr(0, rest.find_last_not_of(' ', open - 1) + 1) : rest;
        }
        if (!grouped || key[colon] != '.') {
            continue;
        }
        const std::string parts = rest.substr(open + 1, rest.size() - open - 2);
        const std::string name = key.substr(colon + 1);
        const bool is_side = name.size() > 2 && (name.compare(name.size() - 2, 2, ".0") == 0 || name.compare(name.size() - 2, 2, ".1") == 0);
        return is_side ? side(find_part(parts, name.substr(0, name.size() - 2)), name.back()) : find_part(parts, name);
    }
    return not_printed;
}

} // namespace sdcpp::printed_params
