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
#include <pthread.h>
#if defined(__linux__)
#include <sys/syscall.h>
#endif
#include <unistd.h>
#endif

namespace sdcpp::last_words {
namespace {

constexpr int nobody = -1;

#if defined(__linux__)
using thread_id = pid_t;
thread_id this_thread() noexcept { return static_cast<thread_id>(::syscall(SYS_gettid)); } // gettid is too new for some systems
#endif

struct tag_slot {
    std::atomic<bool> used{false};
    char tag[96] = {};
#if defined(__linux__)
    std::atomic<thread_id> thread{0}; // of the call, also of the last one
    bool has_stack = false;
    alignas(16) char stack[32 * 1024]; // for the handlers, where a thread has none: its own may be what ran out
#endif
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

#if defined(__linux__)
// A thread inherits the signals that its maker blocks. Each call blocks one that nobody sends, which tells the threads that the engine
// makes for it from all others, in a handler as well, where little else may be asked.
int mark_of(int slot) noexcept { return SIGRTMAX - slot; }

void change_mark(int how, int slot) noexcept {
    sigset_t mark;
    ::sigemptyset(&mark);
    ::sigaddset(&mark, mark_of(slot));
    ::pthread_sigmask(how, &mark, nullptr);
}

int marked_slot() noexcept {
    sigset_t blocked;
    ::sigemptyset(&blocked);
    ::pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
    for (int slot = 0; slot < static_cast<int>(slots.size()); ++slot) {
        if (::sigismember(&blocked, mark_of(slot)) == 1) {
            return slot;
        }
    }
    return nobody;
}

// The call for which this thread works.
int calling_slot() noexcept {
    const thread_id me = this_thread();
    for (size_t slot = 0; slot < slots.size(); ++slot) {
        if (slots[slot].used.load() && slots[slot].thread.load() == me) {
            return static_cast<int>(slot);
        }
    }
    const int marked = marked_slot();
    return marked != nobody && slots[static_cast<size_t>(marked)].used.load() ? marked : nobody;
}

bool belongs_to_a_dying_call(size_t slot) noexcept { return static_cast<int>(slot) == calling_slot(); }

bool take(size_t slot) noexcept {
    bool free = false;
    return slots[slot].used.compare_exchange_strong(free, true);
}

// The threads that the engine keeps from one call to the next bear the mark of the first: a thread gets its last slot again.
int take_slot() noexcept {
    const thread_id me = this_thread();
    for (const thread_id wanted : {me, thread_id{0}}) {
        for (size_t slot = 0; slot < slots.size(); ++slot) {
            if (slots[slot].thread.load() == wanted && take(slot)) {
                return static_cast<int>(slot);
            }
        }
    }
    for (size_t slot = 0; slot < slots.size(); ++slot) {
        if (take(slot)) {
            return static_cast<int>(slot);
        }
    }
    return nobody;
}

void give_stack(tag_slot& slot) noexcept {
    stack_t now{};
    slot.has_stack = ::sigaltstack(nullptr, &now) == 0 && (now.ss_flags & SS_DISABLE) != 0;
    if (slot.has_stack) {
        stack_t own{};
        own.ss_sp = slot.stack;
        own.ss_size = sizeof slot.stack;
        ::sigaltstack(&own, nullptr);
    }
}

void take_stack_back(tag_slot& slot) noexcept {
    if (slot.has_stack) {
        stack_t none{};
        none.ss_flags = SS_DISABLE;
        ::sigaltstack(&none, nullptr);
    }
}
#else
bool belongs_to_a_dying_call(size_t) noexcept { return true; }

int take_slot() noexcept {
    for (size_t slot = 0; slot < slots.size(); ++slot) {
        bool free = false;
        if (slots[slot].used.compare_exchange_strong(free, true)) {
            return static_cast<int>(slot);
        }
    }
    return nobody;
}
#endif

#if !defined(_WIN32)
struct sigaction next_abort {};

void call_next(const struct sigaction& next, int signal, siginfo_t* info, void* context) {
    if ((next.sa_flags & SA_SIGINFO) != 0 && next.sa_sigaction != nullptr) {
        next.sa_sigaction(signal, info, context);
    } else if (next.sa_handler != SIG_DFL && next.sa_handler != SIG_IGN) {
        next.sa_handler(signal);
    }
}

// The host (the .NET runtime) has its own handler: it must get its turn, so that its dumps still work.
void on_abort(int signal, siginfo_t* info, void* context) {
    write("abort");
    ::sigaction(SIGABRT, &next_abort, nullptr);
    call_next(next_abort, signal, info, context);
    // abort() ends the process whatever its handlers do. A signal from outside, as the watchdog of a service manager sends it, would be survived.
    ::signal(SIGABRT, SIG_DFL);
    ::raise(SIGABRT);
}
#endif

#if defined(__linux__)
struct fault {
    int signal;
    const char* reason;
    struct sigaction next;
};

std::array<fault, 4> faults{{
    {SIGSEGV, "memory fault (SIGSEGV)", {}},
    {SIGBUS, "memory fault (SIGBUS)", {}},
    {SIGFPE, "arithmetic fault (SIGFPE)", {}},
    {SIGILL, "illegal instruction (SIGILL)", {}},
}};

bool has_default_handler(int signal) noexcept {
    struct sigaction now {};
    return ::sigaction(signal, nullptr, &now) == 0 && now.sa_handler == SIG_DFL;
}

// The .NET runtime lives by these signals: it makes exceptions of the faults in its own code. It is asked first, and what it takes never
// comes back, or comes back mended. What it gives up has the default handler again, and faults once more.
void on_fault(int signal, siginfo_t* info, void* context) {
    const int error = errno;
    for (const fault& known : faults) {
        if (known.signal != signal) {
            continue;
        }
        if (known.next.sa_handler == SIG_DFL) {
            ::signal(signal, SIG_DFL);
        } else {
            call_next(known.next, signal, info, context);
        }
        const bool was_sent = info->si_code <= 0;
        if (!was_sent && has_default_handler(signal) && calling_slot() != nobody) {
            write(known.reason);
        } else if (was_sent && has_default_handler(signal)) {
            ::raise(signal); // comes when this handler returns; a fault would come by itself
        }
    }
    errno = error;
}

void watch_faults() noexcept {
    for (fault& known : faults) {
        struct sigaction action {};
        ::sigaction(known.signal, nullptr, &known.next);
        action.sa_sigaction = on_fault;
        // The runtime leaves some of its handlers for ever, by an exception: those must run on the stack that they were made for.
        const int stack = known.next.sa_handler == SIG_DFL ? SA_ONSTACK : known.next.sa_flags & SA_ONSTACK;
        action.sa_flags = (known.next.sa_flags & (SA_RESTART | SA_NODEFER)) | stack | SA_SIGINFO;
        action.sa_mask = known.next.sa_mask;
        ::sigaction(known.signal, &action, nullptr);
    }
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
#if defined(__linux__)
    watch_faults();
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
    for (size_t slot = 0; slot < slots.size(); ++slot) {
        if (slots[slot].used.load() && belongs_to_a_dying_call(slot)) {
            put(fd, " [");
            put(fd, slots[slot].tag);
            put(fd, "]");
        }
    }
    put(fd, "\n");
}

int enter(const char* tag) noexcept {
    const int taken = tag == nullptr ? nobody : take_slot();
    if (taken != nobody) {
        tag_slot& slot = slots[static_cast<size_t>(taken)];
        std::strncpy(slot.tag, tag, sizeof slot.tag - 1);
        slot.tag[sizeof slot.tag - 1] = '\0';
#if defined(__linux__)
        slot.thread = this_thread();
        give_stack(slot);
        change_mark(SIG_BLOCK, taken);
#endif
    }
    return taken;
}

void leave(int slot) noexcept {
    if (slot != nobody) {
#if defined(__linux__)
        change_mark(SIG_UNBLOCK, slot);
        take_stack_back(slots[static_cast<size_t>(slot)]);
#endif
        slots[static_cast<size_t>(slot)].used = false;
    }
}

#if defined(__linux__)
host_turn::host_turn() noexcept : slot_(marked_slot()) {
    if (slot_ != nobody) {
        change_mark(SIG_UNBLOCK, slot_);
    }
}

host_turn::~host_turn() {
    if (slot_ != nobody) {
        change_mark(SIG_BLOCK, slot_);
    }
}
#else
host_turn::host_turn() noexcept : slot_(nobody) {}
host_turn::~host_turn() = default;
#endif

} // namespace sdcpp::last_words
