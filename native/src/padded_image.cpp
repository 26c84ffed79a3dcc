#include "padded_image.hpp"

#include "failure.hpp"

#include <algorithm>
#include <cstring>

namespace sdcpp {

padded_image::padded_image(const sdcpp_image& image, uint32_t grid)
    : width_(on_grid(image.width, grid)), height_(on_grid(image.height, grid)), channels_(image.channels),
      pixels_(static_cast<size_t>(width_) * height_ * channels_) {
    const uint32_t left = (width_ - image.width) / 2;
    const uint32_t top = (height_ - image.height) / 2;
    const size_t row_bytes = static_cast<size_t>(image.width) * channels_;
    for (uint32_t y = 0; y < height_; ++y) {
        const uint32_t from_y = std::clamp<int64_t>(static_cast<int64_t>(y) - top, 0, image.height - 1);
        const uint8_t* from = image.data + from_y * row_bytes;
        uint8_t* to = pixels_.data() + static_cast<size_t>(y) * width_ * channels_;
        for (uint32_t x = 0; x < left; ++x) {
            std::memcpy(to + static_cast<size_t>(x) * channels_, from, channels_);
        }
        std::memcpy(to + static_cast<size_t>(left) * channels_, from, row_bytes);
        for (uint32_t x = left + image.width; x < width_; ++x) {
            std::memcpy(to + static_cast<size_t>(x) * channels_, from + row_bytes - channels_, channels_);
        }
    }
}

sd_image_t padded_image::view() noexcept { return {width_, height_, channels_, pixels_.empty() ? nullptr : pixels_.data()}; }

void copy_middle(const sd_image_t& from, uint32_t width, uint32_t height, uint8_t* to) {
    if (from.data == nullptr || from.channel != 3 || from.width < width || from.height < height) {
        throw failure(SDCPP_GENERATION_FAILED, "the engine returned an image of " + std::to_string(from.width) + "x" + std::to_string(from.height) +
                                                   " with " + std::to_string(from.channel) + " channels for a request of " + std::to_string(width) + "x" +
                                                   std::to_string(height));
    }
    const size_t row_bytes = static_cast<size_t>(width) * 3;
    const size_t left = (from.width - width) / 2;
    const size_t top = (from.height - height) / 2;
    for (uint32_t y = 0; y < height; ++y) {
        std::memcpy(to + y * row_bytes, from.data + ((top + y) * from.width + left) * 3, row_bytes);
    }
}

} // namespace sdcpp
