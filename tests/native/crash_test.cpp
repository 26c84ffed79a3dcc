// The last words of a process that the engine ends.
#include "bridge_test.hpp"

#if !defined(_WIN32)

#include <atomic>
#include <csetjmp>
#include <cstdlib>
#include <exception>
#include <fcntl.h>
#include <sys/mman.h>
#include <thread>

namespace {

void abort_inside_a_call(const char* model, const char* tag, void (*death)()) {
    recorder r;
    r.call.tag = tag;
    r.on_progress = [death](const sdcpp_progress&) { death(); };
    sdcpp_context* context = nullptr;
    // The report that opens a call comes before the engine does anything: this needs no real model.
    create({{"model_path", model}}, &context, &r.call);
}

void test_aborts() {
    const temporary_file model("crash_model.bin", "a model");
    {
        const temporary_file crash("crash_abort.txt", "");
        const int signal = signal_of_child([&] {
            load(nullptr, crash.path());
            abort_inside_a_call(model.path(), "job 42", [] { std::abort(); });
        });
        const std::string text = crash.read();
        CHECK(signal == SIGABRT, "a process that aborts still dies by SIGABRT (signal " + std::to_string(signal) + ")");
        CHECK(text.find(" abort [job 42]\n") != std::string::npos && std::strtoll(text.c_str(), nullptr, 10) > 1600000000 && text.find('\n') == text.size() - 1,
              "the crash file has one line: time, abort, the call's tag (" + text + ")");
    }
    {
        const temporary_file crash("crash_terminate.txt", "an older line\n");
        const int signal = signal_of_child([&] {
            load(nullptr, crash.path());
            abort_inside_a_call(model.path(), nullptr, [] { std::terminate(); });
        });
        const std::string text = crash.read();
        CHECK(signal == SIGABRT && text.rfind("an older line\n", 0) == 0 && text.find(" uncaught C++ exception\n") != std::string::npos &&
                  text.find("abort\n") == std::string::npos,
              "std::terminate appends one line without a tag (" + text + ")");
    }
    {
        const temporary_file crash("crash_idle.txt", "");
        const int signal = signal_of_child([&] {
            load(nullptr, crash.path());
            sdcpp_context* context = nullptr;
            recorder r;
            r.call.tag = "over";
            create({{"model_path", model.path()}}, &context, &r.call);
            std::abort();
        });
        const std::string text = crash.read();
        CHECK(signal == SIGABRT && text.find(" abort\n") != std::string::npos, "a call that is over is not named (" + text + ")");
    }
    {
        const temporary_file crash("crash_second_load.txt", "");
        const int signal = signal_of_child([&] {
            const outcome first = load("no/such/engine", crash.path());
            const outcome second = load(nullptr, crash.path());
            if (first.code == SDCPP_OK || second.code != SDCPP_OK) {
                ::_exit(1);
            }
            std::abort();
        });
        const std::string text = crash.read();
        CHECK(signal == SIGABRT && text.find(" abort\n") != std::string::npos,
              "after a load that failed and one that did not, an abort is still an abort (signal " + std::to_string(signal) + ": " + text + ")");
    }
}

#if defined(__linux__)
sigjmp_buf mended;

// The sanitizers report a fault themselves, with an end of their own.
#define FAULTS __attribute__((no_sanitize("address,undefined")))

void forget_sanitizers() {
    for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL}) {
        ::signal(signal, SIG_DFL);
    }
}

FAULTS void write_to_nowhere() {
    volatile int* volatile nowhere = nullptr;
    *nowhere = 0;
}

FAULTS void read_beyond_a_file() {
    const int file = ::open(".", O_TMPFILE | O_RDWR, 0600);
    void* page = ::mmap(nullptr, 4096, PROT_READ, MAP_SHARED, file, 0);
    (void)*static_cast<volatile char*>(page);
}

#if defined(__x86_64__)
FAULTS void divide_by_nothing() {
    volatile int something = 5;
    volatile int nothing = 0;
    volatile int result = something / nothing;
    (void)result;
}
#endif

void run_what_is_no_instruction() { __builtin_trap(); }

// An end that never comes: a compiler that sees there is none would object.
FAULTS int recurse(volatile char* before, volatile int* depth) {
    volatile char here[4096];
    here[0] = before != nullptr ? before[0] : 'x';
    return *depth < 0 ? 0 : recurse(here, depth) + here[0];
}

void overflow() {
    volatile int depth = 0;
    recurse(nullptr, &depth);
}

void in_a_thread_of_the_host() { std::thread(write_to_nowhere).join(); }

void send_to_itself() { ::raise(SIGSEGV); }

