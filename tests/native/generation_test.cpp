// Models, images, reports, cancelling and the exception wall, tried with the stand-in engine, whose every pixel is known.
#include "bridge_test.hpp"

#include <condition_variable>
#include <mutex>
#include <thread>

namespace {

// A context of the stand-in engine, freed with its owner.
struct model {
    temporary_file file{"generation_model.bin", "a model"};
    sdcpp_context* context = nullptr;

    explicit model(const options& more = {}) {
        options all{{"diffusion_model_path", file.path()}};
        all.insert(all.end(), more.begin(), more.end());
        expect(create(all, &context), SDCPP_OK, "", "a model loads");
    }
    ~model() { sdcpp_context_free(context); }
    model(const model&) = delete;
    model& operator=(const model&) = delete;
};

outcome img2img(sdcpp_context* context, request& q, const sdcpp_image& init, const sdcpp_image* mask, float strength) {
    outcome o;
    q.arm();
    o.code = sdcpp_img2img(context, &q.params, &init, mask, strength, nullptr, &q.result, &o.error);
    return o;
}

// The stand-in's image of `seed`, `left` and `top` pixels cut off.
bool is_gradient(const request& q, size_t image, int64_t seed, uint32_t left, uint32_t top) {
    for (uint32_t y = 0; y < static_cast<uint32_t>(q.params.height); ++y) {
        for (uint32_t x = 0; x < static_cast<uint32_t>(q.params.width); ++x) {
            const uint8_t* p = q.at(image, x, y);
            if (p[0] != static_cast<uint8_t>(x + left + seed) || p[1] != static_cast<uint8_t>(y + top + seed) || p[2] != static_cast<uint8_t>(seed)) {
                return false;
            }
        }
    }
    return true;
}

struct sink_record {
    std::vector<std::string> lines;
    static void add(int32_t level, const char* text, void* user) { static_cast<sink_record*>(user)->lines.push_back(std::to_string(level) + text); }
};

} // namespace

void test_contexts() {
    const temporary_file file("contexts_model.bin", "a model");
    const temporary_file odd("contexts_odd.bin", "refuse me");
    const temporary_file unicode("contexts_\xC3\xBC\xE7\x8C\xAB.bin", "a model");
    recorder r;
    sdcpp_context* context = nullptr;
    const options list{{"diffusion_model_path", file.path()}, {"wtype", "q8_0"}, {"vae_format", "wan"}, {"flash_attn", "true"}, {"tokenizer", "qwen"},
                       {"audio_encoder_path", file.path()}, {"disable_prefetch", "true"}, {"linear_scale", "0.5"}, {"tensor_type_rules", "^vae\\.=f16,x=q8_0"}};
    expect(create(list, &context, &r.call, 0), SDCPP_OK, "", "a model loads with options that only the linked engine has");
    CHECK(r.said(("n_threads=" + std::to_string(sdcpp_available_threads()) + " wtype=8 vae_format=3 eager_load=1 flash_attn=1 tokenizer=qwen audio_encoder_path=contexts_model.bin disable_prefetch=1").c_str()), "  ... and each arrives");
    CHECK(r.said("linear_scale=0.5") && r.said("tensor_type_rules=^vae\\.=f16,x=q8_0"), "  ... numbers and rules too");
    CHECK(r.progress.size() == 4 && r.progress[0].steps == 0 && r.progress[3].step == 3 && r.progress[3].steps == 3, "loading reports its tensors");
    for (const auto& p : r.progress) {
        CHECK(p.phase == SDCPP_PHASE_LOAD && p.size == sizeof p, "  ... in the phase LOAD");
    }
    sdcpp_context_info info{};
    info.size = sizeof info;
    outcome o;
    o.code = sdcpp_context_get_info(context, &info, &o.error);
    expect(o, SDCPP_OK, "", "context_get_info");
    CHECK(std::strcmp(info.family, "Stand-in") == 0 && std::strcmp(info.default_sampler, "euler_a") == 0 && std::strcmp(info.default_scheduler, "karras") == 0,
          "  ... tells family, sampler and scheduler");
    o.code = sdcpp_context_get_info(context, nullptr, &o.error);
    expect(o, SDCPP_INVALID_ARGUMENT, "info is null", "context_get_info without a struct");
    sdcpp_context_free(context);

    for (const char* name : {"stream_layers", "vae_auto_cpu_fallback"}) {
        expect(create({{name, "true"}}, &context), SDCPP_NOT_SUPPORTED, name, std::string(name) + ", which this engine lacks, is refused by name");
    }
    expect(create({{"diffusion_model_path", odd.path()}}, &context), SDCPP_MODEL_LOAD_FAILED,
           "cannot load this model: init model loader from file failed: 'contexts_odd.bin'; the file looks odd", "a model that the engine refuses: its words are in the message");
    CHECK(context == nullptr, "  ... and there is no context");
    expect(create({}, &context), SDCPP_MODEL_LOAD_FAILED, "no model was given", "no model file at all");
    expect(create({{"model_path", unicode.path()}}, &context), SDCPP_OK, "", "a path with an umlaut and a cat");
    sdcpp_context_free(context);
    sdcpp_engine_params backend{};
    backend.size = sizeof backend;
    backend.backend_path = "no/such/plug-in";
    o.code = sdcpp_engine_load(&backend, &o.error);
    expect(o, SDCPP_OK, "", "a second load does not even look at the plug-in");
}

