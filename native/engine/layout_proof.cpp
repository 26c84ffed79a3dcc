// Three proofs. The engine's init functions must write to the end of a struct and not beyond: that fixes its size. Values put into fields
// here must be read back by the engine's own printers under those fields' names: that fixes their places, each by itself. And the numbers
// of an enum must have as many names as the bridge believes.
#include "layout_proof.hpp"

#include "../src/failure.hpp"
#include "printed_params.hpp"

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <type_traits>
#include <vector>

namespace sdcpp {
namespace {

// A struct of the engine in memory that is larger: an engine of another version may write more than the bridge knows of.
template <typename Params>
class roomy {
public:
    explicit roomy(uint8_t fill = 0) : bytes_(sizeof(Params) + margin, fill) {}
    Params* get() { return reinterpret_cast<Params*>(bytes_.data()); }
    const std::vector<uint8_t>& bytes() const { return bytes_; }

private:
    static constexpr size_t margin = 4096;
    std::vector<uint8_t> bytes_;
};

// An enum of another version may hold a number that is none of this one's: it is read as a number.
template <typename Enum>
int number_of(const Enum& value) {
    static_assert(sizeof(Enum) == sizeof(int), "the engine's enums are ints");
    int number = 0;
    std::memcpy(&number, &value, sizeof number);
    return number;
}

template <typename Params>
class proof {
public:
    proof(const std::string& what, const char* name, void (*init)(Params*), char* (*print)(const Params*)) : what_(what), name_(name), init_(init), print_(print) {}

    // Padding inside keeps what was there before, so the last byte that differs from both fillings ends the struct.
    void size() const {
        roomy<Params> first(0xCD);
        roomy<Params> second(0x31);
        init_(first.get());
        init_(second.get());
        size_t written = 0;
        for (size_t i = 0; i < first.bytes().size(); ++i) {
            if (first.bytes()[i] != 0xCD || second.bytes()[i] != 0x31) {
                written = i + 1;
            }
        }
        constexpr size_t alignment = alignof(Params);
        if ((written + alignment - 1) / alignment * alignment != sizeof(Params)) {
            differs("has " + std::to_string(written) + " bytes, expected are " + std::to_string(sizeof(Params)));
        }
    }

    // Each field alone: two that are exchanged cannot stand for each other.
    template <typename Get>
    void field(const char* key, Get get) const {
        if constexpr (std::is_invocable_v<Get, Params&>) {
            roomy<Params> params;
            init_(params.get());
            const std::string before = printed(*params.get(), key);
            if (before == printed_params::not_printed) {
                return;
            }
            auto& value = get(*params.get());
            using type = std::decay_t<decltype(value)>;
            if constexpr (std::is_same_v<type, const char*>) {
                value = "proof";
                expect(key, "proof", printed(*params.get(), key));
            } else if constexpr (std::is_same_v<type, bool>) {
                value = before != "true";
                expect(key, value ? "true" : "false", printed(*params.get(), key));
            } else if constexpr (std::is_floating_point_v<type>) {
                value = 1237.5F;
                const std::string after = printed(*params.get(), key);
                expect(key, "1237.5", after.substr(0, 6));
            } else if constexpr (std::is_integral_v<type>) {
                value = 7013;
                expect(key, "7013", printed(*params.get(), key));
            } else {
                // Another number than the default's must have another name.
                value = static_cast<type>(number_of(value) == 1 ? 2 : 1);
                if (printed(*params.get(), key) == before) {
                    differs(std::string("has its field ") + key + " at another place: a value that is written to it is not the one that the engine prints");
                }
            }
        }
    }

    [[noreturn]] void differs(const std::string& how) const { throw failure(SDCPP_ENGINE_INCOMPATIBLE, what_ + ": " + name_ + " " + how); }

private:
    void expect(const char* key, const std::string& value, const std::string& got) const {
        if (got != value) {
            differs(std::string("has its field ") + key + " at another place: " + value + " was written to it, and the engine prints " + got);
        }
    }

