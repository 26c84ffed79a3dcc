// Keeps the engine from writing to the host's standard output, which may carry an image or JSON.
#pragma once

namespace sdcpp {

// For the shared object that has `function`. Where that cannot be done (other systems, an object that is sealed), nothing is changed.
void quiet_stdout(const void* function) noexcept;

} // namespace sdcpp
