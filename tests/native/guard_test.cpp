// What must not reach the engine does not: each bad value alone, refused by name, before any callback of the call was used.
#include "bridge_test.hpp"

#include <cmath>
#include <cstdint>
#include <limits>

namespace {

const float not_a_number = std::numeric_limits<float>::quiet_NaN();
const float infinite = std::numeric_limits<float>::infinity();

void refuse_context(const options& list, int32_t code, const char* part, const std::string& what, int32_t threads = 1) {
    recorder r;
    auto* context = reinterpret_cast<sdcpp_context*>(uintptr_t{1});
    expect(create(list, &context, &r.call, threads), code, part, what);
    CHECK(context == nullptr && r.silent(), "  ... and no context, and nothing reached the engine");
}

void test_context_guards() {
    const temporary_file model("guard_model.bin", "a model");
    const temporary_file empty("guard_empty.bin", "");
    const char* m = model.path();
    refuse_context({}, SDCPP_INVALID_ARGUMENT, "n_threads is -1", "negative threads", -1);
    refuse_context({}, SDCPP_INVALID_ARGUMENT, "0 to 1024", "100,000 threads", 100000);
    refuse_context({{"model_path", "no/such/file"}}, SDCPP_INVALID_ARGUMENT, "model_path 'no/such/file' does not exist", "a missing file");
    refuse_context({{"diffusion_model_path", "."}}, SDCPP_INVALID_ARGUMENT, "is not a file", "a folder as a file");
    refuse_context({{"vae_path", empty.path()}}, SDCPP_INVALID_ARGUMENT, "is empty", "an empty file");
    refuse_context({{"llm_path", "\xFF\xFE.gguf"}}, SDCPP_INVALID_ARGUMENT, "llm_path", "a path that is not UTF-8");
    refuse_context({{"model_path", m}, {"no_such_option", "1"}}, SDCPP_NOT_SUPPORTED, "no_such_option", "an unknown option");
    refuse_context({{"", "1"}}, SDCPP_NOT_SUPPORTED, "not supported", "an option without a name");
    refuse_context({{nullptr, "1"}}, SDCPP_INVALID_ARGUMENT, "no name", "an option with a null name");
    refuse_context({{"model_path", nullptr}}, SDCPP_INVALID_ARGUMENT, "no value", "an option with a null value");
    refuse_context({{"flash_attn", "yes"}}, SDCPP_INVALID_ARGUMENT, "use true or false", "a switch that is neither true nor false");
    refuse_context({{"vae_format", "jpeg"}}, SDCPP_INVALID_ARGUMENT, "auto, flux, sd3", "an unknown VAE format");
    refuse_context({{"wtype", "q99"}}, SDCPP_INVALID_ARGUMENT, "use f32, f16", "an unknown weight type");
    refuse_context({{"rng_type", "dice"}}, SDCPP_INVALID_ARGUMENT, "random number generator", "an unknown random number generator");
    refuse_context({{"prediction", "weather"}}, SDCPP_INVALID_ARGUMENT, "prediction", "an unknown prediction");
    refuse_context({{"lora_apply_mode", "never"}}, SDCPP_INVALID_ARGUMENT, "LoRA apply mode", "an unknown LoRA apply mode");
    for (const char* rules : {"(=f16", "[=f16", "a*{2,1=f16", "vae", "=", "vae=q99", "vae=f16,", "vae=f16,*=f16", ""}) {
        refuse_context({{"tensor_type_rules", rules}}, SDCPP_INVALID_ARGUMENT, "tensor_type_rules", "malformed tensor type rules '" + std::string(rules) + "'");
    }
    sdcpp_context* context = nullptr;
    outcome o;
    o.code = sdcpp_context_create(nullptr, nullptr, &context, &o.error);
    expect(o, SDCPP_INVALID_ARGUMENT, "params is null", "context_create without params");
    sdcpp_context_params params{};
    params.size = sizeof params - 1;
    o.code = sdcpp_context_create(&params, nullptr, &context, &o.error);
    expect(o, SDCPP_INVALID_ARGUMENT, "params->size", "context_create with a struct that is too short");
    expect(create({{"model_path", m}}, nullptr), SDCPP_INVALID_ARGUMENT, "out is null", "context_create without a place for the result");
    sdcpp_context_free(nullptr);
    sdcpp_cancel(nullptr, SDCPP_CANCEL_NOW);
    sdcpp_context_info info{};
    info.size = sizeof info;
    o.code = sdcpp_context_get_info(nullptr, &info, &o.error);
    expect(o, SDCPP_INVALID_ARGUMENT, "context is null", "context_get_info without a context");
}

outcome img2img(sdcpp_context* context, request& q, const sdcpp_image* init, const sdcpp_image* mask, float strength, const sdcpp_call* call = nullptr) {
    outcome o;
    q.arm();
    o.code = sdcpp_img2img(context, &q.params, init, mask, strength, call, &q.result, &o.error);
    return o;
}

void test_image_guards_before_the_handle() {
    request q(16, 8);
    const std::vector<uint8_t> bytes(16 * 8 * 3);
    const sdcpp_image good{16, 8, 3, 0, bytes.data()};
    const sdcpp_image mask{16, 8, 1, 0, bytes.data()};
    const auto refuse = [&](const sdcpp_image* init, const sdcpp_image* m, float strength, const char* part, const char* what) {
        recorder r;
        expect(img2img(nullptr, q, init, m, strength, &r.call), SDCPP_INVALID_ARGUMENT, part, std::string("img2img with ") + what);
        CHECK(r.silent(), "  ... and nothing reached the engine");
    };
    const sdcpp_image no_data{16, 8, 3, 0, nullptr}, no_width{0, 8, 3, 0, bytes.data()}, no_height{16, 0, 3, 0, bytes.data()};
    const sdcpp_image grey{16, 8, 1, 0, bytes.data()}, four{16, 8, 4, 0, bytes.data()}, wide{17, 8, 3, 0, bytes.data()}, low{16, 7, 3, 0, bytes.data()};
    const sdcpp_image vast{UINT32_MAX, UINT32_MAX, 3, 0, bytes.data()}, many{16384, 16384, 3, 0, bytes.data()}, wide_mask{8, 8, 1, 0, bytes.data()};
    refuse(nullptr, nullptr, 1, "init image has no pixels", "no first image");
    refuse(&no_data, nullptr, 1, "init image has no pixels", "a first image without data");
    refuse(&no_width, nullptr, 1, "init image width is 0", "a first image 0 wide");
    refuse(&no_height, nullptr, 1, "init image height is 0", "a first image 0 high");
    refuse(&vast, nullptr, 1, "init image width is 4294967295", "a first image of 4294967295 x 4294967295");
    refuse(&many, nullptr, 1, "width x height", "a first image of 16384 x 16384");
    refuse(&grey, nullptr, 1, "init image channels is 1", "a first image of 1 channel");
    refuse(&four, nullptr, 1, "init image channels is 4", "a first image of 4 channels");
    refuse(&wide, nullptr, 1, "must have the size of the result, 16x8", "a first image wider than the result");
    refuse(&low, nullptr, 1, "must have the size of the result, 16x8", "a first image lower than the result");
    refuse(&good, nullptr, -0.5f, "strength is -0.5", "strength -0.5");
    refuse(&good, nullptr, 1.01f, "0 to 1", "strength 1.01");
    refuse(&good, nullptr, not_a_number, "strength", "strength NaN");
    refuse(&good, &good, 1, "mask channels is 3", "a mask of 3 channels");
    refuse(&good, &wide_mask, 1, "mask is 8x8", "a mask of another size");
    refuse(&good, &no_data, 1, "mask has no pixels", "a mask without data");
    refuse(&good, &mask, 1, "context is null", "no context");
    expect(q.generate(nullptr), SDCPP_INVALID_ARGUMENT, "context is null", "txt2img without a context");
    outcome o;
    o.code = sdcpp_txt2img(nullptr, nullptr, nullptr, nullptr, &o.error);
    expect(o, SDCPP_INVALID_ARGUMENT, "params is null", "txt2img without anything");
    o.code = sdcpp_img2img(nullptr, nullptr, nullptr, nullptr, 0, nullptr, nullptr, &o.error);
    expect(o, SDCPP_INVALID_ARGUMENT, "params is null", "img2img without anything");
}

void test_upscaler_guards() {
    const temporary_file model("guard_upscaler.bin", "an upscaler");
    const temporary_file empty("guard_empty_upscaler.bin", "");
    const auto refuse = [](const char* path, int32_t threads, int32_t tile, const char* part, const char* what) {
        recorder r;
        sdcpp_upscaler_params params{};
        params.size = sizeof params;
        params.model_path = path;
        params.n_threads = threads;
        params.tile_size = tile;
        auto* upscaler = reinterpret_cast<sdcpp_upscaler*>(uintptr_t{1});
        outcome o;
        o.code = sdcpp_upscaler_create(&params, &r.call, &upscaler, &o.error);
        expect(o, SDCPP_INVALID_ARGUMENT, part, std::string("upscaler with ") + what);
        CHECK(upscaler == nullptr && r.silent(), "  ... and nothing reached the engine");
    };
    refuse(nullptr, 1, 0, "model_path is null", "no file");
    refuse("no/such/file", 1, 0, "does not exist", "a missing file");
    refuse(".", 1, 0, "is not a file", "a folder");
    refuse(empty.path(), 1, 0, "is empty", "an empty file");
    refuse(model.path(), -1, 0, "n_threads is -1", "negative threads");
    refuse(model.path(), 1025, 0, "n_threads is 1025", "1025 threads");
    refuse(model.path(), 1, 15, "tile_size is 15", "tiles of 15 pixels");
    refuse(model.path(), 1, 4097, "tile_size is 4097", "tiles of 4097 pixels");
    refuse(model.path(), 1, -1, "tile_size is -1", "tiles of -1 pixels");

    outcome o;
    o.code = sdcpp_upscaler_create(nullptr, nullptr, nullptr, &o.error);
    expect(o, SDCPP_INVALID_ARGUMENT, "params is null", "upscaler_create without anything");
    sdcpp_upscaler_params params{};
    params.size = sizeof params;
    o.code = sdcpp_upscaler_create(&params, nullptr, nullptr, &o.error);
    expect(o, SDCPP_INVALID_ARGUMENT, "out is null", "upscaler_create without a place for the result");
    sdcpp_upscaler_free(nullptr);
    CHECK(sdcpp_upscaler_factor(nullptr) == 0, "no upscaler has the factor 0");
    const std::vector<uint8_t> bytes(8 * 8 * 3);
    request q;
    for (const auto& [image, part] : {std::pair{sdcpp_image{0, 0, 3, 0, bytes.data()}, "width is 0"}, std::pair{sdcpp_image{8, 8, 1, 0, bytes.data()}, "channels is 1"},
                                      std::pair{sdcpp_image{8, 8, 4, 0, bytes.data()}, "channels is 4"}, std::pair{sdcpp_image{8, 8, 3, 0, nullptr}, "no pixels"},
                                      std::pair{sdcpp_image{8, 8, 3, 0, bytes.data()}, "upscaler is null"}}) {
        o.code = sdcpp_upscale(nullptr, &image, nullptr, &q.result, &o.error);
        expect(o, SDCPP_INVALID_ARGUMENT, part, std::string("upscale: ") + part);
    }
    o.code = sdcpp_upscale(nullptr, nullptr, nullptr, nullptr, &o.error);
    expect(o, SDCPP_INVALID_ARGUMENT, "input image has no pixels", "upscale without anything");
}

} // namespace

