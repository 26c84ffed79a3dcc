#include "sampling.hpp"

#include "failure.hpp"

namespace sdcpp {

sample_method_t sampler_named(const char* name, const char* option) {
    const sample_method_t method = engine().str_to_sample_method(name);
    if (method == SAMPLE_METHOD_COUNT) {
        refuse(std::string(option) + " '" + name + "' is not known to this engine", option);
    }
    return method;
}

scheduler_t scheduler_of(const char* name, const sdcpp_context& context, sample_method_t method) {
    if (name == nullptr) {
        return engine().sd_get_default_scheduler(context.engine_context.get(), method);
    }
    const scheduler_t value = engine().str_to_scheduler(name);
    if (value == SCHEDULER_COUNT) {
        refuse(std::string("scheduler '") + name + "' is not known to this engine", "scheduler");
    }
    return value;
}

// With one step gits reads before its table, and karras and exponential divide by nothing and return black images; for families that ays has no
// table for, it has no sigmas at all.
void check_scheduler(scheduler_t scheduler, int steps, const std::string& family) {
    const std::string name = engine().sd_scheduler_name(scheduler);
    if (steps < 2 && (name == "gits" || name == "karras" || name == "exponential")) {
        refuse("scheduler '" + name + "' needs 2 steps or more", "scheduler");
    }
    if (name == "ays" && family != "SD 1.x" && family != "SD 2.x" && family != "SDXL" && family != "SVD") {
        throw failure(SDCPP_NOT_SUPPORTED, "scheduler 'ays' has no sigmas for a model of the family '" + family + "'; it has them for SD 1.x, SD 2.x, SDXL and SVD", "scheduler");
    }
}

std::vector<sd_lora_t> loras_of(const sdcpp_lora* loras, uint32_t count) {
    std::vector<sd_lora_t> list(count);
    for (uint32_t i = 0; i < count; ++i) {
        list[i].is_high_noise = loras[i].high_noise != 0;
        list[i].multiplier = loras[i].multiplier;
        list[i].path = loras[i].path;
    }
    return list;
}

} // namespace sdcpp
