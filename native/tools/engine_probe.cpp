// Asks an engine without a header what it looks like, and prints the answer as JSON: its C functions, the sizes of its parameter structs
// by canaries around its init functions, their defaults, what its printers make of a value written to each place, and its enum names.
// Each question is asked in a process of its own: a wrong guess may end it. Reads nothing but the engine file.
#include "../engine/prebuilt/elf_symbols.hpp"
#include "../src/failure.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <functional>
#include <link.h>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace {

constexpr size_t room = 8192;
constexpr uint8_t canaries[] = {0xCD, 0x31};

struct engine_file {
    uintptr_t base = 0;
    std::unordered_map<std::string, uint64_t> symbols;

    explicit engine_file(const char* path) : symbols(sdcpp::read_function_symbols(path)) {
        void* library = ::dlopen(path, RTLD_LAZY | RTLD_LOCAL);
        link_map* map = nullptr;
        if (library == nullptr || ::dlinfo(library, RTLD_DI_LINKMAP, &map) != 0) {
            throw sdcpp::failure(SDCPP_ENGINE_NOT_FOUND, std::string("the engine cannot be loaded: ") + ::dlerror());
        }
        base = map->l_addr;
    }
    template <typename Function>
    Function* find(const std::string& name) const {
        const auto found = symbols.find(name);
        return found != symbols.end() ? reinterpret_cast<Function*>(base + found->second) : nullptr;
    }
};

std::string quoted(const std::string& text) {
    std::string out = "\"";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        char escape[8];
        if (byte < 0x20 || byte > 0x7E || c == '"' || c == '\\') {
            std::snprintf(escape, sizeof escape, "\\u%04x", byte);
            out += escape;
        } else {
            out += c;
        }
    }
    return out + "\"";
}