    std::string printed(const Params& params, const char* key) const {
        if (print_ == nullptr) {
            return printed_params::not_printed;
        }
        const std::unique_ptr<char, void (*)(void*)> text(print_(&params), std::free);
        return text != nullptr ? printed_params::find(text.get(), key) : printed_params::not_printed;
    }

    const std::string& what_;
    const char* name_;
    void (*init_)(Params*);
    char* (*print_)(const Params*);
};

#define SDCPP_PLACE(member) [](auto& p) -> decltype((p.member)) { return p.member; }
#define SDCPP_PROVE(member) context.field(#member, SDCPP_PLACE(member))

template <typename Proof>
void prove_context_files(const Proof& context) {
    SDCPP_PROVE(model_path);
    SDCPP_PROVE(clip_l_path);
    SDCPP_PROVE(clip_g_path);
    SDCPP_PROVE(clip_vision_path);
    SDCPP_PROVE(t5xxl_path);
    SDCPP_PROVE(llm_path);
    SDCPP_PROVE(llm_vision_path);
    SDCPP_PROVE(diffusion_model_path);
    SDCPP_PROVE(high_noise_diffusion_model_path);
    SDCPP_PROVE(uncond_diffusion_model_path);
    SDCPP_PROVE(embeddings_connectors_path);
    SDCPP_PROVE(vae_path);
    SDCPP_PROVE(audio_vae_path);
    SDCPP_PROVE(audio_encoder_path);
    SDCPP_PROVE(taesd_path);
    SDCPP_PROVE(control_net_path);
    SDCPP_PROVE(ip_adapter_path);
    SDCPP_PROVE(motion_module_path);
    SDCPP_PROVE(photo_maker_path);
    SDCPP_PROVE(pulid_weights_path);
    SDCPP_PROVE(tensor_type_rules);
    SDCPP_PROVE(tokenizer);
}

template <typename Proof>
void prove_context_settings(const Proof& context) {
    SDCPP_PROVE(n_threads);
    SDCPP_PROVE(wtype);
    SDCPP_PROVE(rng_type);
    SDCPP_PROVE(sampler_rng_type);
    SDCPP_PROVE(prediction);
    SDCPP_PROVE(lora_apply_mode);
    SDCPP_PROVE(enable_mmap);
    SDCPP_PROVE(flash_attn);
    SDCPP_PROVE(diffusion_flash_attn);
    SDCPP_PROVE(tae_preview_only);
    SDCPP_PROVE(diffusion_conv_direct);
    SDCPP_PROVE(vae_conv_direct);
    SDCPP_PROVE(force_sdxl_vae_conv_scale);
    SDCPP_PROVE(vae_format);
    SDCPP_PROVE(max_vram);
    SDCPP_PROVE(stream_layers);
    SDCPP_PROVE(disable_prefetch);
    SDCPP_PROVE(eager_load);
    SDCPP_PROVE(backend);
    SDCPP_PROVE(params_backend);
    SDCPP_PROVE(split_mode);
    SDCPP_PROVE(auto_fit);
    SDCPP_PROVE(rpc_servers);
    SDCPP_PROVE(model_args);
    SDCPP_PROVE(preferred_gpu_backend);
    SDCPP_PROVE(vae_auto_cpu_fallback);
    SDCPP_PROVE(vae_auto_cpu_fallback_memory_ratio);
    SDCPP_PROVE(disable_segmented_compute);
    SDCPP_PROVE(linear_scale);
    SDCPP_PROVE(attn_scale);
    SDCPP_PROVE(sage_attn);
    SDCPP_PROVE(conditioning_cache_size);
}

#undef SDCPP_PROVE
#define SDCPP_PROVE(member) image.field(#member, SDCPP_PLACE(member))
// Where the engine prints a field under another name.
#define SDCPP_PROVE_AS(key, member) image.field(key, SDCPP_PLACE(member))

template <typename Proof>
void prove_image(const Proof& image) {
    SDCPP_PROVE(prompt);
    SDCPP_PROVE(negative_prompt);
    SDCPP_PROVE(clip_skip);
    SDCPP_PROVE(width);
    SDCPP_PROVE(height);
    SDCPP_PROVE(strength);
    SDCPP_PROVE(seed);
    SDCPP_PROVE(batch_count);
    SDCPP_PROVE(qwen_image_layers);
    SDCPP_PROVE(ref_image_args);
    SDCPP_PROVE(control_strength);
    SDCPP_PROVE(ip_adapter_strength);
    SDCPP_PROVE(circular_x);
    SDCPP_PROVE(circular_y);
    SDCPP_PROVE(image_preprocess);
    SDCPP_PROVE_AS("photo maker.style_strength", pm_params.style_strength);
    SDCPP_PROVE_AS("photo maker.id_embed_path", pm_params.id_embed_path);
    SDCPP_PROVE_AS("VAE tiling", vae_tiling_params.enabled);
    SDCPP_PROVE_AS("VAE tiling.temporal", vae_tiling_params.temporal_tiling);
    SDCPP_PROVE_AS("VAE tiling.extra_tiling_args", vae_tiling_params.extra_tiling_args);
    SDCPP_PROVE(hires.enabled);
    SDCPP_PROVE(hires.upscaler);
    SDCPP_PROVE(hires.model_path);
    SDCPP_PROVE(hires.scale);
    SDCPP_PROVE_AS("hires.target.0", hires.target_width);
    SDCPP_PROVE_AS("hires.target.1", hires.target_height);
    SDCPP_PROVE(hires.steps);
    SDCPP_PROVE(hires.denoising_strength);
    SDCPP_PROVE_AS("cache", cache.mode);
    SDCPP_PROVE_AS("cache.threshold", cache.reuse_threshold);
    SDCPP_PROVE_AS("cache.start", cache.start_percent);
    SDCPP_PROVE_AS("cache.end", cache.end_percent);
}

template <typename Proof>
void prove_sampling(const Proof& image) {
    SDCPP_PROVE_AS("sample_params.txt_cfg", sample_params.guidance.txt_cfg);
    SDCPP_PROVE_AS("sample_params.img_cfg", sample_params.guidance.img_cfg);
    SDCPP_PROVE_AS("sample_params.distilled_guidance", sample_params.guidance.distilled_guidance);
    SDCPP_PROVE_AS("sample_params.slg.layer_count", sample_params.guidance.slg.layer_count);
    SDCPP_PROVE_AS("sample_params.slg.layer_start", sample_params.guidance.slg.layer_start);
    SDCPP_PROVE_AS("sample_params.slg.layer_end", sample_params.guidance.slg.layer_end);
    SDCPP_PROVE_AS("sample_params.slg.scale", sample_params.guidance.slg.scale);
    SDCPP_PROVE(sample_params.scheduler);
    SDCPP_PROVE(sample_params.sample_method);
    SDCPP_PROVE(sample_params.sample_steps);
    SDCPP_PROVE(sample_params.eta);
    SDCPP_PROVE(sample_params.shifted_timestep);
    SDCPP_PROVE(sample_params.flow_shift);
    SDCPP_PROVE(sample_params.extra_sample_args);
}

bool same(const void* a, const void* b, size_t bytes) { return std::memcmp(a, b, bytes) == 0; }

// The engine prints no video's parameters, so its init functions must tell the places: the parts must be as their own init functions leave
// them, and what lies between must hold values that only these fields can have.
void prove_video(const engine_api& api, const std::string& what) {
    if (api.vid_gen_params_init == nullptr) {
        return;
    }
    const proof<sd_vid_gen_params_t> video(what, "sd_vid_gen_params_t", api.vid_gen_params_init, nullptr);
    video.size();
    roomy<sd_vid_gen_params_t> params;
    api.vid_gen_params_init(params.get());
    sd_vid_gen_params_t& p = *params.get();
    const auto place = [&](const char* field, bool right) {
        if (!right) {
            video.differs(std::string("has its field ") + field + " at another place: its default does not lie where the bridge looks for it");
        }
    };
    if (api.sample_params_init != nullptr) {
        roomy<sd_sample_params_t> sampling;
        api.sample_params_init(sampling.get());
        place("sample_params", same(&p.sample_params, sampling.get(), sizeof p.sample_params));
        place("high_noise_sample_params", p.high_noise_sample_params.sample_steps == -1);
        p.high_noise_sample_params.sample_steps = sampling.get()->sample_steps;
        place("high_noise_sample_params", same(&p.high_noise_sample_params, sampling.get(), sizeof p.sample_params));
    }
    if (api.cache_params_init != nullptr) {
        roomy<sd_cache_params_t> cache;
        api.cache_params_init(cache.get());
        place("cache", same(&p.cache, cache.get(), sizeof p.cache));
    }
    if (api.hires_params_init != nullptr) {
        roomy<sd_hires_params_t> hires;
        api.hires_params_init(hires.get());
        place("hires", same(&p.hires, hires.get(), sizeof p.hires));
    }
    place("width", p.width >= 64 && p.width <= 4096 && p.height >= 64 && p.height <= 4096);
    place("moe_boundary", p.moe_boundary > 0.01F && p.moe_boundary <= 1);
    place("strength", p.strength > 0.01F && p.strength <= 1);
    place("seed", p.seed == -1);
    place("video_frames", p.video_frames >= 1 && p.video_frames <= 1000);
    place("fps", p.fps >= 1 && p.fps <= 240);
    place("vace_strength", p.vace_strength > 0.01F && p.vace_strength <= 10);
}

// As many names as numbers, each of them known under its number, and none beyond.
template <typename Enum>
void prove_names(const std::string& what, const char* name, const char* (*name_of)(Enum), Enum (*from_name)(const char*), Enum count) {
    const auto wrong = [&](int number, const std::string& how) {
        throw failure(SDCPP_ENGINE_INCOMPATIBLE, what + ": " + name + " has " + std::to_string(static_cast<int>(count)) + " values here, but in the engine number " + std::to_string(number) + how);
    };
    // What no name is stands for the number after the last.
    const Enum none = from_name("no name of any");
    const std::string beyond = name_of(count);
    if (number_of(none) != static_cast<int>(count)) {
        wrong(static_cast<int>(count), number_of(none) > static_cast<int>(count) ? " is one more, " + beyond : " is beyond the last");
    }
    for (int i = 0; i < static_cast<int>(count); ++i) {
        const char* own = name_of(static_cast<Enum>(i));
        if (own == nullptr || own == beyond || number_of(from_name(own)) != i) {
            wrong(i, " is none of them");
        }
    }
}

// What init sets to "none" is the number after the last.
void prove_ends(const engine_api& api, const proof<sd_ctx_params_t>& context) {
    roomy<sd_ctx_params_t> params;
    api.sd_ctx_params_init(params.get());
    const sd_ctx_params_t& p = *params.get();
    if (number_of(p.wtype) != SD_TYPE_COUNT || number_of(p.sampler_rng_type) != RNG_TYPE_COUNT || number_of(p.prediction) != PREDICTION_COUNT) {
        context.differs("has other values for automatic weights, random numbers or prediction: these enums have another number of values");
    }
}

} // namespace

void prove_layout(const engine_api& api, const layout_printers& print, const std::string& what) {
    const proof<sd_ctx_params_t> context(what, "sd_ctx_params_t", api.sd_ctx_params_init, print.context);
    const proof<sd_img_gen_params_t> image(what, "sd_img_gen_params_t", api.sd_img_gen_params_init, print.image);
    context.size();
    image.size();
    prove_context_files(context);
    prove_context_settings(context);
    prove_image(image);
    prove_sampling(image);
    prove_ends(api, context);
    prove_video(api, what);
    prove_names(what, "sample_method_t", api.sd_sample_method_name, api.str_to_sample_method, SAMPLE_METHOD_COUNT);
    prove_names(what, "scheduler_t", api.sd_scheduler_name, api.str_to_scheduler, SCHEDULER_COUNT);
}

} // namespace sdcpp
