// One line in a file before the process dies inside the engine.
#pragma once

namespace sdcpp::last_words {

// Opens the file for appending, and installs the terminate and SIGABRT handlers. Throws `failure` when it cannot be opened.
void open(const char* path);

// Writes "<unix seconds> <reason> [tags of the running calls]". Safe in a signal handler; does nothing without a file.
void write(const char* reason) noexcept;

// Notes the tag of a call that begins; returns a slot for `leave`, or -1 when there is no tag or no room.
int enter(const char* tag) noexcept;
void leave(int slot) noexcept;

} // namespace sdcpp::last_words