void be_mended() {
    if (sigsetjmp(mended, 1) == 0) {
        write_to_nowhere();
    }
}

// The line that a process leaves that dies so inside a call with the tag "job 42"; of the signal by which it died.
std::string words_of(void (*death)(), const char* model, int& signal, void (*before)() = forget_sanitizers) {
    const temporary_file crash("crash_fault.txt", "");
    signal = signal_of_child([&] {
        before();
        load(nullptr, crash.path());
        abort_inside_a_call(model, "job 42", death);
    });
    return crash.read();
}

void test_faults() {
    const temporary_file model("crash_model.bin", "a model");
    struct {
        void (*death)();
        int signal;
        const char* words;
    } const faults[] = {
        {write_to_nowhere, SIGSEGV, " memory fault (SIGSEGV) [job 42]\n"},
        {overflow, SIGSEGV, " memory fault (SIGSEGV) [job 42]\n"},
        {read_beyond_a_file, SIGBUS, " memory fault (SIGBUS) [job 42]\n"},
#if defined(__x86_64__)
        {divide_by_nothing, SIGFPE, " arithmetic fault (SIGFPE) [job 42]\n"},
        {run_what_is_no_instruction, SIGILL, " illegal instruction (SIGILL) [job 42]\n"},
#endif
    };
    int signal = 0;
    for (const auto& fault : faults) {
        const std::string text = words_of(fault.death, model.path(), signal);
        CHECK(signal == fault.signal && text.find(fault.words) != std::string::npos, "a fault inside a call is told and still ends the process (signal " + std::to_string(signal) + ": " + text + ")");
    }

    std::string text = words_of(in_a_thread_of_the_host, model.path(), signal);
    CHECK(signal == SIGSEGV && text.empty(), "a fault in a thread of the host's is not the call's (" + text + ")");
    text = words_of(send_to_itself, model.path(), signal);
    CHECK(signal == SIGSEGV && text.empty(), "a signal that was sent ends the process at once and is nobody's fault (" + text + ")");
    text = words_of(be_mended, model.path(), signal, [] {
        struct sigaction own {};
        own.sa_handler = [](int) { siglongjmp(mended, 1); };
        ::sigaction(SIGSEGV, &own, nullptr);
    });
    CHECK(signal == 0 && text.empty(), "what the host's handler mends leaves no words (signal " + std::to_string(signal) + ": " + text + ")");
}

// Two calls at once: only the one that dies is named.
void test_whose_fault() {
    const temporary_file model("crash_model.bin", "a model");
    const temporary_file crash("crash_two.txt", "");
    const int signal = signal_of_child([&] {
        forget_sanitizers();
        load(nullptr, crash.path());
        std::atomic<bool> runs{false};
        std::thread other([&] {
            recorder r;
            r.call.tag = "innocent";
            r.on_progress = [&](const sdcpp_progress&) {
                runs = true;
                ::pause();
            };
            sdcpp_context* context = nullptr;
            create({{"model_path", model.path()}}, &context, &r.call);
        });
        while (!runs) {
            std::this_thread::yield();
        }
        abort_inside_a_call(model.path(), "guilty", write_to_nowhere);
    });
    const std::string text = crash.read();
    CHECK(signal == SIGSEGV && text.find(" [guilty]\n") != std::string::npos && text.find("innocent") == std::string::npos, "only the call that faults is named (" + text + ")");
}

void test_fault_in_the_engines_thread() {
    const temporary_file model("crash_model.bin", "a model");
    const temporary_file crash("crash_thread.txt", "");
    const int signal = signal_of_child([&] {
        forget_sanitizers();
        load(nullptr, crash.path());
        sdcpp_engine_info info{};
        info.size = sizeof info;
        sdcpp_error error{};
        sdcpp_engine_get_info(&info, &error);
        if (std::strcmp(info.system_info, "stand-in engine") != 0) {
            ::_exit(7);
        }
        sdcpp_context* context = nullptr;
        create({{"model_path", model.path()}}, &context);
        recorder r;
        r.call.tag = "job 42";
        request q;
        q.params.prompt = "die in a thread";
        q.generate(context, &r.call);
    });
    const std::string text = crash.read();
    CHECK(signal == -7 || (signal == SIGSEGV && text.find(" memory fault (SIGSEGV) [job 42]\n") != std::string::npos),
          "a fault in a thread that the engine made is its call's (signal " + std::to_string(signal) + ": " + text + ")");
}
#endif

} // namespace

// Before the engine is loaded here: a child of its own for each story, because an engine is loaded once a process.
void test_crash_file() {
    test_aborts();
#if defined(__linux__)
    test_faults();
    test_whose_fault();
    test_fault_in_the_engines_thread();
#endif
}

#endif
