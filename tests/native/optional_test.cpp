// What only some engines can: told by name, refused by name where it is missing.
#include "bridge_test.hpp"

#include <algorithm>

namespace {

bool has(const char* feature) { return ("," + std::string(sdcpp_engine_features()) + ",").find("," + std::string(feature) + ",") != std::string::npos; }

outcome edges(const sdcpp_image& input, float high, float low, uint8_t* output) {
    outcome o;
    o.code = sdcpp_canny(&input, high, low, 0.8F, 1, 0, output, &o.error);
    return o;
}

void test_canny() {
    constexpr uint32_t side = 64;
    std::vector<uint8_t> pixels(size_t{side} * side * 3, 20);
    for (uint32_t y = side / 4; y < side * 3 / 4; ++y) {
        std::fill_n(pixels.begin() + (y * side + side / 4) * 3, side / 2 * 3, uint8_t{230});
    }
    std::vector<uint8_t> found(pixels.size(), 7);
    const sdcpp_image input{side, side, 3, 0, pixels.data()};
    if (!has("canny")) {
        expect(edges(input, 0.1F, 0.1F, found.data()), SDCPP_NOT_SUPPORTED, "cannot look for edges", "edges with an engine that cannot");
        return;
    }
    expect(edges(input, 0.1F, 0.1F, found.data()), SDCPP_OK, "", "the edges of a square");
    const auto bright = std::count(found.begin(), found.end(), uint8_t{255});
    CHECK(bright > 300 && bright < 2000 && found[(side / 2 * side + side / 2) * 3] == 0, "  ... are bright, and its middle is not (" + std::to_string(bright) + ")");
    CHECK(pixels[0] == 20, "  ... and the input stays as it was");
    expect(edges(input, 0.1F, 0.2F, found.data()), SDCPP_INVALID_ARGUMENT, "low_threshold", "a low threshold above the high one");
    expect(edges(input, 0.0F / 0.0F, 0, found.data()), SDCPP_INVALID_ARGUMENT, "high_threshold", "a threshold that is no number");
    expect(edges(input, 0.1F, 0.1F, nullptr), SDCPP_INVALID_ARGUMENT, "output is null", "edges without a place for them");
    expect(edges({2, 2, 3, 0, pixels.data()}, 0.1F, 0.1F, found.data()), SDCPP_INVALID_ARGUMENT, "3x3 or more", "edges of 2x2 pixels");
}

void test_control_net(sdcpp_context* context) {
    outcome o;
    o.code = sdcpp_context_set_control_net(nullptr, "x", nullptr, &o.error);
    expect(o, SDCPP_INVALID_ARGUMENT, "context is null", "a ControlNet without a model");
    if (context != nullptr && !has("control-net-swap")) {
        o.code = sdcpp_context_set_control_net(context, "x", nullptr, &o.error);
        expect(o, SDCPP_NOT_SUPPORTED, "cannot exchange the ControlNet", "another ControlNet with an engine that cannot");
    }
}

outcome fit(int32_t width, int32_t height, const std::vector<sdcpp_option>& options, sdcpp_fit& answer) {
    answer.size = sizeof answer;
    sdcpp_context_params params{};
    params.size = sizeof params;
    params.options = options.data();
    params.option_count = options.size();
    outcome o;
    o.code = sdcpp_fit_model(&params, width, height, nullptr, nullptr, &answer, &o.error);
    return o;
}

void test_fit() {
    sdcpp_fit answer{};
    if (!has("fit")) {
        expect(fit(512, 512, {}, answer), SDCPP_NOT_SUPPORTED, "cannot tell what fits", "what fits with an engine that cannot tell");
        return;
    }
    expect(fit(0, 512, {}, answer), SDCPP_INVALID_ARGUMENT, "width is 0", "what fits for an image without a width");
    expect(fit(16384, 16384, {}, answer), SDCPP_INVALID_ARGUMENT, "width x height", "what fits for an image that is too large");
    expect(fit(512, 512, {{"backend", "cpu"}}, answer), SDCPP_INVALID_ARGUMENT, "leave it out", "what fits where the place is said already");
    expect(fit(512, 512, {{"model_path", "nowhere.gguf"}}, answer), SDCPP_INVALID_ARGUMENT, "does not exist", "what fits of a file that is not there");
    const temporary_file file("optional_fit.bin", "no model at all");
    expect(fit(512, 512, {{"model_path", file.path()}}, answer), SDCPP_MODEL_LOAD_FAILED, "cannot measure", "what fits of a file that is no model");
    answer.size = 8;
    outcome o;
    o.code = sdcpp_fit_model(nullptr, 1, 1, nullptr, nullptr, &answer, &o.error);
    expect(o, SDCPP_INVALID_ARGUMENT, "params is null", "what fits without parameters");
}

} // namespace

void test_optional() {
    CHECK(has("convert") == (sdcpp_can_convert() == 1), std::string("the features tell whether models can be converted: ") + sdcpp_engine_features());
    CHECK(has("devices") == (sdcpp_engine_devices(nullptr, 0) > 0), "and whether there is a list of devices");
    test_canny();
    test_fit();
    test_control_net(nullptr);
    if (with_standin) {
        const temporary_file file("optional_model.bin", "a model");
        sdcpp_context* context = nullptr;
        expect(create({{"model_path", file.path()}}, &context), SDCPP_OK, "", "a model for the ControlNet");
        test_control_net(context);
        sdcpp_context_free(context);
    }
}
