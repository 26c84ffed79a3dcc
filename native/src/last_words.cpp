#include "last_words.hpp"

#include "failure.hpp"

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>
#include <exception>
#include <filesystem>

#if defined(_WIN32)
#include <fcntl.h>
#include <io.h>
#include <sys/stat.h>
#else
#include <fcntl.h>
#include <unistd.h>
#endif

namespace sdcpp::last_words {
namespace {

struct tag_slot {
    std::atomic<bool> used{false};
    char tag[96] = {};
};

std::array<tag_slot, 16> slots;
std::atomic<int> file{-1};
std::atomic<bool> spoken{false};
std::terminate_handler next_terminate = nullptr;

void put(int fd, const char* text) noexcept {
#if defined(_WIN32)
    (void)!_write(fd, text, static_cast<unsigned>(std::strlen(text)));
#else
    (void)!::write(fd, text, std::strlen(text));
#endif
}

// snprintf is not allowed in a signal handler.
void put_number(int fd, long long value) noexcept {
    char digits[24];
    char* end = digits + sizeof digits - 1;
    *end = '\0';
    do {
        *--end = static_cast<char>('0' + value % 10);
        value /= 10;
    } while (value > 0);
    put(fd, end);
}

[[noreturn]] void on_terminate() {
    write("uncaught C++ exception");
    if (next_terminate != nullptr) {
        next_terminate();
    }
    std::abort();
}

#if !defined(_WIN32)
struct sigaction next_abort {};

// The host (the .NET runtime) has its own handler: it must get its turn, so that its dumps still work.
void on_abort(int signal, siginfo_t* info, void* context) {
    write("abort");
    ::sigaction(SIGABRT, &next_abort, nullptr);
    if ((next_abort.sa_flags & SA_SIGINFO) != 0 && next_abort.sa_sigaction != nullptr) {
        next_abort.sa_sigaction(signal, info, context);
    } else if (next_abort.sa_handler != SIG_DFL && next_abort.sa_handler != SIG_IGN) {
        next_abort.sa_handler(signal);
    }
    // abort() ends the process whatever its handlers do. A signal from outside, as the watchdog of a service manager sends it, would be survived.
    ::signal(SIGABRT, SIG_DFL);
    ::raise(SIGABRT);
}
#endif

} // namespace

void open(const char* path) {
#if defined(_WIN32)
    const std::filesystem::path native = std::filesystem::u8path(path);
    const int fd = _wopen(native.c_str(), _O_WRONLY | _O_CREAT | _O_APPEND, _S_IREAD | _S_IWRITE);
#else
    const int fd = ::open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
#endif
    if (fd < 0) {
        throw failure(SDCPP_INVALID_ARGUMENT, std::string("crash_file cannot be opened for writing: ") + path + ": " + std::strerror(errno));
    }
    if (const int before = file.exchange(fd); before >= 0) {
        // A load that failed came this far already. Installed twice, the handlers would call themselves.
#if defined(_WIN32)
        _close(before);
#else
        ::close(before);
#endif
        return;
    }
    next_terminate = std::set_terminate(on_terminate);
#if !defined(_WIN32)
    struct sigaction action {};
    action.sa_sigaction = on_abort;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    ::sigemptyset(&action.sa_mask);
    ::sigaction(SIGABRT, &action, &next_abort);
#endif
}

void write(const char* reason) noexcept {
    const int fd = file.load();
    // ggml's assert comes back as SIGABRT: its own words are the better ones, and the first.
    if (fd < 0 || spoken.exchange(true)) {
        return;
    }
    put_number(fd, static_cast<long long>(std::time(nullptr)));
    put(fd, " ");
    put(fd, reason);
    for (const auto& slot : slots) {
        if (slot.used.load()) {
            put(fd, " [");
            put(fd, slot.tag);
            put(fd, "]");
        }
    }
    put(fd, "\n");
}

int enter(const char* tag) noexcept {
    if (tag == nullptr) {
        return -1;
    }
    for (size_t i = 0; i < slots.size(); ++i) {
        bool free = false;
        if (slots[i].used.compare_exchange_strong(free, true)) {
            std::strncpy(slots[i].tag, tag, sizeof slots[i].tag - 1);
            slots[i].tag[sizeof slots[i].tag - 1] = '\0';
            return static_cast<int>(i);
        }
    }
    return -1;
}

void leave(int slot) noexcept {
    if (slot >= 0) {
        slots[static_cast<size_t>(slot)].used = false;
    }
}

} // namespace sdcpp::last_words