void test_images() {
    model m;
    request q;
    expect(q.generate(m.context), SDCPP_OK, "", "64x64 is generated");
    CHECK(q.result.image_count == 1 && is_gradient(q, 0, 7, 0, 0), "  ... pixel for pixel");
    request off(100, 60);
    expect(off.generate(m.context), SDCPP_OK, "", "100x60 is generated");
    CHECK(is_gradient(off, 0, 7, 2, 2), "  ... as the middle of 104x64");
    request small(1, 1);
    expect(small.generate(m.context), SDCPP_OK, "", "1x1 is generated");
    CHECK(is_gradient(small, 0, 7, 3, 3), "  ... as the middle of 8x8");
    request batch(16, 16, 3);
    expect(batch.generate(m.context), SDCPP_OK, "", "a batch of 3 is generated");
    CHECK(batch.result.image_count == 3 && is_gradient(batch, 0, 7, 0, 0) && is_gradient(batch, 1, 8, 0, 0) && is_gradient(batch, 2, 9, 0, 0), "  ... image i with seed + i");
    request roomy;
    roomy.result.image_bytes += 100;
    roomy.pixels[0].resize(roomy.result.image_bytes, 0xCD);
    roomy.buffers[0] = roomy.pixels[0].data();
    expect(roomy.generate(m.context), SDCPP_OK, "", "a buffer that is larger than needed");
    CHECK(is_gradient(roomy, 0, 7, 0, 0) && roomy.pixels[0][64 * 64 * 3] == 0xCD, "  ... is filled as far as the image goes");

    recorder r;
    const temporary_file lora("images_lora.bin", "a lora");
    const sdcpp_lora loras[] = {{lora.path(), 0.5f, 0}, {lora.path(), -1, 0}};
    const sdcpp_option more[] = {{"sample_params.eta", "0.25"}, {"vae_tiling_params.tile_size_x", "32"}};
    q.params.sampler = "lcm";
    q.params.clip_skip = 2;
    q.params.cfg_scale = 2.5f;
    q.params.negative_prompt = "rain";
    q.params.loras = loras;
    q.params.lora_count = 2;
    q.params.options = more;
    q.params.option_count = 2;
    expect(q.generate(m.context, &r.call), SDCPP_OK, "", "a request with everything");
    CHECK(r.said("generate_image 64x64 sampler=lcm scheduler=simple clip_skip=2 cfg=2.500000 eta=0.250000 tile_size_x=32 loras=2 negative=rain"), "  ... arrives whole");
    q.params.scheduler = "discrete";
    expect(q.generate(m.context, &r.call), SDCPP_OK, "", "a scheduler by name");
    CHECK(r.said("scheduler=discrete"), "  ... goes before the sampler's own");

    request from(12, 9);
    std::vector<uint8_t> before(12 * 9 * 3), only_left(12 * 9);
    for (size_t i = 0; i < before.size(); ++i) {
        before[i] = static_cast<uint8_t>(i * 7);
    }
    for (size_t i = 0; i < only_left.size(); ++i) {
        only_left[i] = i % 12 < 6 ? 255 : 0;
    }
    const sdcpp_image init{12, 9, 3, 0, before.data()};
    const sdcpp_image mask{12, 9, 1, 0, only_left.data()};
    expect(img2img(m.context, from, init, nullptr, 0), SDCPP_OK, "", "img2img of 12x9 with strength 0");
    CHECK(from.pixels[0] == before, "  ... gives the first image back, pixel for pixel");
    expect(img2img(m.context, from, init, nullptr, 1), SDCPP_OK, "", "img2img with strength 1");
    CHECK(is_gradient(from, 0, 7, 2, 3), "  ... gives a new image");
    expect(img2img(m.context, from, init, &mask, 1), SDCPP_OK, "", "img2img with a mask");
    CHECK(from.at(0, 5, 4)[2] == 7 && std::memcmp(from.at(0, 6, 4), &before[(4 * 12 + 6) * 3], 3) == 0, "  ... generates where it is white and keeps where it is black");
}

