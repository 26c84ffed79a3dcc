// What any engine build must do, whoever made it: run with the bridge of that build and the demo model. Beyond passes and failures it prints
// a hash for each image that it made, which a caller compares with those of the engine's version, and writes the images beside.
#include "contract_test.hpp"

#include "../../../native/engine/prebuilt/sha256.hpp"

#include <cstdio>
#include <fstream>
#include <set>

namespace {

int checks = 0;
int failures = 0;

} // namespace

bool with_standin = false;

void check(bool holds, const std::string& what) {
    ++checks;
    failures += holds ? 0 : 1;
    std::printf("%s %s\n", holds ? "ok     " : "FAILED ", what.c_str());
    std::fflush(stdout);
}

demo_model::demo_model(std::string folder) : folder_(std::move(folder)) {
    for (const char* file : {"demo-diffusion.gguf", "demo-text-encoder.gguf", "demo-taesd.gguf", "demo-upscaler-x2.gguf"}) {
        paths_.push_back(folder_ + "/" + file);
    }
}

options demo_model::files() const { return {{"diffusion_model_path", paths_[0].c_str()}, {"llm_path", paths_[1].c_str()}, {"taesd_path", paths_[2].c_str()}}; }

loaded_demo::loaded_demo(const demo_model& demo, const options& more, const sdcpp_call* call) {
    options all = demo.files();
    all.insert(all.end(), more.begin(), more.end());
    created = create(all, &context, call);
}

std::string hash_of(const request& generated) {
    std::string all;
    for (uint32_t i = 0; i < generated.result.image_count; ++i) {
        all.append(reinterpret_cast<const char*>(generated.pixels[i].data()), generated.pixels[i].size());
    }
    return sdcpp::sha256_hex(reinterpret_cast<const uint8_t*>(all.data()), all.size());
}

void keep_image(const std::string& name, const request& generated, int32_t width, int32_t height) {
    std::printf("image %s %s\n", name.c_str(), hash_of(generated).c_str());
    std::ofstream file(name + ".ppm", std::ios::binary);
    file << "P6 " << width << " " << height << " 255\n";
    file.write(reinterpret_cast<const char*>(generated.pixels[0].data()), static_cast<std::streamsize>(generated.pixels[0].size()));
}

