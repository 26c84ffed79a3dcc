// What the test files share: the CHECK macro, records of callbacks, and requests with good values to spoil.
#pragma once

#include <sdcpp.h>

#include <cstring>
#include <functional>
#include <string>
#include <vector>

#if !defined(_WIN32)
#include <csignal>
#include <cstdio>
#include <sys/wait.h>
#include <unistd.h>
#endif

void check(bool holds, const std::string& what);
#define CHECK(condition, what) check((condition), (what))

// The last status and message of the bridge.
struct outcome {
    sdcpp_error error{};
    int32_t code = -1;

    outcome() { error.size = sizeof error; }
    bool is(int32_t expected, const char* part = "") const {
        return code == expected && (expected == SDCPP_OK || error.code == expected) && std::strstr(error.message, part) != nullptr;
    }
    std::string text() const { return " [" + std::to_string(code) + ": " + error.message + "]"; }
};

// Checks a status and a part of its message, and shows both when they are others.
inline void expect(const outcome& got, int32_t code, const char* part, const std::string& what) {
    check(got.is(code, part), what + (got.is(code, part) ? "" : got.text()));
}

// What a call reported.
struct recorder {
    struct line {
        int32_t level;
        std::string text;
    };
    sdcpp_call call{};
    std::vector<sdcpp_progress> progress;
    std::vector<line> lines;
    std::function<void(const sdcpp_progress&)> on_progress;

    recorder() {
        call.size = sizeof call;
        call.user = this;
        call.progress = [](const sdcpp_progress* p, void* user) {
            auto& self = *static_cast<recorder*>(user);
            self.progress.push_back(*p);
            if (self.on_progress) {
                self.on_progress(*p);
            }
        };
        call.log = [](int32_t level, const char* text, void* user) { static_cast<recorder*>(user)->lines.push_back({level, text}); };
    }
    recorder(const recorder&) = delete;
    recorder& operator=(const recorder&) = delete;

    bool silent() const { return progress.empty() && lines.empty(); }
    bool said(const char* part) const {
        for (const auto& line : lines) {
            if (line.text.find(part) != std::string::npos) {
                return true;
            }
        }
        return false;
    }
};

// A request with good values, and buffers for its result.
struct request {
    sdcpp_image_params params{};
    sdcpp_result result{};
    std::vector<std::vector<uint8_t>> pixels;
    std::vector<uint8_t*> buffers;

    explicit request(int32_t width = 64, int32_t height = 64, int32_t batch = 1) {
        params.size = sizeof params;
        params.width = width;
        params.height = height;
        params.steps = 3;
        params.seed = 7;
        params.batch_count = batch;
        params.cfg_scale = 1;
        params.prompt = "a fox";
        result.size = sizeof result;
        result.image_bytes = static_cast<size_t>(width) * static_cast<size_t>(height) * 3;
        for (int32_t i = 0; i < batch; ++i) {
            pixels.emplace_back(result.image_bytes, uint8_t{0xAB});
            buffers.push_back(pixels.back().data());
        }
        arm();
    }
    request(const request&) = delete;
    request& operator=(const request&) = delete;

    void arm() {
        result.images = buffers.data();
        result.image_count = static_cast<uint32_t>(buffers.size());
    }
    outcome generate(sdcpp_context* context, const sdcpp_call* call = nullptr) {
        outcome o;
        arm();
        o.code = sdcpp_txt2img(context, &params, call, &result, &o.error);
        return o;
    }
    const uint8_t* at(size_t image, uint32_t x, uint32_t y) const {
        return pixels[image].data() + (static_cast<size_t>(y) * static_cast<size_t>(params.width) + x) * 3;
    }
};

// Options by name and value, given to a context.
using options = std::vector<sdcpp_option>;

inline outcome create(const options& list, sdcpp_context** out, const sdcpp_call* call = nullptr, int32_t threads = 1) {
    sdcpp_context_params params{};
    params.size = sizeof params;
    params.n_threads = threads;
    params.options = list.data();
    params.option_count = list.size();
    outcome o;
    o.code = sdcpp_context_create(&params, call, out, &o.error);
    return o;
}

inline outcome load(const char* engine_path = nullptr, const char* crash_file = nullptr, const char* backend_path = nullptr) {
    sdcpp_engine_params params{};
    params.size = sizeof params;
    params.engine_path = engine_path;
    params.crash_file = crash_file;
    params.backend_path = backend_path;
    outcome o;
    o.code = sdcpp_engine_load(&params, &o.error);
    return o;
}

#if !defined(_WIN32)
// Runs `body` in a child process, and tells the signal that ended it, or its exit code as a negative number.
template <typename Body>
int signal_of_child(Body body) {
    std::fflush(stdout);
    const pid_t child = ::fork();
    if (child == 0) {
        ::alarm(120); // a child that hangs dies by SIGALRM
        body();
        ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFSIGNALED(status) ? WTERMSIG(status) : -WEXITSTATUS(status);
}
#endif

// A file in the working folder, removed with its owner.
class temporary_file {
public:
    temporary_file(std::string path, const std::string& content);
    ~temporary_file();
    temporary_file(const temporary_file&) = delete;
    temporary_file& operator=(const temporary_file&) = delete;
    const char* path() const { return path_.c_str(); }
    std::string read() const;

private:
    std::string path_;
};

extern bool with_standin;

void test_guards_without_a_model();
void test_guards_of_an_image();
void test_crash_file();
void test_contexts();
void test_images();
void test_calls();
void test_cancel();
void test_wall();
void test_sink();
void test_upscaler();
void test_requests();
void test_optional();
void test_videos();
