// What the engine prints of its parameter structs, in its shape: the bridge proves the layout by it.
#include <stable-diffusion.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

class lines {
public:
    lines& add(const char* name, const char* value) { return raw(name, value != nullptr ? value : ""); }
    lines& add(const char* name, bool value) { return raw(name, value ? "true" : "false"); }
    lines& add(const char* name, int value) { return raw(name, std::to_string(value)); }
    lines& add(const char* name, int64_t value) { return raw(name, std::to_string(value)); }
    lines& add(const char* name, float value) { return raw(name, number(value)); }

    lines& raw(const char* name, const std::string& value) {
        text_ += std::string(name) + ": " + value + "\n";
        return *this;
    }
    static std::string number(float value) {
        char text[64];
        std::snprintf(text, sizeof text, "%.2f", value);
        return text;
    }
    char* release() const {
        auto* copy = static_cast<char*>(std::malloc(text_.size() + 1));
        std::memcpy(copy, text_.c_str(), text_.size() + 1);
        return copy;
    }

private:
    std::string text_;
};

} // namespace

char* sd_ctx_params_to_str(const sd_ctx_params_t* p) {
    lines out;
#define STANDIN_PRINT(field) out.add(#field, p->field)
    STANDIN_PRINT(model_path);
    STANDIN_PRINT(clip_l_path);
    STANDIN_PRINT(clip_g_path);
    STANDIN_PRINT(t5xxl_path);
    STANDIN_PRINT(diffusion_model_path);
    STANDIN_PRINT(vae_path);
    STANDIN_PRINT(taesd_path);
    STANDIN_PRINT(tensor_type_rules);
    STANDIN_PRINT(n_threads);
    STANDIN_PRINT(flash_attn);
    STANDIN_PRINT(diffusion_flash_attn);
    STANDIN_PRINT(eager_load);
    STANDIN_PRINT(backend);
    STANDIN_PRINT(params_backend);
    STANDIN_PRINT(auto_fit);
#undef STANDIN_PRINT
    return out.release();
}

char* sd_img_gen_params_to_str(const sd_img_gen_params_t* p) {
    lines out;
    out.add("prompt", p->prompt).add("negative_prompt", p->negative_prompt).add("clip_skip", p->clip_skip);
    out.add("width", p->width).add("height", p->height);
    const sd_sample_params_t& s = p->sample_params;
    out.raw("sample_params", "(txt_cfg: " + lines::number(s.guidance.txt_cfg) + ", img_cfg: " + lines::number(s.guidance.img_cfg) + ", scheduler: " +
                                 sd_scheduler_name(s.scheduler) + ", sample_method: " + sd_sample_method_name(s.sample_method) + ", sample_steps: " +
                                 std::to_string(s.sample_steps) + ", eta: " + lines::number(s.eta) + ")");
    out.add("strength", p->strength).add("seed", p->seed).add("batch_count", p->batch_count).add("control_strength", p->control_strength);
    out.raw("hires", std::string("{enabled=") + (p->hires.enabled ? "true" : "false") + ", scale=" + lines::number(p->hires.scale) + ", target=" +
                         std::to_string(p->hires.target_width) + "x" + std::to_string(p->hires.target_height) + "}");
    out.add("circular_x", p->circular_x).add("circular_y", p->circular_y);
    return out.release();
}