void test_guards_without_a_model() {
    test_context_guards();
    test_image_guards_before_the_handle();
    test_upscaler_guards();
}

void test_guards_of_an_image() {
    const temporary_file model("guard_image_model.bin", "a model");
    const temporary_file lora("guard_lora.bin", "a lora");
    sdcpp_context* context = nullptr;
    expect(create({{"model_path", model.path()}}, &context), SDCPP_OK, "", "a context to spoil requests for");
    const std::string longest(SDCPP_MAX_PROMPT_BYTES, 'x');
    const std::string too_long(SDCPP_MAX_PROMPT_BYTES + 1, 'x');
    const std::vector<sdcpp_lora> loras(65, sdcpp_lora{lora.path(), 1, 0});

    const auto refuse = [&](const char* part, const std::string& what, const std::function<void(request&)>& spoil, int32_t code = SDCPP_INVALID_ARGUMENT) {
        request q;
        spoil(q);
        recorder r;
        outcome o;
        o.code = sdcpp_txt2img(context, &q.params, &r.call, &q.result, &o.error);
        expect(o, code, part, "txt2img with " + what);
        CHECK(r.silent() && q.pixels[0][0] == 0xAB, "  ... and nothing reached the engine");
    };
    for (const int32_t bad : {0, -1, -64, INT32_MIN, 16385, INT32_MAX}) {
        refuse("width is", "width " + std::to_string(bad), [&](request& q) { q.params.width = bad; });
        refuse("height is", "height " + std::to_string(bad), [&](request& q) { q.params.height = bad; });
    }
    refuse("width x height", "16384 x 16384", [](request& q) { q.params.width = q.params.height = 16384; });
    for (const int32_t bad : {0, -1, 1001, 10000000}) {
        refuse("steps is", std::to_string(bad) + " steps", [&](request& q) { q.params.steps = bad; });
    }
    for (const int64_t bad : {int64_t{-1}, INT64_MIN, INT64_MAX}) {
        refuse("seed is", "seed " + std::to_string(bad), [&](request& q) { q.params.seed = bad; });
    }
    for (const int32_t bad : {0, -1, 65}) {
        refuse("batch_count is", std::to_string(bad) + " images", [&](request& q) { q.params.batch_count = bad; });
    }
    for (const int32_t bad : {-1, 13}) {
        refuse("clip_skip is", "clip_skip " + std::to_string(bad), [&](request& q) { q.params.clip_skip = bad; });
    }
    for (const float bad : {-0.1f, 1000.1f, not_a_number, infinite, -infinite}) {
        refuse("cfg_scale is", "cfg_scale " + std::to_string(bad), [&](request& q) { q.params.cfg_scale = bad; });
    }
    refuse("prompt is 8193 bytes long", "a prompt that is too long", [&](request& q) { q.params.prompt = too_long.c_str(); });
    refuse("negative_prompt is 8193", "a negative prompt that is too long", [&](request& q) { q.params.negative_prompt = too_long.c_str(); });
    refuse("sampler 'dice'", "an unknown sampler", [](request& q) { q.params.sampler = "dice"; });
    refuse("sampler ''", "an empty sampler", [](request& q) { q.params.sampler = ""; });
    refuse("scheduler 'monday'", "an unknown scheduler", [](request& q) { q.params.scheduler = "monday"; });
    refuse("LoRA has no path", "LoRAs that are null", [](request& q) { q.params.lora_count = 1; });
    refuse("lora_count is 65", "65 LoRAs", [&](request& q) { q.params.loras = loras.data(), q.params.lora_count = 65; });
    for (const auto& [bad, part] : {std::pair{sdcpp_lora{nullptr, 1, 0}, "no path"}, std::pair{sdcpp_lora{"no/such", 1, 0}, "LoRA 'no/such' does not exist"},
                                    std::pair{sdcpp_lora{lora.path(), 101, 0}, "multiplier"}, std::pair{sdcpp_lora{lora.path(), not_a_number, 0}, "multiplier"}}) {
        refuse(part, std::string("a LoRA: ") + part, [&, one = bad](request& q) { q.params.loras = &one, q.params.lora_count = 1; });
    }
    for (const auto& [bad, part] :
         {std::pair{sdcpp_option{"sample_params.eta", "nan"}, "a number from 0 to 10"}, std::pair{sdcpp_option{"sample_params.eta", "inf"}, "a number from 0 to 10"},
          std::pair{sdcpp_option{"sample_params.eta", "1e99"}, "a number from 0 to 10"}, std::pair{sdcpp_option{"sample_params.eta", "1,5"}, "a number from 0 to 10"},
          std::pair{sdcpp_option{"vae_tiling_params.tile_size_x", "3.5"}, "whole number"}, std::pair{sdcpp_option{"vae_tiling_params.tile_size_x", ""}, "whole number"},
          std::pair{sdcpp_option{"vae_tiling_params.tile_size_x", "99999999999"}, "whole number"}, std::pair{sdcpp_option{"circular_x", "1"}, "true or false"}}) {
        refuse(part, std::string("option ") + bad.name + " = '" + bad.value + "'", [&, one = bad](request& q) { q.params.options = &one, q.params.option_count = 1; });
    }
    for (const char* edges : {"circular_x", "circular_y"}) {
        const sdcpp_option both[] = {{"vae_tiling_params.enabled", "true"}, {edges, "true"}};
        refuse("cannot decode an image with joined edges in tiles", std::string("tiles and ") + edges, [&](request& q) { q.params.options = both, q.params.option_count = 2; });
    }
    const sdcpp_option unknown{"sample_params.sample_steps", "7"};
    refuse("sample_params.sample_steps is not supported", "an option that is not for callers", [&](request& q) { q.params.options = &unknown, q.params.option_count = 1; }, SDCPP_NOT_SUPPORTED);
    refuse("params->size", "a struct that is too short", [](request& q) { q.params.size = 8; });
    refuse("result->size", "a result that is too short", [](request& q) { q.result.size = 8; });
    refuse("0 buffers", "a result without buffers", [](request& q) { q.result.image_count = 0; });
    refuse("needed are", "a result without a list", [](request& q) { q.result.images = nullptr; });
    refuse("needed are 1 of 12288", "buffers that are too small", [](request& q) { q.result.image_bytes -= 1; });
    refuse("images[0] is null", "a null buffer", [](request& q) { q.buffers[0] = nullptr; });

    request q;
    outcome o;
    o.code = sdcpp_txt2img(context, &q.params, nullptr, nullptr, &o.error);
    expect(o, SDCPP_INVALID_ARGUMENT, "result is null", "txt2img without a result");
    // The last good values on either side.
    q.params.prompt = q.params.negative_prompt = longest.c_str();
    q.params.seed = INT64_MAX - SDCPP_MAX_BATCH;
    q.params.steps = SDCPP_MAX_STEPS;
    q.params.cfg_scale = 1000;
    q.params.clip_skip = 12;
    expect(q.generate(context), SDCPP_OK, "", "the largest good values are generated");
    q.params.prompt = q.params.negative_prompt = nullptr;
    q.params.seed = 0;
    q.params.steps = 1;
    q.params.scheduler = "simple"; // karras, the stand-in's own, needs two
    q.params.cfg_scale = 0;
    expect(q.generate(context), SDCPP_OK, "", "the smallest good values, without a prompt, are generated");
    sdcpp_context_free(context);
}
