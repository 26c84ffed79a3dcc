// What must not reach the engine, because it aborts, reads out of bounds or never comes back. Each throws `failure`.
#pragma once

#include <sdcpp.h>

#include <string>

namespace sdcpp::checks {

// A struct of the caller's: not null, and not shorter than its first version.
void struct_size(const char* what, const void* pointer, uint32_t size, size_t first_version);
void threads(int32_t n_threads);
void options(const sdcpp_option* options, size_t count);
void image_params(const sdcpp_image_params& params);
void video_params(const sdcpp_video_params& params);
void prompt(const char* text);
void result_size(int32_t width, int32_t height);
// Sides of an image that can be.
void size(const char* what, uint32_t width, uint32_t height);
void image(const char* what, const sdcpp_image* image, uint32_t channels);
void same_size(const char* what, const sdcpp_image& image, int32_t width, int32_t height);
// The engine scales a reference image to as many pixels as the result has, in its own shape and on a grid of 16, and throws where a side
// becomes nothing.
void scalable(const char* what, const sdcpp_image& image, const sdcpp_image_params& params);
void strength(float strength);
// A number that is checked here, and what is allowed.
struct limit {
    const char* name;
    long long low;
    long long high;
};
// All of them, ended by one without a name.
const limit* limits() noexcept;
void result(const sdcpp_result* result, uint32_t images, size_t bytes);
void result(const sdcpp_video_result* result, uint32_t frames, size_t bytes);
// A file that exists and is not empty. `option` names it in the message.
void file(const std::string& option, const char* path);

} // namespace sdcpp::checks
