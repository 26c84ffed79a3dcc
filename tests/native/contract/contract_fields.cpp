// Fields that the engine's printers leave out, shown by what the engine says or does when the bridge writes them: a field at a wrong place
// would show under another name, or not at all.
#include "contract_test.hpp"

#include <fstream>

namespace {

struct witness {
    const char* what;
    options given;
    const char* said;
};

// Options of an image, and the engine's log line that must follow from them.
const witness image_witnesses[] = {
    {"cache.mode easycache, its threshold, start and end",
     {{"cache.mode", "easycache"}, {"cache.reuse_threshold", "0.31"}, {"cache.start_percent", "0.12"}, {"cache.end_percent", "0.93"}},
     "EasyCache enabled - threshold: 0.310, start: 0.12, end: 0.93"},
    {"cache.mode dbcache, Fn, Bn, residual threshold and warmup",
     {{"cache.mode", "dbcache"}, {"cache.Fn_compute_blocks", "3"}, {"cache.Bn_compute_blocks", "2"}, {"cache.residual_diff_threshold", "0.17"}, {"cache.max_warmup_steps", "4"}},
     "mode: DBCache, Fn: 3, Bn: 2, threshold: 0.170, warmup: 4"},
    {"cache.mode taylorseer", {{"cache.mode", "taylorseer"}}, "mode: TaylorSeer"},
    {"cache.mode cache-dit", {{"cache.mode", "cache-dit"}}, "mode: DBCache+TaylorSeer"},
    {"cache.mode ucache", {{"cache.mode", "ucache"}}, "UCache requested"},
    {"cache.mode spectrum and all of its numbers",
     {{"cache.mode", "spectrum"}, {"cache.spectrum_w", "0.33"}, {"cache.spectrum_m", "4"}, {"cache.spectrum_lam", "1.5"}, {"cache.spectrum_window_size", "3"},
      {"cache.spectrum_flex_window", "0.6"}, {"cache.spectrum_warmup_steps", "2"}, {"cache.spectrum_stop_percent", "0.85"}},
     "w: 0.33, m: 4, lam: 1.50, window: 3, flex: 0.60, warmup: 2, stop: 85%"},
    {"vae_tiling_params.rel_size_x and rel_size_y",
     {{"vae_tiling_params.enabled", "true"}, {"vae_tiling_params.rel_size_x", "0.6"}, {"vae_tiling_params.rel_size_y", "0.7"}},
     "VAE Tile size: 5x6"},
    {"vae_tiling_params.tile_size_x and tile_size_y",
     {{"vae_tiling_params.enabled", "true"}, {"vae_tiling_params.tile_size_x", "4"}, {"vae_tiling_params.tile_size_y", "6"}},
     "VAE Tile size: 4x6"},
    {"sample_params.custom_sigmas and their count", {{"sample_params.custom_sigmas", "1,0.8,0.3,0"}}, "custom_sigmas_count - 1, set total_steps to 3"},
};

// Files of a model: a file that is none, so that the engine says what it took it for.
struct file_witness {
    const char* option;
    const char* said;
    bool ends_loading;
};

const file_witness file_witnesses[] = {
    {"ip_adapter_path", "ip-adapter", true},
    {"control_net_path", "control net", true},
    {"motion_module_path", "motion module", false},
    {"photo_maker_path", "PHOTOMAKER", false},
    {"pulid_weights_path", "PuLID", false},
    {"clip_vision_path", "clip_vision", false},
    {"clip_l_path", "clip_l ", false},
    {"clip_g_path", "clip_g ", false},
    {"t5xxl_path", "t5xxl", false},
    {"llm_vision_path", "llm vision", false},
    {"vae_path", "loading vae", false},
    {"audio_vae_path", "audio VAE", false},
    {"high_noise_diffusion_model_path", "high noise", false},
    {"uncond_diffusion_model_path", "unconditional", false},
    {"embeddings_connectors_path", "embeddings connectors", false},
};

std::string all_of(const recorder& heard) {
    std::string all;
    for (const auto& line : heard.lines) {
        all += "\n          " + line.text.substr(0, 160);
    }
    return all;
}

} // namespace

