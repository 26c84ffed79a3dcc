#pragma once

#include "../bridge_test.hpp"

// The files of the demo model, which SdCpp.Interop writes.
class demo_model {
public:
    explicit demo_model(std::string folder);
    options files() const;
    const char* upscaler() const { return paths_[3].c_str(); }

private:
    std::string folder_;
    std::vector<std::string> paths_;
};

// The demo model in memory.
struct loaded_demo {
    sdcpp_context* context = nullptr;
    outcome created;

    explicit loaded_demo(const demo_model& demo, const options& more = {}, const sdcpp_call* call = nullptr);
    ~loaded_demo() { sdcpp_context_free(context); }
    loaded_demo(const loaded_demo&) = delete;
    loaded_demo& operator=(const loaded_demo&) = delete;
};

bool names_have(const char* name);
std::string hash_of(const request& generated);
void keep_image(const std::string& name, const request& generated, int32_t width, int32_t height);

void test_images(const demo_model& files, const loaded_demo& demo);
void test_image_fields(const loaded_demo& demo);
void test_what_ends_it(const loaded_demo& demo);
void test_model_fields(const demo_model& files);
