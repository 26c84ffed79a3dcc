#include "call_images.hpp"

#include "checks.hpp"
#include "failure.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <string_view>

namespace sdcpp {
namespace {

// The families that the engine generates from reference images with; others dereference what they have not got.
constexpr std::array edit_families = {"Flux",       "Flux.2",           "Flux.2 klein",     "Qwen Image", "Qwen Image Layered", "Longcat-Image",
                                      "HiDream O1", "Instruct-Pix2Pix", "SDXL Instruct-Pix2Pix"};

// The engine only reads it, though its struct does not say so.
sd_image_t view(const sdcpp_image& image) { return {image.width, image.height, image.channels, const_cast<uint8_t*>(image.data)}; }

void need_family(const sdcpp_context& context) {
    if (!takes_ref_images(context)) {
        std::string names;
        for (const char* name : edit_families) {
            names += (names.empty() ? "" : ", ") + std::string(name);
        }
        throw failure(SDCPP_NOT_SUPPORTED, "ref_images: a model of the family '" + context.family + "' takes no reference images; those that do are " + names, "ref_images");
    }
}

template <typename Params>
auto set_ip_adapter(Params& params, const sdcpp_image& image, int) -> decltype((params.ip_adapter_image), void()) {
    params.ip_adapter_image = view(image);
}
template <typename Params>
void set_ip_adapter(Params&, const sdcpp_image&, long) {
    throw failure(SDCPP_NOT_SUPPORTED, "image ip_adapter_image is not supported by this engine build", "ip_adapter_image");
}

// Without it the engine generates somebody else, and says so in its log alone. The word is fixed in it.
void need_trigger(const char* prompt) {
    const std::string_view text = prompt != nullptr ? prompt : "";
    const size_t first = text.find_first_not_of(" \t\r\n");
    const size_t trigger = text.rfind("img");
    if (trigger == std::string_view::npos || trigger <= first) {
        refuse("prompt: PhotoMaker generates the person where the word img stands behind another, as in 'a man img in a garden'", "prompt");
    }
}

} // namespace

bool takes_ref_images(const sdcpp_context& context) {
    return std::any_of(edit_families.begin(), edit_families.end(), [&](const char* name) { return context.family == name; });
}

call_images::call_images(const sdcpp_context& context, const sdcpp_image_params& params, sd_img_gen_params_t& engine_params) {
    for (size_t i = 0; i < params.image_count; ++i) {
        const sdcpp_named_image& named = params.images[i];
        if (named.name == nullptr) {
            refuse("an image has no name");
        }
        const std::string name = named.name;
        checks::image(named.name, &named.image, 3);
        if (name == "ref_images") {
            need_family(context);
            checks::scalable(named.name, named.image, params);
            refs_.push_back(view(named.image));
        } else if (name == "control_image") {
            need_file(context, named.name, "control_net_path");
            checks::same_size(named.name, named.image, params.width, params.height);
            control_ = padded_image(named.image);
            engine_params.control_image = control_.view();
        } else if (name == "ip_adapter_image") {
            need_file(context, named.name, "ip_adapter_path");
            set_ip_adapter(engine_params, named.image, 0);
        } else if (name == "pm_params.id_images") {
            need_file(context, named.name, "photo_maker_path");
            need_trigger(params.prompt);
            ids_.push_back(view(named.image));
        } else {
            throw failure(SDCPP_NOT_SUPPORTED, "image " + name + " is not supported by this engine build", name);
        }
    }
    engine_params.ref_images = refs_.data();
    engine_params.ref_images_count = static_cast<int>(refs_.size());
    engine_params.pm_params.id_images = ids_.data();
    engine_params.pm_params.id_images_count = static_cast<int>(ids_.size());
}

} // namespace sdcpp
