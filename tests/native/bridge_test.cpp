// Loading, information and names; the other test files are called from here.
#include "bridge_test.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#if !defined(_WIN32)
#include <unistd.h>
#endif

extern "C" uint32_t abi_version_seen_from_c(void);

bool with_standin = false;

namespace {

int checks_made = 0;
int checks_failed = 0;

} // namespace

void check(bool holds, const std::string& what) {
    ++checks_made;
    checks_failed += holds ? 0 : 1;
    std::printf("%s  %s\n", holds ? "ok    " : "FAILED", what.c_str());
    std::fflush(stdout);
}

temporary_file::temporary_file(std::string path, const std::string& content) : path_(std::move(path)) {
    std::ofstream(std::filesystem::u8path(path_), std::ios::binary) << content;
}

temporary_file::~temporary_file() {
    std::error_code gone;
    std::filesystem::remove(std::filesystem::u8path(path_), gone);
}

std::string temporary_file::read() const {
    std::ifstream file(std::filesystem::u8path(path_), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

namespace {

void test_before_loading() {
    CHECK(sdcpp_abi_version() == SDCPP_ABI_VERSION, "the library has this header's version");
    CHECK(abi_version_seen_from_c() == SDCPP_ABI_VERSION, "and C sees the same");
    CHECK(sdcpp_sampler_name(0) == nullptr && sdcpp_scheduler_name(0) == nullptr, "no names before an engine is loaded");
    CHECK(sdcpp_engine_devices(nullptr, 0) == 0, "no devices before an engine is loaded");
    sdcpp_engine_info info{};
    info.size = sizeof info;
    outcome o;
    o.code = sdcpp_engine_get_info(&info, &o.error);
    expect(o, SDCPP_ENGINE_NOT_FOUND, "sdcpp_engine_load", "engine_get_info before an engine is loaded");
    sdcpp_context* context = nullptr;
    expect(create({}, &context), SDCPP_ENGINE_NOT_FOUND, "no engine is loaded", "context_create before an engine is loaded");
    o.code = sdcpp_engine_load(nullptr, &o.error);
    expect(o, SDCPP_INVALID_ARGUMENT, "params is null", "engine_load without params");
    sdcpp_engine_params empty{};
    o.code = sdcpp_engine_load(&empty, &o.error);
    expect(o, SDCPP_INVALID_ARGUMENT, "params->size is 0", "engine_load with a struct without a size");
    expect(load(nullptr, "no/such/folder/crash.txt"), SDCPP_INVALID_ARGUMENT, "crash_file cannot be opened", "engine_load with a crash file nobody can open");
}

void test_info() {
    struct {
        sdcpp_engine_info info;
        char newer_fields[16];
    } wide{};
    std::memset(&wide, 0x5A, sizeof wide);
    wide.info.size = sizeof wide;
    outcome o;
    o.code = sdcpp_engine_get_info(&wide.info, &o.error);
    expect(o, SDCPP_OK, "", "engine_get_info into a struct newer than the library's");
    CHECK(wide.info.size == sizeof wide && wide.newer_fields[0] == 0x5A, "which keeps its size and its own fields");
    with_standin = std::strcmp(wide.info.system_info, "stand-in engine") == 0;
    std::printf("        %s, %s, commit '%s', %s\n", wide.info.provider, wide.info.version, wide.info.commit, wide.info.system_info);
    if (with_standin) {
        CHECK(std::strcmp(wide.info.provider, "linked") == 0, "the stand-in is linked");
        CHECK(std::strcmp(wide.info.version, "stand-in 1.0") == 0 && std::strcmp(wide.info.commit, "5ta4d14") == 0, "its own version and commit come through");
    } else {
        CHECK(wide.info.version[0] != '\0' && wide.info.system_info[0] != '\0', "the engine tells its version and its CPU features");
    }
    o.code = sdcpp_engine_get_info(nullptr, &o.error);
    expect(o, SDCPP_INVALID_ARGUMENT, "info is null", "engine_get_info without a struct");
    wide.info.size = 8;
    o.code = sdcpp_engine_get_info(&wide.info, &o.error);
    expect(o, SDCPP_INVALID_ARGUMENT, "info->size is 8", "engine_get_info into a struct that is too short");
}

void test_names() {
    for (const auto& [what, name_of] : {std::pair{"sampler", sdcpp_sampler_name}, std::pair{"scheduler", sdcpp_scheduler_name}}) {
        std::set<std::string> names;
        int count = 0;
        for (const char* name; (name = name_of(count)) != nullptr && count < 1000; ++count) {
            names.insert(name);
        }
        CHECK(count > 2 && names.size() == static_cast<size_t>(count) && names.count("") == 0, std::string(what) + " names differ, and end");
        CHECK(name_of(-1) == nullptr && name_of(count) == nullptr && name_of(INT32_MAX) == nullptr, std::string(what) + " numbers outside have no name");
    }
    CHECK(std::strcmp(sdcpp_sampler_name(0), "euler") == 0 && std::strcmp(sdcpp_scheduler_name(0), "discrete") == 0, "the first names are euler and discrete");
}

void test_devices() {
    uint64_t free_bytes = 0;
    uint64_t total_bytes = 0;
    CHECK(sdcpp_device_memory("no such device", &free_bytes, &total_bytes) == 0 && total_bytes == 0, "no memory of a device that is not there");
    CHECK(sdcpp_device_memory(nullptr, &free_bytes, &total_bytes) == 0, "nor of none");
    const size_t needed = sdcpp_engine_devices(nullptr, 0);
    std::vector<char> all(needed + 8, 'x');
    CHECK(sdcpp_engine_devices(all.data(), all.size()) == needed, "devices: the needed size does not depend on the buffer");
    CHECK(std::strlen(all.data()) + 1 == needed, "devices: the needed size is that of the list and its zero byte (" + std::to_string(needed) + ")");
    CHECK(std::strchr(all.data(), '\t') != nullptr && all[needed - 2] == '\n', "devices: name, tab, description, end of line");
    std::vector<char> some(6, 'x');
    CHECK(sdcpp_engine_devices(some.data(), 4) == needed && std::memcmp(some.data(), all.data(), 3) == 0 && some[3] == '\0' && some[4] == 'x',
          "devices: a small buffer is filled and not overrun");
}

void test_convert() {
    outcome o;
    o.code = sdcpp_convert(nullptr, "out.gguf", "q8_0", nullptr, &o.error);
    expect(o, SDCPP_INVALID_ARGUMENT, "convert needs", "convert without an input");
    if (sdcpp_can_convert() == 0) {
        o.code = sdcpp_convert("in.gguf", "out.gguf", "q8_0", nullptr, &o.error);
        expect(o, SDCPP_NOT_SUPPORTED, "cannot convert", "convert with an engine that cannot");
        return;
    }
    std::ofstream("convert-in.gguf") << "a model";
    o.code = sdcpp_convert("convert-in.gguf", "convert-out.gguf", "q8_0", nullptr, &o.error);
    expect(o, SDCPP_OK, "", "convert");
    CHECK(std::ifstream("convert-out.gguf").good(), "convert writes a file");
    o.code = sdcpp_convert("convert-in.gguf", "convert-out.gguf", "q77", nullptr, &o.error);
    expect(o, SDCPP_INVALID_ARGUMENT, "'q77' is no weight type", "convert to a type that is none");
    std::ofstream("convert-refused.gguf") << "refuse";
    o.code = sdcpp_convert("convert-refused.gguf", "convert-out.gguf", "q8_0", nullptr, &o.error);
    expect(o, SDCPP_MODEL_LOAD_FAILED, "did not convert", "convert of what is no model");
}

void test_small_errors() {
    constexpr uint32_t head = offsetof(sdcpp_error, message);
    for (const uint32_t size : {0u, 4u, 8u, head, head + 1, head + 12, 2048u, 4096u}) {
        std::vector<char> memory(4096 + 8, 'x');
        auto* error = reinterpret_cast<sdcpp_error*>(memory.data());
        error->size = size;
        error->code = 77;
        const int32_t code = sdcpp_engine_load(nullptr, error);
        const bool told = size > head;
        const size_t room = told ? (size < sizeof(sdcpp_error) ? size : sizeof(sdcpp_error)) - head : 0;
        const std::string expected = std::string("params is null").substr(0, told ? room - 1 : 0);
        CHECK(code == SDCPP_INVALID_ARGUMENT && error->code == (told ? SDCPP_INVALID_ARGUMENT : 77) && (!told || expected == error->message) &&
                  memory[head + room] == 'x',
              "an error struct of " + std::to_string(size) + " bytes is filled as far as it goes");
    }
    CHECK(sdcpp_engine_load(nullptr, nullptr) == SDCPP_INVALID_ARGUMENT, "an error struct may be null");
    // A message that is cut must stay valid UTF-8: "…'no/ü/…" ends before the ü or after it.
    sdcpp_context* context = nullptr;
    sdcpp_error error{};
    const char* umlauts = "\xC3\xBC\xC3\xBC\xC3\xBC\xC3\xBC";
    const sdcpp_option option{"vae_path", umlauts};
    sdcpp_context_params params{};
    params.size = sizeof params;
    params.options = &option;
    params.option_count = 1;
    bool whole = true;
    for (uint32_t size = 10; size < 26; ++size) {
        error.size = static_cast<uint32_t>(offsetof(sdcpp_error, message)) + size;
        sdcpp_context_create(&params, nullptr, &context, &error);
        const size_t length = std::strlen(error.message);
        const size_t bytes_of_umlauts = length > 10 ? std::min<size_t>(length - 10, 8) : 0; // after "vae_path '"
        whole = whole && bytes_of_umlauts % 2 == 0;
    }
    CHECK(whole, "a message is never cut inside a UTF-8 character");
}

#if !defined(_WIN32)
// In children, because the answer to a wrong pointer may be a crash.
void test_lists_that_are_null() {
    const temporary_file file("null_list_model.bin", "a model");
    const int signal = signal_of_child([] {
        sdcpp_context_params params{};
        params.size = sizeof params;
        params.option_count = 1;
        sdcpp_context* context = nullptr;
        ::_exit(sdcpp_context_create(&params, nullptr, &context, nullptr) == SDCPP_INVALID_ARGUMENT ? 0 : 1);
    });
    CHECK(signal == 0, "a context's option list that is null with a count is refused (signal " + std::to_string(signal) + ")");
    if (with_standin) {
        sdcpp_context* context = nullptr;
        create({{"model_path", file.path()}}, &context);
        const int second = signal_of_child([&] {
            request q;
            q.params.option_count = 1;
            ::_exit(q.generate(context).code == SDCPP_INVALID_ARGUMENT ? 0 : 1);
        });
        CHECK(second == 0, "an image's option list that is null with a count is refused (signal " + std::to_string(second) + ")");
        sdcpp_context_free(context);
    }
}
#endif

// bridge_test --load PATH: the status and message of loading that engine file ("-": the one beside the library).
int load_only(const char* path) {
    const outcome o = load(std::strcmp(path, "-") == 0 ? nullptr : path);
    std::printf("status %d: %s\n", o.code, o.error.message);
    return o.code == SDCPP_OK ? 0 : 1;
}

} // namespace

int main(int argc, char** argv) {
    if (argc == 3 && std::strcmp(argv[1], "--load") == 0) {
        return load_only(argv[2]);
    }
    test_before_loading();
#if !defined(_WIN32)
    test_crash_file();
#endif
    if (const outcome o = load(); o.code != SDCPP_OK) {
        CHECK(false, "the engine loads" + o.text());
        return 1;
    }
    expect(load("/no/such/engine", "no/such/folder/crash.txt"), SDCPP_OK, "", "a second load returns OK and changes nothing");
    test_info();
    test_names();
    test_devices();
    test_convert();
    test_optional();
    test_small_errors();
    test_guards_without_a_model();
#if !defined(_WIN32)
    test_lists_that_are_null();
#endif
    if (with_standin) {
        test_videos();
        test_guards_of_an_image();
        test_contexts();
        test_images();
        test_calls();
        test_cancel();
        test_wall();
        test_sink();
        test_upscaler();
        test_requests();
    }
    std::printf("%d checks, %d failed (%s)\n", checks_made, checks_failed, with_standin ? "stand-in engine: all" : "without a model: the subset that needs none");
    return checks_failed == 0 ? 0 : 1;
}
