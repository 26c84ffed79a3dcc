// How text becomes a field of an engine struct. A field is known when the struct that the bridge was compiled against has it: the
// compiler looks, so an engine that gains or loses a field needs no change here beyond its line in the list.
#pragma once

#include "failure.hpp"
#include "number_text.hpp"
#include "options.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

namespace sdcpp {

struct option_context {
    const char* name;
    const char* value;
    option_storage& storage;
};

[[noreturn]] inline void wrong(const option_context& o, const std::string& allowed) {
    refuse(std::string("option ") + o.name + ": '" + o.value + "' is not allowed; use " + allowed, o.name);
}

inline std::string in_words(double value) {
    return text_from_number(value);
}

// A number from `begin` to `end`, within low..high; NaN is never within.
template <typename Number>
Number parse_number(const option_context& o, const char* begin, const char* end, double low, double high) {
    Number value{};
    if (!number_from_text(begin, end, value) || !(static_cast<double>(value) >= low && static_cast<double>(value) <= high)) {
        wrong(o, std::string(std::is_integral_v<Number> ? "a whole number" : "a number") + " from " + in_words(low) + " to " + in_words(high));
    }
    return value;
}

inline void parse(const option_context& o, bool& field) {
    if (std::strcmp(o.value, "true") != 0 && std::strcmp(o.value, "false") != 0) {
        wrong(o, "true or false");
    }
    field = o.value[0] == 't';
}

inline void parse(const option_context& o, const char*& field) {
    constexpr size_t longest = 8192;
    if (std::strlen(o.value) > longest) {
        wrong(o, "at most " + std::to_string(longest) + " bytes");
    }
    field = o.storage.keep(o.value);
}

template <typename Enum>
void parse_enum(const option_context& o, Enum& field, Enum (*from_name)(const char*), Enum unknown, const char* what) {
    field = from_name(o.value);
    if (field == unknown) {
        wrong(o, std::string("the name of a ") + what + " that this engine knows");
    }
}

// For enums that the engine has no name function for: their values in order, from `first` on.
template <typename Enum>
void parse_listed(const option_context& o, Enum& field, const std::vector<const char*>& names, int first) {
    std::string all;
    for (size_t i = 0; i < names.size(); ++i) {
        if (std::strcmp(o.value, names[i]) == 0) {
            field = static_cast<Enum>(first + static_cast<int>(i));
            return;
        }
        all += (i == 0 ? "" : i + 1 == names.size() ? " or " : ", ") + std::string(names[i]);
    }
    wrong(o, all);
}

// "1,0.5,0"; an empty text is an empty list.
template <typename Number>
std::vector<Number> parse_list(const option_context& o, double low, double high, size_t longest) {
    std::vector<Number> list;
    const char* end = o.value + std::strlen(o.value);
    for (const char* at = o.value; at < end;) {
        const char* comma = std::find(at, end, ',');
        if (list.size() == longest || comma + 1 == end) {
            wrong(o, "at most " + std::to_string(longest) + " numbers with commas between them");
        }
        list.push_back(parse_number<Number>(o, at, comma, low, high));
        at = comma + (comma < end ? 1 : 0);
    }
    return list;
}

// How an option is set; for a number also what is allowed.
template <typename Params>
struct option_entry {
    std::function<void(Params&, const option_context&)> set;
    bool is_number = false;
    double low = 0;
    double high = 0;
};

template <typename Params>
using option_table = std::unordered_map<std::string, option_entry<Params>>;

template <typename Params>
void add_limits(const option_table<Params>& table, std::vector<option_limit>& to) {
    for (const auto& [name, entry] : table) {
        if (entry.is_number) {
            to.push_back({name.c_str(), entry.low, entry.high});
        }
    }
}

// Each of these adds the field when the struct has it: `get` is only callable then.
template <typename Params, typename Get>
void add(option_table<Params>& table, const char* name, Get get) {
    if constexpr (std::is_invocable_v<Get, Params&>) {
        table.emplace(name, option_entry<Params>{[get](Params& params, const option_context& o) { parse(o, get(params)); }});
    }
}

template <typename Params, typename Get>
void add_number(option_table<Params>& table, const char* name, Get get, double low, double high) {
    if constexpr (std::is_invocable_v<Get, Params&>) {
        const auto set = [=](Params& params, const option_context& o) {
            auto& field = get(params);
            field = parse_number<std::decay_t<decltype(field)>>(o, o.value, o.value + std::strlen(o.value), low, high);
        };
        table.emplace(name, option_entry<Params>{set, true, low, high});
    }
}

// A list of numbers, as the engine has them: a pointer and a count. `check` sees the list before the engine does.
template <typename Params, typename Get, typename GetCount, typename Check>
void add_list(option_table<Params>& table, const char* name, Get get, GetCount get_count, double low, double high, size_t longest, Check check) {
    if constexpr (std::is_invocable_v<Get, Params&> && std::is_invocable_v<GetCount, Params&>) {
        const auto set = [=](Params& params, const option_context& o) {
            using number = std::remove_pointer_t<std::decay_t<decltype(get(params))>>;
            std::vector<number> list = parse_list<number>(o, low, high, longest);
            check(o, list);
            auto& count = get_count(params);
            count = static_cast<std::decay_t<decltype(count)>>(list.size());
            get(params) = o.storage.keep(std::move(list));
        };
        table.emplace(name, option_entry<Params>{set});
    }
}

#define SDCPP_FIELD(field) [](auto& p) -> decltype((p.field)) { return p.field; }
#define SDCPP_OPTION(table, field) add(table, #field, SDCPP_FIELD(field))
#define SDCPP_NUMBER(table, field, low, high) add_number(table, #field, SDCPP_FIELD(field), low, high)

template <typename Params>
void set_option(const option_table<Params>& table, Params& params, const sdcpp_option& option, option_storage& storage) {
    if (option.name == nullptr || option.value == nullptr) {
        refuse("an option has no name or no value");
    }
    const auto found = table.find(option.name);
    if (found == table.end()) {
        throw failure(SDCPP_NOT_SUPPORTED, std::string("option ") + option.name + " is not supported by this engine build", option.name);
    }
    found->second.set(params, {option.name, option.value, storage});
}

} // namespace sdcpp