void test_image_fields(const loaded_demo& demo) {
    for (const witness& w : image_witnesses) {
        recorder heard;
        request image;
        image.params.steps = 8;
        image.params.options = w.given.data();
        image.params.option_count = w.given.size();
        const outcome generated = image.generate(demo.context, &heard.call);
        const bool said = heard.said(w.said);
        check(generated.code == SDCPP_OK && said, std::string(w.what) + ": the engine says '" + w.said + "'" + generated.text() + (said ? "" : all_of(heard)));
    }

    // What shows in the pixels alone. `plain` has none of it.
    request plain;
    plain.generate(demo.context);
    std::vector<uint8_t> grey(size_t{64} * 64 * 3, 128);
    std::vector<uint8_t> half(size_t{64} * 64, 0);
    std::fill(half.begin() + 32 * 64, half.end(), uint8_t{255});
    const sdcpp_image init{64, 64, 3, 0, grey.data()};
    const sdcpp_image mask{64, 64, 1, 0, half.data()};
    request from_image;
    request masked;
    outcome o;
    from_image.arm();
    o.code = sdcpp_img2img(demo.context, &from_image.params, &init, nullptr, 0.6F, nullptr, &from_image.result, &o.error);
    check(o.code == SDCPP_OK && hash_of(from_image) != hash_of(plain), "init_image and strength change what is generated" + o.text());
    masked.arm();
    o.code = sdcpp_img2img(demo.context, &masked.params, &init, &mask, 1, nullptr, &masked.result, &o.error);
    int kept = 0;
    int generated = 0;
    for (uint32_t y = 4; y < 28; ++y) {
        kept += std::abs(masked.at(0, 32, y)[0] - 128) < 24 ? 1 : 0;
        generated += std::abs(masked.at(0, 32, y + 32)[0] - 128) >= 24 ? 1 : 0;
    }
    check(o.code == SDCPP_OK && kept > 20 && generated > 12, "mask_image keeps the upper half (" + std::to_string(kept) + " of 24) and generates the lower (" + std::to_string(generated) + ")" + o.text());
}

namespace {

std::string file_of(const file_witness& w) { return std::string("contract-") + w.option + ".bin"; }

void look_for(const recorder& heard, const file_witness& w) {
    bool found = false;
    for (const auto& line : heard.lines) {
        found = found || (line.text.find(file_of(w)) != std::string::npos && line.text.find(w.said) != std::string::npos);
    }
    check(found, std::string(w.option) + ": the engine takes the file for what it is, and says '" + w.said + "'" + (found ? "" : all_of(heard)));
}

} // namespace

void test_model_fields(const demo_model& files) {
    std::vector<std::string> paths;
    options together;
    for (const file_witness& w : file_witnesses) {
        paths.push_back(file_of(w));
        std::ofstream(paths.back(), std::ios::binary) << "no model\n";
    }
    for (size_t i = 0; i < paths.size(); ++i) {
        if (!file_witnesses[i].ends_loading) {
            together.push_back({file_witnesses[i].option, paths[i].c_str()});
            continue;
        }
        recorder heard;
        const loaded_demo model(files, {{file_witnesses[i].option, paths[i].c_str()}}, &heard.call);
        look_for(heard, file_witnesses[i]);
    }
    // Switches with them: each load takes a second.
    const std::pair<const char*, const char*> switches[] = {{"enable_mmap", "memory-mapped"}, {"vae_conv_direct", "Using Conv2d direct in the vae model"}};
    recorder plain;
    const loaded_demo without(files, {}, &plain.call);
    for (const auto& [name, said] : switches) {
        together.push_back({name, "true"});
    }
    recorder heard;
    const loaded_demo model(files, together, &heard.call);
    for (const file_witness& w : file_witnesses) {
        if (!w.ends_loading) {
            look_for(heard, w);
        }
    }
    for (const auto& [name, said] : switches) {
        check(heard.said(said) && !plain.said(said), std::string(name) + ": the engine says '" + said + "', and without it does not" + (heard.said(said) ? "" : all_of(heard)));
    }
    for (const std::string& path : paths) {
        std::remove(path.c_str());
    }

    // A ControlNet that cannot be loaded leaves the model as it was.
    if (std::string(sdcpp_engine_features()).find("control-net-swap") != std::string::npos) {
        std::ofstream("contract-control-net.bin", std::ios::binary) << "no model\n";
        recorder swap;
        outcome o;
        o.code = sdcpp_context_set_control_net(without.context, "contract-control-net.bin", &swap.call, &o.error);
        check(o.code == SDCPP_MODEL_LOAD_FAILED && swap.said("contract-control-net.bin"), "a ControlNet that is none is refused by the engine" + o.text());
        std::remove("contract-control-net.bin");
        o.code = sdcpp_context_set_control_net(without.context, nullptr, nullptr, &o.error);
        check(o.code == SDCPP_OK, "taking away the ControlNet" + o.text());
        request image(32, 32);
        const outcome generated = image.generate(without.context);
        check(generated.code == SDCPP_OK, "and the model generates" + generated.text());
    }
}
