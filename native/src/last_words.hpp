// One line in a file before the process dies inside the engine.
#pragma once

namespace sdcpp::last_words {

// Opens the file for appending, and installs the handlers: for std::terminate and SIGABRT, and on Linux for the faults of the threads
// that work for a call with a tag. Throws `failure` when it cannot be opened.
void open(const char* path);

// Writes "<unix seconds> <reason> [tag of the call for which this thread works]"; where the system does not tell whose thread it is, the
// tags of all running calls. Safe in a signal handler; does nothing without a file.
void write(const char* reason) noexcept;

// Notes the tag of a call that begins; returns a slot for `leave`, or -1 when there is no tag or no room.
int enter(const char* tag) noexcept;
void leave(int slot) noexcept;

// While the host's own code runs inside a call: the threads that it makes are its own, not the engine's.
class host_turn {
public:
    host_turn() noexcept;
    ~host_turn();
    host_turn(const host_turn&) = delete;
    host_turn& operator=(const host_turn&) = delete;

private:
    int slot_;
};

} // namespace sdcpp::last_words
