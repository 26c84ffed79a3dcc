// Two proofs. The engine's init functions must write every byte of a struct and none beyond it: that fixes its size. And values put
// into fields here must be read back by the engine's own printers under those fields' names: that fixes their places.
#include "layout_proof.hpp"

#include "../../src/failure.hpp"

#include <array>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

namespace sdcpp {
namespace {

[[noreturn]] void differs(const std::string& what) {
    throw failure(SDCPP_ENGINE_INCOMPATIBLE, "the engine file is not the one this build was made for: " + what);
}

template <typename Params>
void prove_size(const char* name, void (*init)(Params*)) {
    constexpr size_t margin = 256;
    std::vector<uint8_t> first(sizeof(Params) + margin, 0xCD);
    std::vector<uint8_t> second(sizeof(Params) + margin, 0x31);
    init(reinterpret_cast<Params*>(first.data()));
    init(reinterpret_cast<Params*>(second.data()));
    size_t written = 0;
    while (written < first.size() && first[written] == second[written]) {
        ++written;
    }
    bool beyond = false;
    for (size_t i = sizeof(Params); i < first.size(); ++i) {
        beyond = beyond || first[i] != 0xCD || second[i] != 0x31;
    }
    if (written != sizeof(Params) || beyond) {
        differs(std::string(name) + " has " + std::to_string(written) + " bytes, expected " + std::to_string(sizeof(Params)));
    }
}

void expect(const std::string& text, const std::string& line) {
    if (text.find(line) == std::string::npos) {
        differs("a value written to its field does not come back as '" + line + "'");
    }
}

std::string take(char* text) {
    const std::unique_ptr<char, void (*)(void*)> owner(text, std::free);
    return text != nullptr ? std::string(text) : std::string();
}

void prove_context_fields(const engine_api& api, const layout_printers& print) {
    struct path_field {
        const char* name;
        const char* sd_ctx_params_t::*field;
    };
    static constexpr std::array<path_field, 19> paths = {{
        {"model_path", &sd_ctx_params_t::model_path},
        {"clip_l_path", &sd_ctx_params_t::clip_l_path},
        {"clip_g_path", &sd_ctx_params_t::clip_g_path},
        {"clip_vision_path", &sd_ctx_params_t::clip_vision_path},
        {"t5xxl_path", &sd_ctx_params_t::t5xxl_path},
        {"llm_path", &sd_ctx_params_t::llm_path},
        {"llm_vision_path", &sd_ctx_params_t::llm_vision_path},
        {"diffusion_model_path", &sd_ctx_params_t::diffusion_model_path},
        {"high_noise_diffusion_model_path", &sd_ctx_params_t::high_noise_diffusion_model_path},
        {"uncond_diffusion_model_path", &sd_ctx_params_t::uncond_diffusion_model_path},
        {"embeddings_connectors_path", &sd_ctx_params_t::embeddings_connectors_path},
        {"vae_path", &sd_ctx_params_t::vae_path},
        {"audio_vae_path", &sd_ctx_params_t::audio_vae_path},
        {"taesd_path", &sd_ctx_params_t::taesd_path},
        {"control_net_path", &sd_ctx_params_t::control_net_path},
        {"photo_maker_path", &sd_ctx_params_t::photo_maker_path},
        {"tensor_type_rules", &sd_ctx_params_t::tensor_type_rules},
        {"backend", &sd_ctx_params_t::backend},
        {"params_backend", &sd_ctx_params_t::params_backend},
    }};
    sd_ctx_params_t params;
    api.sd_ctx_params_init(&params);
    std::array<std::string, paths.size()> values;
    for (size_t i = 0; i < paths.size(); ++i) {
        values[i] = "proof-" + std::to_string(i);
        params.*paths[i].field = values[i].c_str();
    }
    params.n_threads = 7013;
    params.max_vram = "proof-vram";
    params.model_args = "proof-args";
    params.stream_layers = true;
    params.flash_attn = true;
    params.vae_auto_cpu_fallback_memory_ratio = 0.125F;
    const std::string text = take(print.context(&params));
    for (size_t i = 0; i < paths.size(); ++i) {
        expect(text, std::string(paths[i].name) + ": " + values[i] + "\n");
    }
    for (const char* line : {"n_threads: 7013\n", "max_vram: proof-vram\n", "model_args: proof-args\n", "stream_layers: true\n", "eager_load: false\n",
                             "\nflash_attn: true\n", "diffusion_flash_attn: false\n", "vae_auto_cpu_fallback_memory_ratio: 0.125\n"}) {
        expect(text, line);
    }
}

void prove_image_fields(const engine_api& api, const layout_printers& print) {
    sd_img_gen_params_t params;
    api.sd_img_gen_params_init(&params);
    params.prompt = "proof-prompt";
    params.negative_prompt = "proof-negative";
    params.clip_skip = 11;
    params.width = 1237;
    params.height = 2243;
    params.strength = 0.25F;
    params.seed = 987654321012345;
    params.batch_count = 13;
    params.control_strength = 0.75F;
    params.sample_params.sample_steps = 419;
    params.sample_params.guidance.txt_cfg = 3.25F;
    params.sample_params.guidance.img_cfg = 2.5F;
    params.sample_params.guidance.distilled_guidance = 5.75F;
    params.sample_params.eta = 0.5F;
    params.sample_params.flow_shift = 6.5F;
    params.sample_params.sample_method = api.str_to_sample_method("heun");
    params.sample_params.scheduler = api.str_to_scheduler("karras");
    params.vae_tiling_params.enabled = true;
    params.hires.scale = 3.5F;
    params.qwen_image_layers = 17;
    params.circular_y = true;
    const std::string text = take(print.image(&params));
    for (const char* line :
         {"prompt: proof-prompt\n", "negative_prompt: proof-negative\n", "clip_skip: 11\n", "width: 1237\n", "height: 2243\n", "strength: 0.25\n",
          "seed: 987654321012345\n", "batch_count: 13\n", "control_strength: 0.75\n", "sample_steps: 419", "txt_cfg: 3.25", "img_cfg: 2.50",
          "distilled_guidance: 5.75", "eta: 0.50", "flow_shift: 6.50", "sample_method: heun", "scheduler: karras", "VAE tiling: true", "scale=3.50",
          "qwen_image_layers: 17\n", "circular_x: false\n", "circular_y: true\n"}) {
        expect(text, line);
    }
}

} // namespace

void prove_layout(const engine_api& api, const layout_printers& print) {
    prove_size("sd_ctx_params_t", api.sd_ctx_params_init);
    prove_size("sd_img_gen_params_t", api.sd_img_gen_params_init);
    prove_context_fields(api, print);
    prove_image_fields(api, print);
}

} // namespace sdcpp