void test_calls() {
    model m;
    recorder r;
    request q(16, 16, 2);
    r.call.tag = "a tag";
    sink_record sink;
    sdcpp_set_log_sink(sink_record::add, &sink);
    expect(q.generate(m.context, &r.call), SDCPP_OK, "", "two images with reports");
    std::string story;
    for (const auto& p : r.progress) {
        story += std::to_string(p.phase) + ":" + std::to_string(p.image_index) + ":" + std::to_string(p.step) + "/" + std::to_string(p.steps) + " ";
        CHECK(p.image_count == 2 && (p.step == 0 || p.seconds_per_step == 0.25f), "each report knows the batch and its step time");
    }
    CHECK(story == "1:0:0/0 2:0:0/0 2:0:1/3 2:0:2/3 2:0:3/3 2:1:0/0 2:1:1/3 2:1:2/3 2:1:3/3 3:0:0/0 3:1:0/0 ",
          "encode, sample image by image without the late weights, decode (" + story + ")");
    CHECK(r.said("generating image: 2/2 - seed 8") && !r.lines.empty() && r.lines[0].text.find('\n') == std::string::npos, "the call's log has the engine's lines, one each");
    CHECK(sink.lines.empty(), "lines of a call do not go to the process-wide sink");
    sdcpp_context* other = nullptr;
    expect(create({{"model_path", m.file.path()}}, &other), SDCPP_OK, "", "a second model");
    sdcpp_context_free(other);
    CHECK(sink.lines.size() == 1 && sink.lines[0] == "0stable-diffusion.cpp:1234 - model freed", "a line that belongs to no call goes to the sink, without its end of line");
    sdcpp_set_log_sink(nullptr, nullptr);
    expect(create({{"model_path", m.file.path()}}, &other), SDCPP_OK, "", "and a third one");
    sdcpp_context_free(other);
    CHECK(sink.lines.size() == 1, "a sink that was taken back hears nothing");

    for (const bool with_log : {false, true}) {
        recorder half;
        (with_log ? reinterpret_cast<void*&>(half.call.progress) : reinterpret_cast<void*&>(half.call.log)) = nullptr;
        expect(q.generate(m.context, &half.call), SDCPP_OK, "", with_log ? "a call with a log alone" : "a call with progress alone");
        CHECK(half.lines.empty() != with_log && half.progress.empty() == with_log, "  ... uses that one alone");
    }
    struct {
        sdcpp_call call;
        char newer_fields[32];
    } wide{};
    std::memset(&wide, 0x5A, sizeof wide);
    recorder newer;
    wide.call = newer.call;
    wide.call.size = sizeof wide;
    expect(q.generate(m.context, &wide.call), SDCPP_OK, "", "a call struct that is newer than the library");
    CHECK(!newer.silent(), "  ... works");
    struct {
        sdcpp_image_params params;
        char newer_fields[32];
    } wide_params{q.params, {}};
    wide_params.params.size = sizeof wide_params;
    outcome o;
    q.arm();
    o.code = sdcpp_txt2img(m.context, &wide_params.params, nullptr, &q.result, &o.error);
    expect(o, SDCPP_OK, "", "a request struct that is newer than the library");
    recorder sizeless;
    sizeless.call.size = 0;
    const outcome without_size = q.generate(m.context, &sizeless.call);
    CHECK(without_size.is(SDCPP_INVALID_ARGUMENT, "call->size") && sizeless.silent(), "a call struct without its size is refused, not ignored" + without_size.text());

    // A second call on the same model, from within the first one's callback and from another thread.
    recorder first;
    outcome inner, outer;
    first.on_progress = [&](const sdcpp_progress& p) {
        if (p.phase == SDCPP_PHASE_SAMPLE && p.step == 1 && p.image_index == 0) {
            request second;
            inner = second.generate(m.context);
            std::thread([&] { request third; outer = third.generate(m.context); }).join();
        }
    };
    expect(q.generate(m.context, &first.call), SDCPP_OK, "", "a call is not disturbed");
    expect(inner, SDCPP_BUSY, "another call is running", "  ... by one from its own callback, which is told that the model is busy");
    expect(outer, SDCPP_BUSY, "another call is running", "  ... nor by one from another thread");
    // Two models at once, one inside the other: the lines go to their own calls.
    model n;
    recorder around, within;
    request a, b;
    b.params.seed = 1000;
    around.on_progress = [&](const sdcpp_progress& p) {
        if (p.phase == SDCPP_PHASE_SAMPLE && p.step == 1) {
            expect(b.generate(n.context, &within.call), SDCPP_OK, "", "a call on another model inside a callback");
        }
    };
    expect(a.generate(m.context, &around.call), SDCPP_OK, "", "  ... and the call around it goes on");
    CHECK(within.said("seed 1000") && !around.said("seed 1000") && around.said("decoding 1 latent") && !around.said("seed 1000"), "  ... each with its own lines");
}

