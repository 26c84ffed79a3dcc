// What images and videos have in common: sampler, scheduler, steps, LoRAs.
#pragma once

#include "context.hpp"

#include <sdcpp.h>

#include <string>
#include <vector>

namespace sdcpp {

// Throws `failure` for a name that the engine has not.
sample_method_t sampler_named(const char* name, const char* option);

// Throws `failure` for a scheduler that ends the process, or returns black images, with so few steps or this family.
void check_scheduler(scheduler_t scheduler, int steps, const std::string& family);

// `name` may be null: then it is the model's own for this sampler.
scheduler_t scheduler_of(const char* name, const sdcpp_context& context, sample_method_t method);

// Names and numbers of a request, whose options stand in `sampling` already.
template <typename Params>
void set_sampling(const Params& params, const sdcpp_context& context, sd_sample_params_t& sampling) {
    sampling.guidance.txt_cfg = params.cfg_scale;
    sampling.sample_method = sampler_named(params.sampler != nullptr ? params.sampler : context.default_sampler.c_str(), "sampler");
    sampling.scheduler = scheduler_of(params.scheduler, context, sampling.sample_method);
    if (sampling.custom_sigmas_count > 0) {
        sampling.sample_steps = sampling.custom_sigmas_count - 1; // they are the steps
    } else {
        sampling.sample_steps = params.steps;
        check_scheduler(sampling.scheduler, params.steps, context.family);
    }
}

std::vector<sd_lora_t> loras_of(const sdcpp_lora* loras, uint32_t count);

} // namespace sdcpp