// What `question` answers in a child process; nothing when the child died of it.
bool ask(const std::function<std::string()>& question, std::string& answer) {
    int ends[2];
    if (::pipe(ends) != 0) {
        throw sdcpp::failure(SDCPP_INTERNAL, "no pipe");
    }
    std::fflush(stdout);
    const pid_t child = ::fork();
    if (child == 0) {
        ::close(ends[0]);
        const std::string text = question();
        size_t done = 0;
        while (done < text.size()) {
            const ssize_t n = ::write(ends[1], text.data() + done, text.size() - done);
            if (n <= 0) {
                ::_exit(1);
            }
            done += static_cast<size_t>(n);
        }
        ::_exit(0);
    }
    ::close(ends[1]);
    answer.clear();
    char buffer[4096];
    for (ssize_t n; (n = ::read(ends[0], buffer, sizeof buffer)) > 0;) {
        answer.append(buffer, static_cast<size_t>(n));
    }
    ::close(ends[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

struct params_struct {
    const char* name;
    const char* init;
    const char* print;
};
constexpr params_struct structs[] = {
    {"sd_ctx_params_t", "sd_ctx_params_init", "sd_ctx_params_to_str"},
    {"sd_img_gen_params_t", "sd_img_gen_params_init", "sd_img_gen_params_to_str"},
    {"sd_vid_gen_params_t", "sd_vid_gen_params_init", nullptr},
    {"sd_sample_params_t", "sd_sample_params_init", "sd_sample_params_to_str"},
    {"sd_cache_params_t", "sd_cache_params_init", nullptr},
    {"sd_hires_params_t", "sd_hires_params_init", nullptr},
};

// The struct as init leaves it, for each canary; empty when init died.
std::string initialised(const engine_file& engine, const params_struct& s, uint8_t canary) {
    std::string bytes;
    auto* init = engine.find<void(void*)>(s.init);
    if (init == nullptr || !ask([&] {
            std::string memory(room, static_cast<char>(canary));
            init(memory.data());
            return memory;
        }, bytes)) {
        bytes.clear();
    }
    return bytes;
}

// The last byte that init writes, plus one: padding inside keeps the canary, so the first untouched byte is not enough.
size_t size_of(const std::string& first, const std::string& second) {
    size_t size = 0;
    for (size_t i = 0; i < first.size(); ++i) {
        if (first[i] == second[i] || static_cast<uint8_t>(first[i]) != canaries[0] || static_cast<uint8_t>(second[i]) != canaries[1]) {
            size = i + 1;
        }
    }
    return size;
}

// What is written at a place to find whose it is. The text is a pointer's target.
struct sentinel {
    const char* kind;
    size_t bytes;
    size_t alignment;
    std::function<void(uint8_t*, size_t)> write;
};

template <typename Value>
std::function<void(uint8_t*, size_t)> putting(Value value) {
    return [value](uint8_t* at, size_t) { std::memcpy(at, &value, sizeof value); };
}

std::string sentinel_text(size_t offset) { return "proof-" + std::to_string(offset); }

std::vector<sentinel> sentinels() {
    static char texts[room / 8][16];
    std::vector<sentinel> all = {
        {"text", 8, 8,
         [](uint8_t* at, size_t offset) {
             char* text = texts[offset / 8];
             std::snprintf(text, sizeof texts[0], "%s", sentinel_text(offset).c_str());
             std::memcpy(at, &text, sizeof text);
         }},
        {"int64", 8, 8, putting<int64_t>(987654321012345)},
        {"int32", 4, 4, putting<int32_t>(7013)},
        {"float", 4, 4, putting<float>(1237.5F)},
        {"bool", 1, 1, [](uint8_t* at, size_t) { *at = *at == 0 ? 1 : 0; }},
    };
    for (int32_t value = 0; value < 12; ++value) {
        static const char* const names[] = {"enum0", "enum1", "enum2", "enum3", "enum4", "enum5", "enum6", "enum7", "enum8", "enum9", "enum10", "enum11"};
        all.push_back({names[value], 4, 4, putting<int32_t>(value)});
    }
    return all;
}

std::string printed(char* (*print)(const void*), const std::string& bytes) {
    const char* text = print(bytes.data());
    return text != nullptr ? text : "";
}

// `prepare` is for values that the printer shows only beside another, e.g. those of one cache mode.
void print_answers(const std::string& prefix, const std::string& start, size_t size, char* (*print)(const void*)) {
    std::string base;
    if (!ask([&] { return printed(print, start); }, base)) {
        return;
    }
    std::printf("%s\"printed\": %s, \"answers\": [", prefix.c_str(), quoted(base).c_str());
    const char* separator = "";
    for (const sentinel& s : sentinels()) {
        for (size_t offset = 0; offset + s.bytes <= size; offset += s.alignment) {
            std::string answer;
            const bool alive = ask([&] {
                std::string changed = start;
                s.write(reinterpret_cast<uint8_t*>(changed.data()) + offset, offset);
                return printed(print, changed);
            }, answer);
            if (alive && answer != base) {
                std::printf("%s\n    {\"at\": %zu, \"kind\": \"%s\", \"printed\": %s}", separator, offset, s.kind, quoted(answer).c_str());
                separator = ",";
            }
        }
    }
    std::printf("]");
}

void print_struct(const engine_file& engine, const params_struct& s, const char* separator) {
    const std::string first = initialised(engine, s, canaries[0]);
    const std::string second = initialised(engine, s, canaries[1]);
    if (first.empty() || second.empty()) {
        return;
    }
    const size_t size = size_of(first, second);
    // Bytes that init leaves alone are padding: '.' for them, so that a reader sees where.
    std::string defaults;
    for (size_t i = 0; i < size; ++i) {
        char hex[4];
        const bool untouched = first[i] != second[i];
        std::snprintf(hex, sizeof hex, "%02x", static_cast<uint8_t>(first[i]));
        defaults += untouched ? ".." : hex;
    }
    std::printf("%s\n  {\"name\": \"%s\", \"size\": %zu, \"defaults\": \"%s\"", separator, s.name, size, defaults.c_str());
    auto* print = s.print != nullptr ? engine.find<char*(const void*)>(s.print) : nullptr;
    if (print != nullptr) {
        std::string start(room, '\0');
        auto* init = engine.find<void(void*)>(s.init);
        init(start.data());
        print_answers(", ", start, size, print);
    }
    std::printf("}");
}

constexpr const char* name_functions[] = {"sd_type_name",      "sd_rng_type_name", "sd_sample_method_name",   "sd_scheduler_name",
                                          "sd_prediction_name", "sd_preview_name",  "sd_lora_apply_mode_name", "sd_hires_upscaler_name"};

// Names by number until a number has none: the word for that is what the engine says of a number far outside.
void print_names(const engine_file& engine) {
    const char* separator = "";
    for (const char* function : name_functions) {
        auto* name_of = engine.find<const char*(int)>(function);
        if (name_of == nullptr) {
            continue;
        }
        std::printf("%s\n  {\"function\": \"%s\", \"names\": [", separator, function);
        separator = ",";
        for (int i = 0; i < 128; ++i) {
            std::string name;
            const bool alive = ask([&] {
                const char* text = name_of(i);
                return std::string(text != nullptr ? text : "");
            }, name);
            if (!alive || name == "NONE") {
                break;
            }
            std::printf("%s%s", i == 0 ? "" : ", ", quoted(name).c_str());
        }
        std::printf("]}");
    }
}

// The functions that are not C++'s and not of a library inside: what the engine offers.
bool is_of_the_engine(const std::string& name) {
    static const char* const beginnings[] = {"sd_", "str_to_", "new_sd", "new_upscaler", "new_adetailer", "free_sd", "free_upscaler", "generate_", "upscale", "get_upscale",
                                             "convert", "preprocess_", "load_imatrix", "save_imatrix", "enable_imatrix", "disable_imatrix", "adetail", "ggml_backend_load",
                                             "ggml_backend_dev_", "ggml_set_abort_callback"};
    return std::any_of(std::begin(beginnings), std::end(beginnings), [&](const char* beginning) { return name.rfind(beginning, 0) == 0; }) &&
           name.find('.') == std::string::npos;
}

void probe(const char* path) {
    const engine_file engine(path);
    std::vector<std::string> functions;
    for (const auto& [name, address] : engine.symbols) {
        if (is_of_the_engine(name)) {
            functions.push_back(name);
        }
    }
    std::sort(functions.begin(), functions.end());
    std::printf("{\n\"functions\": [");
    for (size_t i = 0; i < functions.size(); ++i) {
        std::printf("%s%s", i == 0 ? "" : ", ", quoted(functions[i]).c_str());
    }
    std::printf("],\n\"enums\": [");
    print_names(engine);
    std::printf("],\n\"structs\": [");
    const char* separator = "";
    for (const params_struct& s : structs) {
        print_struct(engine, s, separator);
        separator = ",";
    }
    std::printf("]\n}\n");
}

} // namespace

int main(int count, char** arguments) {
    if (count != 2) {
        std::fprintf(stderr, "engine_probe ENGINE_FILE: prints what the engine looks like as JSON\n");
        return 2;
    }
    try {
        probe(arguments[1]);
        return 0;
    } catch (const sdcpp::failure& reason) {
        std::fprintf(stderr, "engine_probe: %s\n", reason.what());
        return 1;
    }
}