void test_cancel() {
    model m;
    const auto cancel_at = [&](int32_t image, int32_t step, int32_t mode, request& q, recorder& r) {
        r.on_progress = [&, image, step, mode](const sdcpp_progress& p) {
            if (p.phase == SDCPP_PHASE_SAMPLE && p.image_index == image && p.step == step) {
                sdcpp_cancel(m.context, mode);
            }
        };
        const outcome o = q.generate(m.context, &r.call);
        sdcpp_cancel(m.context, SDCPP_CANCEL_NONE);
        return o;
    };
    {
        request q(16, 16, 3);
        recorder r;
        expect(cancel_at(1, 2, SDCPP_CANCEL_NOW, q, r), SDCPP_CANCELLED, "cancelled", "cancel now, in the second image");
        CHECK(q.result.image_count == 0 && q.pixels[0][0] == 0xAB && r.progress.back().image_index == 1 && r.progress.back().step == 2, "  ... stops at that step and delivers nothing");
    }
    {
        request q(16, 16, 3);
        recorder r;
        expect(cancel_at(1, 1, SDCPP_CANCEL_AFTER_IMAGE, q, r), SDCPP_OK, "", "cancel after the image, in the second of three");
        CHECK(q.result.image_count == 2 && is_gradient(q, 1, 8, 0, 0) && q.pixels[2][0] == 0xAB, "  ... delivers two");
    }
    {
        request q(16, 16, 2);
        sdcpp_cancel(m.context, SDCPP_CANCEL_NOW);
        recorder r;
        expect(q.generate(m.context, &r.call), SDCPP_CANCELLED, "cancelled", "a cancel before the call");
        CHECK(r.silent(), "  ... stops it before the engine sees it");
        expect(q.generate(m.context), SDCPP_CANCELLED, "cancelled", "  ... and it stays asked");
        sdcpp_cancel(m.context, SDCPP_CANCEL_NONE);
        expect(q.generate(m.context), SDCPP_OK, "", "  ... until it is taken back");
        sdcpp_cancel(m.context, SDCPP_CANCEL_AFTER_IMAGE);
        const outcome o = q.generate(m.context);
        CHECK((o.code == SDCPP_OK && q.result.image_count < 2) || o.code == SDCPP_CANCELLED, "a cancel after the image that comes before the call ends it early" + o.text());
        sdcpp_cancel(m.context, SDCPP_CANCEL_NONE);
        sdcpp_cancel(m.context, 3);
        sdcpp_cancel(m.context, -1);
        expect(q.generate(m.context), SDCPP_OK, "", "a cancel of an unknown kind does nothing");
    }
    {
        // In the first report of a call, before the engine has begun and forgotten what was asked of it.
        request q;
        recorder r;
        r.on_progress = [&](const sdcpp_progress& p) { p.phase == SDCPP_PHASE_ENCODE ? sdcpp_cancel(m.context, SDCPP_CANCEL_NOW) : void(); };
        expect(q.generate(m.context, &r.call), SDCPP_CANCELLED, "cancelled", "a cancel in a call's first report");
        CHECK(r.progress.back().step == 0, "  ... stops it before the first step");
        sdcpp_cancel(m.context, SDCPP_CANCEL_NONE);
    }
    {
        std::mutex mutex;
        std::condition_variable changed;
        bool sampling = false, cancelled = false;
        request q;
        recorder r;
        r.on_progress = [&](const sdcpp_progress& p) {
            if (p.phase == SDCPP_PHASE_SAMPLE && p.step == 1) {
                std::unique_lock<std::mutex> lock(mutex);
                sampling = true;
                changed.notify_all();
                changed.wait(lock, [&] { return cancelled; });
            }
        };
        std::thread canceller([&] {
            std::unique_lock<std::mutex> lock(mutex);
            changed.wait(lock, [&] { return sampling; });
            sdcpp_cancel(m.context, SDCPP_CANCEL_NOW);
            cancelled = true;
            changed.notify_all();
        });
        expect(q.generate(m.context, &r.call), SDCPP_CANCELLED, "cancelled", "a cancel from another thread");
        canceller.join();
        CHECK(r.progress.back().step == 1, "  ... stops at that step");
        sdcpp_cancel(m.context, SDCPP_CANCEL_NONE);
        expect(q.generate(m.context), SDCPP_OK, "", "the next call works");
    }
}

