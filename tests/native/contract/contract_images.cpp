// Images whose every pixel is known for an engine's version, and requests that end a process when they reach the engine.
#include "contract_test.hpp"

namespace {

struct image_case {
    const char* name;
    int32_t width;
    int32_t height;
    options given;
};

const image_case image_cases[] = {
    {"self-test", 64, 64, {}}, // the request of SdEngine.SelfTestAsync
    {"text-to-image", 64, 64, {}},
    {"size-off-the-grid", 72, 40, {}},
    {"two-steps-euler-a", 64, 64, {}},
    {"guidance", 64, 64, {}},
    {"tiles", 96, 96, {{"vae_tiling_params.enabled", "true"}, {"vae_tiling_params.tile_size_x", "4"}, {"vae_tiling_params.tile_size_y", "6"}}},
    {"step-cache", 64, 64, {{"cache.mode", "easycache"}, {"cache.reuse_threshold", "0.31"}}},
    {"sigmas", 64, 64, {{"sample_params.custom_sigmas", "1,0.8,0.3,0"}}},
    {"flow-shift", 64, 64, {{"sample_params.flow_shift", "5"}}},
};

void generate(const image_case& c, const loaded_demo& demo) {
    request image(c.width, c.height);
    image.params.prompt = "a red circle on a blue background";
    image.params.steps = 4;
    image.params.options = c.given.data();
    image.params.option_count = c.given.size();
    const std::string name = c.name;
    if (name == "self-test") {
        image.params.steps = 2;
        image.params.sampler = "euler";
    } else if (name == "step-cache") {
        image.params.steps = 8;
    } else if (name == "two-steps-euler-a") {
        image.params.steps = 2;
        image.params.sampler = "euler_a";
    } else if (name == "guidance") {
        image.params.cfg_scale = 4;
        image.params.negative_prompt = "green";
    }
    const outcome first = image.generate(demo.context);
    const std::string hash = hash_of(image);
    const outcome second = image.generate(demo.context);
    check(first.code == SDCPP_OK && second.code == SDCPP_OK && hash == hash_of(image), "image " + name + " is the same when it is generated again" + second.text());
    keep_image(name, image, c.width, c.height);
}

void generate_hires(const loaded_demo& demo) {
    const options given = {{"hires.enabled", "true"}, {"hires.scale", "2"}, {"hires.upscaler", "Lanczos"}, {"hires.denoising_strength", "0.5"}, {"hires.steps", "2"}};
    request image(32, 32);
    image.params.prompt = "a red circle on a blue background";
    image.params.options = given.data();
    image.params.option_count = given.size();
    image.pixels[0].resize(size_t{64} * 64 * 3);
    image.buffers[0] = image.pixels[0].data();
    image.result.image_bytes = image.pixels[0].size();
    const outcome generated = image.generate(demo.context);
    check(generated.code == SDCPP_OK, "hires fix by Lanczos, twice as large" + generated.text());
    keep_image("hires", image, 64, 64);
}

void upscale(const demo_model& files) {
    sdcpp_upscaler_params params{};
    params.size = sizeof params;
    params.n_threads = 1;
    params.model_path = files.upscaler();
    sdcpp_upscaler* upscaler = nullptr;
    outcome o;
    o.code = sdcpp_upscaler_create(&params, nullptr, &upscaler, &o.error);
    check(o.code == SDCPP_OK && sdcpp_upscaler_factor(upscaler) == 2, "the upscaler loads, and doubles" + o.text());
    std::vector<uint8_t> input(size_t{24} * 20 * 3);
    for (size_t i = 0; i < input.size(); ++i) {
        input[i] = static_cast<uint8_t>(i * 7);
    }
    const sdcpp_image from{24, 20, 3, 0, input.data()};
    request image(48, 40);
    image.arm();
    o.code = sdcpp_upscale(upscaler, &from, nullptr, &image.result, &o.error);
    check(o.code == SDCPP_OK, "an image is upscaled" + o.text());
    keep_image("upscaled", image, 48, 40);
    sdcpp_upscaler_free(upscaler);
}

// What is known to end the process or never to come back, when it reaches an engine.
struct deadly_case {
    const char* what;
    void (*spoil)(sdcpp_image_params&);
    options given;
};

const deadly_case deadly_cases[] = {
    {"no width", [](sdcpp_image_params& p) { p.width = 0; }, {}},
    {"a negative height", [](sdcpp_image_params& p) { p.height = -1; }, {}},
    {"sides that overflow", [](sdcpp_image_params& p) { p.width = p.height = INT32_MAX; }, {}},
    {"a side that overflows on the grid", [](sdcpp_image_params& p) { p.width = 2147483640; }, {}},
    {"no steps", [](sdcpp_image_params& p) { p.steps = 0; }, {}},
    {"negative steps", [](sdcpp_image_params& p) { p.steps = -1; }, {}},
    {"ten million steps", [](sdcpp_image_params& p) { p.steps = 10000000; }, {}},
    {"a sampler that is none", [](sdcpp_image_params& p) { p.sampler = "-1"; }, {}},
    {"gits with one step", [](sdcpp_image_params& p) { p.scheduler = "gits"; p.steps = 1; }, {}},
    {"guidance that is no number", [](sdcpp_image_params& p) { p.cfg_scale = 0.0F / 0.0F; }, {}},
    {"no images", [](sdcpp_image_params& p) { p.batch_count = 0; }, {}},
    {"tiles and joined edges", [](sdcpp_image_params&) {}, {{"vae_tiling_params.enabled", "true"}, {"circular_x", "true"}}},
    {"a hires scale of 1000", [](sdcpp_image_params&) {}, {{"hires.enabled", "true"}, {"hires.scale", "1000"}}},
    {"a step mask of words", [](sdcpp_image_params&) {}, {{"cache.mode", "dbcache"}, {"cache.scm_mask", "1,x"}}},
    {"-1 derivatives", [](sdcpp_image_params&) {}, {{"cache.mode", "taylorseer"}, {"cache.taylorseer_n_derivatives", "-1"}}},
    {"a polynomial of degree -3", [](sdcpp_image_params&) {}, {{"cache.mode", "spectrum"}, {"cache.spectrum_m", "-3"}}},
    {"a LoRA that is not there", [](sdcpp_image_params& p) {
         static const sdcpp_lora lora = {"no/such/lora.safetensors", 1, 0};
         p.loras = &lora;
         p.lora_count = 1;
     }, {}},
};

} // namespace

void test_images(const demo_model& files, const loaded_demo& demo) {
    for (const image_case& c : image_cases) {
        generate(c, demo);
    }
    generate_hires(demo);
    upscale(files);
}

void test_what_ends_it(const loaded_demo& demo) {
    request before(32, 32);
    before.generate(demo.context);
    for (const deadly_case& c : deadly_cases) {
        request image(64, 64);
        c.spoil(image.params);
        image.params.options = c.given.data();
        image.params.option_count = c.given.size();
        const outcome refused = image.generate(demo.context);
        check(refused.code == SDCPP_INVALID_ARGUMENT || refused.code == SDCPP_NOT_SUPPORTED, std::string(c.what) + " is refused" + refused.text());
    }
    request after(32, 32);
    const outcome generated = after.generate(demo.context);
    check(generated.code == SDCPP_OK && hash_of(after) == hash_of(before), "and the model generates as before" + generated.text());
}
