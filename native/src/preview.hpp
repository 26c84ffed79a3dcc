// Images of a call while it is sampled. The engine has one callback and one mode for the whole process.
#pragma once

#include <sdcpp.h>

namespace sdcpp {

// Keeps the engine's previews on as long as a call wants them.
class preview_interest {
public:
    // Throws `failure` when the call asks for something that is not there. `call` may be null.
    explicit preview_interest(const sdcpp_call* call);
    ~preview_interest();
    preview_interest(const preview_interest&) = delete;
    preview_interest& operator=(const preview_interest&) = delete;

private:
    int mode_ = 0;
};

} // namespace sdcpp