void test_wall() {
    model m;
    request big(4096, 8);
    expect(big.generate(m.context), SDCPP_OUT_OF_MEMORY, "out of memory", "std::bad_alloc inside the engine");
    CHECK(big.result.image_count == 0, "  ... delivers nothing");
    request q;
    for (const auto& [prompt, code, part] :
         {std::tuple{"throw text", SDCPP_INTERNAL, "the stand-in threw"}, std::tuple{"throw a number", SDCPP_INTERNAL, "exception of its own"},
          std::tuple{"fail", SDCPP_GENERATION_FAILED, "finished no image: the stand-in was told to fail"}, std::tuple{"generate nothing", SDCPP_GENERATION_FAILED, "no image; the engine gave no reason"},
          std::tuple{"warn much and fail", SDCPP_OUT_OF_MEMORY, "finished no image: failed to allocate the compute buffer; warning number 3"},
          std::tuple{"fail in a thread", SDCPP_GENERATION_FAILED, "read tensor data failed: 'a file'; and another line"}}) {
        q.params.prompt = prompt;
        expect(q.generate(m.context), code, part, prompt);
        CHECK(q.result.image_count == 0, "  ... delivers nothing");
        q.params.prompt = "a fox";
        expect(q.generate(m.context), SDCPP_OK, "", "  ... and the next call works");
    }
    CHECK(is_gradient(q, 0, 7, 0, 0), "  ... pixel for pixel");
    q.params.steps = 0;
    outcome refused;
    refused.code = q.generate(m.context).code;
    refused = q.generate(m.context);
    CHECK(std::strcmp(refused.error.option, "steps") == 0, "a refusal names the value");
    q.params.steps = 1;
    uint32_t width = 0;
    uint32_t height = 0;
    CHECK(sdcpp_result_size(&q.params, &width, &height, nullptr) == SDCPP_OK && width == static_cast<uint32_t>(q.params.width), "the size of a result is told before");
    sdcpp_limit limit{};
    limit.size = sizeof limit;
    int limits = 0;
    bool in_order = true;
    while (sdcpp_limit_at(limits, &limit, nullptr) == SDCPP_OK) {
        in_order = in_order && limit.name != nullptr && limit.low <= limit.high;
        ++limits;
    }
    CHECK(limits > 30 && in_order, "every limit has a name and a range");
}

