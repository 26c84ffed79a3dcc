// Numbers from text and back, whatever the locale. Apple's C++ library has no std::from_chars for floating point before LLVM 20.
#pragma once

#include <charconv>
#include <cmath>
#include <locale>
#include <sstream>
#include <string>
#include <type_traits>

namespace sdcpp {

#if defined(__cpp_lib_to_chars) || !defined(_LIBCPP_VERSION)
constexpr bool chars_know_floats = true;
#else
constexpr bool chars_know_floats = false;
#endif

// The whole of begin..end as a number; false when it is none.
template <typename Number>
bool number_from_text(const char* begin, const char* end, Number& value) {
    if constexpr (std::is_integral_v<Number> || chars_know_floats) {
        const auto [stop, error] = std::from_chars(begin, end, value);
        return error == std::errc() && stop == end;
    } else {
        std::istringstream text(std::string(begin, end));
        text.imbue(std::locale::classic());
        text >> std::noskipws >> value;
        return !text.fail() && text.peek() == std::istringstream::traits_type::eof();
    }
}

inline std::string text_from_number(double value) {
    std::ostringstream text;
    text.imbue(std::locale::classic());
    if (std::abs(value) < 1e15 && value == std::floor(value)) {
        text << static_cast<long long>(value);
    } else {
        text << value;
    }
    return text.str();
}

} // namespace sdcpp