namespace {

void test_names(const loaded_demo& demo) {
    for (const auto& [what, name_of] : {std::pair{"sampler", sdcpp_sampler_name}, std::pair{"scheduler", sdcpp_scheduler_name}}) {
        std::set<std::string> names;
        for (int i = 0; name_of(i) != nullptr; ++i) {
            const std::string name = name_of(i);
            check(names.insert(name).second, std::string(what) + " " + name + " is there once");
            request image(32, 32);
            (what[1] == 'a' ? image.params.sampler : image.params.scheduler) = name.c_str();
            const outcome generated = image.generate(demo.context);
            check(generated.code == SDCPP_OK || generated.is(SDCPP_NOT_SUPPORTED, "has no sigmas"), std::string(what) + " " + name + " generates, or is refused for this family" + generated.text());
        }
        check(names.size() > 10, std::string("there are ") + std::to_string(names.size()) + " of the kind " + what);
    }
    check(names_have("euler") && names_have("euler_a") && names_have("dpm++2m"), "the samplers that everybody knows are among them");
}

// Each phase, each step, and nothing that goes back.
void test_phases(const demo_model& demo) {
    recorder heard;
    const loaded_demo model(demo, {}, &heard.call);
    check(model.created.code == SDCPP_OK, "the demo model loads" + model.created.text());
    std::set<int32_t> phases;
    for (const auto& p : heard.progress) {
        phases.insert(p.phase);
    }
    check(phases == std::set<int32_t>{SDCPP_PHASE_LOAD}, "loading reports its phase, and no other");

    heard.progress.clear();
    request image(64, 64, 2);
    image.params.steps = 4;
    const outcome generated = image.generate(model.context, &heard.call);
    check(generated.code == SDCPP_OK && image.result.image_count == 2, "two images in one call" + generated.text());
    phases.clear();
    std::set<std::pair<int32_t, int32_t>> steps;
    bool forward = true;
    int32_t last = 0;
    for (const auto& p : heard.progress) {
        forward = forward && p.phase >= last;
        last = p.phase;
        phases.insert(p.phase);
        if (p.phase == SDCPP_PHASE_SAMPLE && p.step > 0) {
            steps.insert({p.image_index, p.step});
            forward = forward && p.steps == 4;
        }
    }
    check(phases.count(SDCPP_PHASE_ENCODE) + phases.count(SDCPP_PHASE_SAMPLE) + phases.count(SDCPP_PHASE_DECODE) == 3, "encode, sample and decode are told apart by the engine's log lines");
    check(steps.size() == 8, "each of two times four steps is reported, " + std::to_string(steps.size()) + " were");
    check(forward, "and no phase comes after a later one");
}

void test_cancel(const loaded_demo& demo) {
    request before;
    before.generate(demo.context);
    recorder heard;
    request stopped;
    stopped.params.steps = 200;
    int last_step = 0;
    heard.on_progress = [&](const sdcpp_progress& p) {
        if (p.phase == SDCPP_PHASE_SAMPLE) {
            last_step = p.step;
            if (p.step == 2) {
                sdcpp_cancel(demo.context, SDCPP_CANCEL_NOW);
            }
        }
    };
    const outcome cancelled = stopped.generate(demo.context, &heard.call);
    check(cancelled.code == SDCPP_CANCELLED && last_step < 10, "a cancel at step 2 of 200 stops soon, at step " + std::to_string(last_step) + cancelled.text());
    sdcpp_cancel(demo.context, SDCPP_CANCEL_NONE);
    request after;
    const outcome generated = after.generate(demo.context);
    check(generated.code == SDCPP_OK && hash_of(after) == hash_of(before), "the next image is what it was before" + generated.text());
}

#if defined(__linux__)
long resident_mib() {
    long pages = 0;
    long resident = 0;
    std::ifstream("/proc/self/statm") >> pages >> resident;
    return resident * 4 / 1024;
}

void test_memory(const demo_model& demo) {
    long first = 0;
    for (int i = 0; i < 6; ++i) {
        const loaded_demo model(demo);
        request image;
        image.generate(model.context);
        first = i == 1 ? resident_mib() : first;
    }
    const long grown = resident_mib() - first;
    check(grown < 12, "four more models loaded, generated with and freed leave " + std::to_string(grown) + " MiB");
}
#endif

} // namespace

bool names_have(const char* name) {
    for (int i = 0; sdcpp_sampler_name(i) != nullptr; ++i) {
        if (std::strcmp(sdcpp_sampler_name(i), name) == 0) {
            return true;
        }
    }
    return false;
}

int main(int count, char** arguments) {
    if (count != 2) {
        std::fprintf(stderr, "contract_test FOLDER: tries the engine beside it with the demo model in FOLDER; images are written to the working folder\n");
        return 2;
    }
    sdcpp_engine_params params{};
    params.size = sizeof params;
    outcome loaded;
    loaded.code = sdcpp_engine_load(&params, &loaded.error);
    check(loaded.code == SDCPP_OK, "the engine loads" + loaded.text());
    if (loaded.code != SDCPP_OK) {
        return 1;
    }
    sdcpp_engine_info info{};
    info.size = sizeof info;
    sdcpp_engine_get_info(&info, nullptr);
    std::printf("engine %s%s%s\n", info.version, info.commit[0] != '\0' ? " " : "", info.commit);

    const demo_model files(arguments[1]);
    {
        const loaded_demo demo(files);
        check(demo.created.code == SDCPP_OK, "the demo model loads" + demo.created.text());
        if (demo.created.code != SDCPP_OK) {
            return 1;
        }
        test_names(demo);
        test_images(files, demo);
        test_image_fields(demo);
        test_what_ends_it(demo);
        test_cancel(demo);
    }
    test_phases(files);
    test_model_fields(files);
#if defined(__linux__)
    test_memory(files);
#endif
    std::printf("%d checks, %d failed\n", checks, failures);
    return failures == 0 ? 0 : 1;
}