void test_sink() {
    static int heard;
    heard = 0;
    sdcpp_set_log_sink([](int32_t, const char*, void*) {
        ++heard;
        sdcpp_set_log_sink(nullptr, nullptr);
    }, nullptr);
    { model m; }
    { model m; }
    request q;
    model m;
    q.params.prompt = "fail in a thread";
    q.generate(m.context);
    q.generate(m.context);
    CHECK(heard <= 1, "a sink may replace itself");
}

void test_upscaler() {
    const temporary_file file("upscaler_model.bin", "an upscaler");
    const temporary_file odd("upscaler_odd.bin", "refuse me");
    sdcpp_upscaler_params params{};
    params.size = sizeof params;
    params.model_path = odd.path();
    sdcpp_upscaler* upscaler = nullptr;
    outcome o;
    o.code = sdcpp_upscaler_create(&params, nullptr, &upscaler, &o.error);
    expect(o, SDCPP_MODEL_LOAD_FAILED, "cannot load this upscaler: load ESRGAN model from file failed", "an upscaler that the engine refuses");
    params.model_path = file.path();
    params.tile_size = 64;
    o.code = sdcpp_upscaler_create(&params, nullptr, &upscaler, &o.error);
    expect(o, SDCPP_OK, "", "an upscaler loads");
    CHECK(sdcpp_upscaler_factor(upscaler) == 2, "  ... and doubles");
    request q(10, 6);
    std::vector<uint8_t> small(5 * 3 * 3);
    for (size_t i = 0; i < small.size(); ++i) {
        small[i] = static_cast<uint8_t>(i * 5);
    }
    const sdcpp_image input{5, 3, 3, 0, small.data()};
    recorder r;
    o.code = sdcpp_upscale(upscaler, &input, &r.call, &q.result, &o.error);
    expect(o, SDCPP_OK, "", "5x3 is upscaled");
    bool right = true;
    for (uint32_t y = 0; y < 6; ++y) {
        for (uint32_t x = 0; x < 10; ++x) {
            right = right && std::memcmp(q.at(0, x, y), &small[(y / 2 * 5 + x / 2) * 3], 3) == 0;
        }
    }
    CHECK(right && q.result.image_count == 1, "  ... to 10x6, pixel for pixel");
    CHECK(r.progress.size() == 3 && r.progress[2].phase == SDCPP_PHASE_UPSCALE && r.progress[2].step == 2 && r.progress[2].steps == 2 && r.said("upscaling from 5x3"), "  ... and reports its tiles");
    q.result.image_bytes -= 1;
    o.code = sdcpp_upscale(upscaler, &input, nullptr, &q.result, &o.error);
    expect(o, SDCPP_INVALID_ARGUMENT, "needed are 1 of 180", "a buffer that is too small");
    o.code = sdcpp_upscale(upscaler, &input, nullptr, nullptr, &o.error);
    expect(o, SDCPP_INVALID_ARGUMENT, "result is null", "upscale without a result");
    outcome inner;
    recorder busy;
    q.result.image_bytes += 1;
    busy.on_progress = [&](const sdcpp_progress& p) {
        if (p.step == 1) {
            request second(10, 6);
            inner.code = sdcpp_upscale(upscaler, &input, nullptr, &second.result, &inner.error);
        }
    };
    o.code = sdcpp_upscale(upscaler, &input, &busy.call, &q.result, &o.error);
    expect(o, SDCPP_OK, "", "upscaling once more");
    expect(inner, SDCPP_BUSY, "another call is running on this upscaler", "  ... while a second call is told that it is busy");
    sdcpp_upscaler_free(upscaler);
}
