// Pixels on their way between the caller's size and the engine's grid.
#pragma once

#include "../engine/engine_types.hpp"

#include <sdcpp.h>

#include <vector>

namespace sdcpp {

// The engine generates images on multiples of this many pixels and rounds other sizes up.
constexpr uint32_t image_grid = 8;

constexpr uint32_t on_grid(uint32_t side, uint32_t grid = image_grid) { return (side + grid - 1) / grid * grid; }

// A copy of `image` on the grid, its edge pixels repeated outwards evenly, so that cropping the result evenly gives the same place back.
class padded_image {
public:
    padded_image() = default;
    explicit padded_image(const sdcpp_image& image, uint32_t grid = image_grid);
    sd_image_t view() noexcept;

private:
    uint32_t width_ = 0;
    uint32_t height_ = 0;
    uint32_t channels_ = 0;
    std::vector<uint8_t> pixels_;
};

// Copies the middle width x height pixels of an engine image; throws `failure` when it is smaller than that or not RGB.
void copy_middle(const sd_image_t& from, uint32_t width, uint32_t height, uint8_t* to);

} // namespace sdcpp
