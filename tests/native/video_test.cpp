// Videos with the stand-in engine: what reaches it, what comes back, and what is refused before.
#include "bridge_test.hpp"

#include <string>
#include <vector>

namespace {

struct video_request {
    sdcpp_video_params params{};
    sdcpp_video_result result{};
    std::vector<sdcpp_option> options;
    std::vector<sdcpp_named_image> images;
    std::vector<std::vector<uint8_t>> pixels;
    std::vector<uint8_t*> buffers;

    explicit video_request(int32_t frames = 5, int32_t width = 32, int32_t height = 16) {
        params.size = sizeof params;
        params.width = width;
        params.height = height;
        params.frames = frames;
        params.fps = 8;
        params.steps = 4;
        params.seed = 7;
        params.cfg_scale = 5;
        params.prompt = "a fox that runs";
        arm();
    }
    void arm() {
        pixels.assign(static_cast<size_t>(params.frames > 0 ? params.frames : 1), std::vector<uint8_t>(static_cast<size_t>(params.width) * params.height * 3, 0xAB));
        buffers.clear();
        for (auto& frame : pixels) {
            buffers.push_back(frame.data());
        }
        result.size = sizeof result;
        result.frames = buffers.data();
        result.frame_count = static_cast<uint32_t>(buffers.size());
        result.frame_bytes = pixels[0].size();
    }
    outcome generate(sdcpp_context* context, const sdcpp_call* call = nullptr) {
        outcome o;
        params.options = options.data();
        params.option_count = options.size();
        params.images = images.data();
        params.image_count = images.size();
        o.code = sdcpp_video(context, &params, call, &result, &o.error);
        return o;
    }
};

struct context_owner {
    sdcpp_context* context = nullptr;
    ~context_owner() { sdcpp_context_free(context); }
};

void test_frames() {
    const temporary_file wan("video_wan.bin", "Wan 2.1");
    context_owner owner;
    expect(create({{"diffusion_model_path", wan.path()}}, &owner.context), SDCPP_OK, "", "a model of Wan");
    sdcpp_context_info info{};
    info.size = sizeof info;
    sdcpp_context_get_info(owner.context, &info, nullptr);
    CHECK(info.makes_videos == 1 && info.makes_images == 0, "a model of Wan makes videos and no images");
    info.size = offsetof(sdcpp_context_info, makes_images);
    CHECK(sdcpp_context_get_info(owner.context, &info, nullptr) == SDCPP_OK, "a caller from before videos still gets its info");

    video_request q(5);
    recorder r;
    expect(q.generate(owner.context, &r.call), SDCPP_OK, "", "a video of 5 frames");
    CHECK(q.result.frame_count == 5 && q.result.fps == 8 && q.result.audio == nullptr, "  ... has 5 frames, its rate, and no sound");
    CHECK(q.pixels[0][0] == 7 && q.pixels[4][100] == 11, "  ... each frame at its place");
    CHECK(r.said("video 32x16 frames=5"), "  ... and reached the engine as it was");
    int last = -1;
    bool decodes = false;
    for (const sdcpp_progress& p : r.progress) {
        if (p.phase == SDCPP_PHASE_SAMPLE) {
            CHECK(p.step >= last && !decodes, "  ... whose steps never go back");
            last = p.step;
        }
        decodes = decodes || p.phase == SDCPP_PHASE_DECODE;
    }
    CHECK(last == 4 && decodes, "  ... which were sampled to the end, then decoded");

    video_request odd(6, 30, 17);
    recorder s;
    expect(odd.generate(owner.context, &s.call), SDCPP_OK, "", "a video of 6 frames of 30x17");
    CHECK(s.said("video 32x32 frames=9") && odd.result.frame_count == 6 && odd.pixels[5][30 * 17 * 3 - 1] == 12, "  ... is generated larger and cut");
}

void test_pair() {
    const temporary_file wan("video_wan.bin", "Wan 2.2"), high("video_high.bin", "Wan 2.2");
    context_owner owner;
    expect(create({{"diffusion_model_path", wan.path()}, {"high_noise_diffusion_model_path", high.path()}}, &owner.context), SDCPP_OK, "", "a pair");
    for (const char* prompt : {"a fox", "lose a line"}) {
        video_request q;
        q.params.prompt = prompt;
        q.options = {{"high_noise_sample_params.sample_steps", "3"}, {"high_noise_sample_params.guidance.txt_cfg", "2.5"}, {"moe_boundary", "0.5"}};
        recorder r;
        expect(q.generate(owner.context, &r.call), SDCPP_OK, "", "a video by two models");
        CHECK(r.said("high_steps=3 high_cfg=2.5") && r.said("boundary=0.5"), "  ... what is said of the high-noise model reaches it");
        CHECK(r.said("high_sampler=euler_a"), "  ... and the rest is as for the other");
        std::string steps;
        for (const sdcpp_progress& p : r.progress) {
            steps += p.phase == SDCPP_PHASE_SAMPLE && p.step > 0 ? std::to_string(p.step) + "/" + std::to_string(p.steps) + " " : "";
        }
        CHECK(steps == "1/7 2/7 3/7 4/7 5/7 6/7 7/7 ", "  ... the steps of both are one row: " + steps);
    }
    video_request shared;
    recorder r;
    expect(shared.generate(owner.context, &r.call), SDCPP_OK, "", "a video by two models that share the steps");
    CHECK(r.said("high_steps=-1 high_cfg=5"), "  ... by the boundary");
    const temporary_file ink("video_ink.safetensors", "a LoRA");
    video_request led;
    const sdcpp_lora both[] = {{ink.path(), 0.5f, 0}, {ink.path(), 0.75f, 1}};
    led.params.loras = both;
    led.params.lora_count = 2;
    recorder l;
    expect(led.generate(owner.context, &l.call), SDCPP_OK, "", "a video with a LoRA for each half");
    CHECK(l.said("video loras: low=0.500000 high=0.750000"), "  ... each of which reaches the engine with its half");
    video_request sigmas;
    sigmas.options = {{"sample_params.custom_sigmas", "1,0.5,0"}, {"high_noise_sample_params.sample_steps", "2"}};
    expect(sigmas.generate(owner.context), SDCPP_INVALID_ARGUMENT, "has only 2 steps for both", "more steps for one than the sigmas have for both");
}

void test_images_and_sound() {
    const temporary_file ltx("video_ltx.bin", "LTXAV"), wan("video_wan.bin", "Wan 2.1");
    context_owner sound, silent;
    create({{"diffusion_model_path", ltx.path()}}, &sound.context);
    create({{"diffusion_model_path", wan.path()}}, &silent.context);
    video_request q(9, 32, 32);
    const std::vector<uint8_t> start(32 * 32 * 3, 200), end(32 * 32 * 3, 100);
    q.images = {{"init_image", {32, 32, 3, 0, start.data()}}, {"end_image", {32, 32, 3, 0, end.data()}}};
    q.options = {{"strength", "0.25"}};
    recorder r;
    expect(q.generate(sound.context, &r.call), SDCPP_OK, "", "a video between two images");
    CHECK(q.pixels[0][5] == 200 && q.pixels[8][5] == 100 && r.said("strength=0.25"), "  ... begins and ends with them");
    CHECK(q.result.audio != nullptr && q.result.audio->sample_rate == 1000 && q.result.audio->channels == 2, "  ... and has a sound");
    CHECK(q.result.audio != nullptr && q.result.audio->sample_count == 1125 && q.result.audio->samples[3] == 0.3f, "  ... as long as its frames");
    sdcpp_audio_free(q.result.audio);
    sdcpp_audio_free(nullptr);

    video_request cut(3, 32, 32);
    expect(cut.generate(sound.context), SDCPP_OK, "", "3 frames where 9 are made");
    CHECK(cut.result.audio != nullptr && cut.result.audio->sample_count == 375, "  ... have a sound of 3 frames");
    sdcpp_audio_free(cut.result.audio);

    video_request led(5);
    const std::vector<uint8_t> grey(32 * 16 * 3, 90);
    led.images = {{"control_frames", {32, 16, 3, 0, start.data()}}, {"control_frames", {32, 16, 3, 0, grey.data()}}};
    led.options = {{"vace_strength", "0.5"}};
    recorder l;
    expect(led.generate(silent.context, &l.call), SDCPP_OK, "", "a video that follows two frames");
    CHECK(l.said("vace=0.5") && l.said("control_frames=2 last_control=32x16:90"), "  ... which reach the engine in their order");
    expect((led.params.frames = 1, led.generate(silent.context)), SDCPP_INVALID_ARGUMENT, "more than the frames of the video, 1", "more control frames than frames");
    led.params.frames = 9;
    led.arm();
    expect(led.generate(sound.context), SDCPP_NOT_SUPPORTED, "follows none; Wan VACE does", "control frames for LTX");
}

void test_refusals() {
    const temporary_file wan("video_wan.bin", "Wan 2.1"), other("video_other.bin", "a model");
    context_owner video, image;
    create({{"diffusion_model_path", wan.path()}}, &video.context);
    create({{"diffusion_model_path", other.path()}}, &image.context);
    const auto refuse = [&](void (*spoil)(video_request&), int32_t code, const char* part, const char* what) {
        video_request q;
        spoil(q);
        recorder r;
        expect(q.generate(video.context, &r.call), code, part, std::string("a video with ") + what);
        CHECK(r.silent(), "  ... and nothing reached the engine");
    };
    refuse([](video_request& q) { q.params.frames = 0; }, SDCPP_INVALID_ARGUMENT, "frames is 0; allowed is 1 to 1025", "no frames");
    refuse([](video_request& q) { q.params.frames = 1026; }, SDCPP_INVALID_ARGUMENT, "frames is 1026", "1026 frames");
    refuse([](video_request& q) { q.params.fps = 0; }, SDCPP_INVALID_ARGUMENT, "fps is 0; allowed is 1 to 240", "no rate");
    refuse([](video_request& q) { q.params.fps = -1; }, SDCPP_INVALID_ARGUMENT, "fps is -1", "a negative rate");
    refuse([](video_request& q) { q.params.width = 0; }, SDCPP_INVALID_ARGUMENT, "width is 0", "no width");
    refuse([](video_request& q) { q.params.width = q.params.height = 4096; q.params.frames = 33; }, SDCPP_INVALID_ARGUMENT, "width x height x frames is 553648128", "more pixels than there is room for");
    refuse([](video_request& q) { q.params.steps = 0; }, SDCPP_INVALID_ARGUMENT, "steps is 0", "no steps");
    refuse([](video_request& q) { q.params.seed = -1; }, SDCPP_INVALID_ARGUMENT, "seed is -1", "a negative seed");
    refuse([](video_request& q) { q.params.sampler = "dice"; }, SDCPP_INVALID_ARGUMENT, "sampler 'dice'", "an unknown sampler");
    refuse([](video_request& q) { q.options = {{"moe_boundary", "1.5"}}; }, SDCPP_INVALID_ARGUMENT, "a number from 0 to 1", "a boundary of 1.5");
    refuse([](video_request& q) { q.options = {{"vace_strength", "nan"}}; }, SDCPP_INVALID_ARGUMENT, "vace_strength", "a strength that is no number");
    refuse([](video_request& q) { q.options = {{"hires.enabled", "true"}}; }, SDCPP_NOT_SUPPORTED, "hires.enabled", "a second pass");
    refuse([](video_request& q) { q.options = {{"high_noise_sample_params.sample_steps", "2"}}; }, SDCPP_INVALID_ARGUMENT, "high_noise_diffusion_model_path", "steps for a model that is not there");
    refuse([](video_request& q) { q.options = {{"vae_tiling_params.enabled", "true"}, {"circular_x", "true"}}; }, SDCPP_INVALID_ARGUMENT, "joined edges in tiles", "joined edges in tiles");
    refuse([](video_request& q) { q.options = {{"cache.scm_mask", "1,x"}}; }, SDCPP_INVALID_ARGUMENT, "cache.scm_mask", "a mask of steps that is none");
    refuse([](video_request& q) { q.images = {{"init_image", {16, 16, 3, 0, q.pixels[0].data()}}}; }, SDCPP_INVALID_ARGUMENT, "init_image is 16x16; it must have the size of the result, 32x16", "a first frame of another size");
    refuse([](video_request& q) { q.images = {{"end_image", {32, 16, 1, 0, q.pixels[0].data()}}}; }, SDCPP_INVALID_ARGUMENT, "end_image channels is 1", "a grey last frame");
    refuse([](video_request& q) { q.images = {{"init_image", {32, 16, 3, 0, nullptr}}}; }, SDCPP_INVALID_ARGUMENT, "init_image has no pixels", "a first frame without pixels");
    refuse([](video_request& q) { q.images = {{"ref_images", {32, 16, 3, 0, q.pixels[0].data()}}}; }, SDCPP_NOT_SUPPORTED, "ref_images is not supported", "a reference image");
    refuse([](video_request& q) { q.params.frames = 6; q.arm(); q.images = {{"end_image", {32, 16, 3, 0, q.pixels[0].data()}}}; }, SDCPP_INVALID_ARGUMENT, "makes 5 or 9", "a last frame that would be cut off");
    refuse([](video_request& q) { q.result.frame_count = 4; }, SDCPP_INVALID_ARGUMENT, "result has 4 buffers", "too few buffers");
    refuse([](video_request& q) { q.buffers[2] = nullptr; }, SDCPP_INVALID_ARGUMENT, "result->frames[2] is null", "a buffer that is null");

    video_request q;
    expect(q.generate(image.context), SDCPP_NOT_SUPPORTED, "'Stand-in' makes no videos", "a video by a model of images");
    request still(32, 16);
    expect(still.generate(video.context), SDCPP_NOT_SUPPORTED, "makes videos and no images", "an image by a model of videos");
    expect(q.generate(nullptr), SDCPP_INVALID_ARGUMENT, "context is null", "a video without a model");
    outcome o;
    o.code = sdcpp_video(video.context, nullptr, nullptr, &q.result, &o.error);
    expect(o, SDCPP_INVALID_ARGUMENT, "params is null", "a video without params");
    o.code = sdcpp_video(video.context, &q.params, nullptr, nullptr, &o.error);
    expect(o, SDCPP_INVALID_ARGUMENT, "result is null", "a video without a place for it");
    q.params.size = 8;
    o.code = sdcpp_video_check(&q.params, &o.error);
    expect(o, SDCPP_INVALID_ARGUMENT, "params->size", "params of no version");
}

void test_ends() {
    const temporary_file wan("video_wan.bin", "Wan 2.1");
    context_owner owner;
    create({{"diffusion_model_path", wan.path()}}, &owner.context);
    const auto ends = [&](const char* prompt, int32_t code, const char* part) {
        video_request q;
        q.params.prompt = prompt;
        expect(q.generate(owner.context), code, part, std::string("a video of '") + prompt + "'");
    };
    ends("fail", SDCPP_GENERATION_FAILED, "the stand-in was told to fail");
    ends("too few", SDCPP_GENERATION_FAILED, "fewer frames than it was asked for");
    ends("throw text", SDCPP_INTERNAL, "");
    ends("a fox", SDCPP_OK, "");
    video_request q;
    recorder r;
    r.on_progress = [&](const sdcpp_progress& p) {
        if (p.phase == SDCPP_PHASE_SAMPLE && p.step == 2) {
            sdcpp_cancel(owner.context, SDCPP_CANCEL_NOW);
        }
    };
    expect(q.generate(owner.context, &r.call), SDCPP_CANCELLED, "", "a video that is cancelled while it is sampled");
    sdcpp_cancel(owner.context, SDCPP_CANCEL_NONE);
    r.on_progress = [&](const sdcpp_progress& p) {
        if (p.phase == SDCPP_PHASE_DECODE) {
            sdcpp_cancel(owner.context, SDCPP_CANCEL_NOW);
        }
    };
    q.arm();
    expect(q.generate(owner.context, &r.call), SDCPP_CANCELLED, "", "a video that is cancelled while it is decoded");
    CHECK(q.result.frame_count == 0 && q.result.audio == nullptr, "  ... delivers nothing");
    sdcpp_cancel(owner.context, SDCPP_CANCEL_NONE);
    q.arm();
    r.on_progress = nullptr;
    expect(q.generate(owner.context, &r.call), SDCPP_OK, "", "the next one");
}

} // namespace

void test_videos() {
    test_frames();
    test_pair();
    test_images_and_sound();
    test_refusals();
    test_ends();
}
