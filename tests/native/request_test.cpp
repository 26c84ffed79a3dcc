// What a request can carry beyond its plain numbers: lists, images, the hires fix, words of one's own. With the stand-in engine, which
// says what reached it.
#include "bridge_test.hpp"

#include <cstring>

namespace {

constexpr uint8_t shade = 77;

// A context of the stand-in engine, of the family that its file names.
struct loaded {
    temporary_file file;
    sdcpp_context* context = nullptr;

    explicit loaded(const char* name, const char* content, const options& more = {}) : file(name, content) {
        options all{{"diffusion_model_path", file.path()}};
        all.insert(all.end(), more.begin(), more.end());
        expect(create(all, &context), SDCPP_OK, "", std::string(name) + " loads");
    }
    ~loaded() { sdcpp_context_free(context); }
    loaded(const loaded&) = delete;
    loaded& operator=(const loaded&) = delete;
};

struct shaded {
    std::vector<uint8_t> bytes;
    sdcpp_named_image named;

    shaded(const char* name, uint32_t width, uint32_t height, uint32_t channels = 3)
        : bytes(static_cast<size_t>(width) * height * channels, shade), named{name, {width, height, channels, 0, bytes.data()}} {}
};

outcome generate(sdcpp_context* context, request& q, const options& list, const std::vector<sdcpp_named_image>& images, recorder& r) {
    q.params.options = list.data();
    q.params.option_count = list.size();
    q.params.images = images.data();
    q.params.image_count = images.size();
    return q.generate(context, &r.call);
}

void test_lists(sdcpp_context* context) {
    const temporary_file lora("request_lora.bin", "a lora");
    const sdcpp_lora loras[] = {{lora.path(), 1, 0}, {lora.path(), 1, 1}};
    recorder r;
    request q;
    q.params.loras = loras;
    q.params.lora_count = 2;
    expect(generate(context, q, {{"sample_params.custom_sigmas", "1,0.5,0.25,0"}, {"sample_params.guidance.slg.layers", "7,8"}}, {}, r), SDCPP_OK, "", "lists are taken");
    CHECK(r.said("lists: sigma=1.000000 sigma=0.500000 sigma=0.250000 sigma=0.000000 layer=7 layer=8 lora=low lora=high"), "  ... and arrive whole");
    CHECK(r.progress.back().phase == SDCPP_PHASE_DECODE && r.progress[r.progress.size() - 3].steps == 3, "  ... sigmas are the steps");

    const auto refuse = [&](const char* name, const char* value, const char* part) {
        recorder silent;
        request spoiled;
        expect(generate(context, spoiled, {{name, value}}, {}, silent), SDCPP_INVALID_ARGUMENT, part, std::string(name) + " = " + value);
        CHECK(silent.silent(), "  ... and nothing reached the engine");
    };
    refuse("sample_params.custom_sigmas", "1", "two numbers or more, each smaller");
    refuse("sample_params.custom_sigmas", "0,1", "each smaller than the one before");
    refuse("sample_params.custom_sigmas", "1,1,0", "each smaller than the one before");
    refuse("sample_params.custom_sigmas", "1,nan", "a number from 0 to");
    refuse("sample_params.custom_sigmas", "1,-1", "a number from 0 to");
    refuse("sample_params.custom_sigmas", "1,,0", "a number from 0 to");
    refuse("sample_params.custom_sigmas", "1,0,", "commas between them");
    refuse("sample_params.guidance.slg.layers", "7;8", "a whole number from 0 to 1000");
    refuse("sample_params.guidance.slg.layers", "-1", "a whole number from 0 to 1000");
    refuse("cache.mode", "quickly", "disabled, easycache, ucache, dbcache, taylorseer, cache-dit or spectrum");
    refuse("cache.scm_mask", "1,0,x", "a whole number from 0 to 1");
    refuse("cache.taylorseer_n_derivatives", "-1", "a whole number from 0 to 16");
    refuse("cache.spectrum_m", "-3", "a whole number from 0 to 64");
    refuse("sample_params.flow_shift", "0", "a number from 0.001 to 1000");
    refuse("hires.upscaler", "Bogus", "the name of a hires upscaler");
}

void test_images_of_a_request() {
    loaded plain("request_plain.bin", "a model");
    loaded editor("request_editor.bin", "Flux.2");
    const temporary_file part("request_part.bin", "a part");
    loaded steered("request_steered.bin", "a model", {{"control_net_path", part.path()}, {"ip_adapter_path", part.path()}, {"photo_maker_path", part.path()}});
    const shaded first("ref_images", 30, 7);
    const shaded second("ref_images", 8, 8);
    const shaded control("control_image", 60, 60);
    const shaded adapter("ip_adapter_image", 5, 9);
    const shaded person("pm_params.id_images", 3, 3);
    {
        recorder r;
        request q;
        expect(generate(editor.context, q, {}, {first.named, second.named}, r), SDCPP_OK, "", "an edit model takes reference images");
        CHECK(r.said("images: ref=30x7:77 ref=8x8:77 control=0x0:none"), "  ... in their order and sizes");
    }
    {
        recorder r;
        request q(60, 60);
        q.params.prompt = "a man img in a garden";
        expect(generate(steered.context, q, {}, {control.named, adapter.named, person.named}, r), SDCPP_OK, "", "the others need their part of the model");
        CHECK(r.said("images: id=3x3:77 control=64x64:77 ip=5x9:77"), "  ... and the control image is on the grid");
    }
    for (const char* prompt : {"", " ", "img", " img of a man", "a man"}) {
        recorder first_word;
        request other(60, 60);
        other.params.prompt = prompt;
        expect(generate(steered.context, other, {}, {person.named}, first_word), SDCPP_INVALID_ARGUMENT, "prompt: PhotoMaker",
               std::string("no person in '") + prompt + "'");
    }
    for (const auto& [context, takes] : {std::pair{plain.context, 0}, std::pair{editor.context, 1}}) {
        sdcpp_context_info info{};
        info.size = sizeof info;
        outcome o;
        o.code = sdcpp_context_get_info(context, &info, &o.error);
        CHECK(o.code == SDCPP_OK && info.takes_ref_images == takes, "a context says whether it takes reference images");
    }
    const auto refuse = [&](sdcpp_context* context, const sdcpp_named_image& named, int32_t code, const char* part_of_message) {
        recorder r;
        request q;
        expect(generate(context, q, {}, {named}, r), code, part_of_message, std::string("an image: ") + part_of_message);
        CHECK(r.silent(), "  ... and nothing reached the engine");
    };
    refuse(plain.context, first.named, SDCPP_NOT_SUPPORTED, "a model of the family 'Stand-in' takes no reference images");
    refuse(plain.context, control.named, SDCPP_INVALID_ARGUMENT, "control_image needs a model that was loaded with option control_net_path");
    refuse(plain.context, adapter.named, SDCPP_INVALID_ARGUMENT, "ip_adapter_image needs");
    refuse(plain.context, person.named, SDCPP_INVALID_ARGUMENT, "pm_params.id_images needs");
    refuse(steered.context, person.named, SDCPP_INVALID_ARGUMENT, "where the word img stands behind another");
    refuse(steered.context, control.named, SDCPP_INVALID_ARGUMENT, "it must have the size of the result, 64x64");
    refuse(editor.context, shaded("ref_images", 1, 65).named, SDCPP_INVALID_ARGUMENT, "ref_images is 1x65, too narrow for a result of 64x64");
    refuse(editor.context, shaded("ref_images", 200, 3).named, SDCPP_INVALID_ARGUMENT, "ref_images is 200x3, too narrow");
    refuse(editor.context, shaded("ref_images", 8, 8, 1).named, SDCPP_INVALID_ARGUMENT, "ref_images channels is 1");
    refuse(editor.context, {"ref_images", {8, 8, 3, 0, nullptr}}, SDCPP_INVALID_ARGUMENT, "ref_images has no pixels");
    refuse(editor.context, {"ref_images", {0, 8, 3, 0, first.bytes.data()}}, SDCPP_INVALID_ARGUMENT, "ref_images width is 0");
    refuse(editor.context, {"portrait", first.named.image}, SDCPP_NOT_SUPPORTED, "image portrait is not supported by this engine build");
    refuse(editor.context, {nullptr, first.named.image}, SDCPP_INVALID_ARGUMENT, "an image has no name");
    recorder r;
    request q;
    expect(generate(editor.context, q, {}, std::vector<sdcpp_named_image>(17, first.named), r), SDCPP_INVALID_ARGUMENT, "image_count is 17", "17 images");
    for (const char* option : {"pm_params.id_embed_path", "pulid_params.id_embedding_path"}) {
        request other;
        expect(generate(plain.context, other, {{option, part.path()}}, {}, r), SDCPP_INVALID_ARGUMENT, "needs a model that was loaded with option", option);
    }
}

bool is_second_pass(const recorder& r, int images) {
    std::vector<int> seen;
    for (const auto& p : r.progress) {
        const int entry = p.pass * 1000 + p.image_index * 100 + p.phase * 10;
        if (seen.empty() || seen.back() != entry) {
            seen.push_back(entry);
        }
    }
    std::vector<int> wanted{1000 + SDCPP_PHASE_ENCODE * 10};
    for (int i = 0; i < images; ++i) {
        wanted.push_back(1000 + i * 100 + SDCPP_PHASE_SAMPLE * 10);
    }
    for (int i = 0; i < images; ++i) {
        wanted.push_back(2000 + i * 100 + SDCPP_PHASE_UPSCALE * 10);
        wanted.push_back(2000 + i * 100 + SDCPP_PHASE_SAMPLE * 10);
    }
    for (int i = 0; i < images; ++i) {
        wanted.push_back(2000 + i * 100 + SDCPP_PHASE_DECODE * 10);
    }
    return seen == wanted;
}

void test_hires(sdcpp_context* context) {
    for (const char* upscaler : {"Lanczos", "Latent"}) {
        recorder r;
        request q(100, 60, 2);
        q.result.image_bytes = size_t{200} * 120 * 3;
        for (size_t i = 0; i < 2; ++i) {
            q.pixels[i].assign(q.result.image_bytes, 0xAB);
            q.buffers[i] = q.pixels[i].data();
        }
        expect(generate(context, q, {{"hires.enabled", "true"}, {"hires.upscaler", upscaler}}, {}, r), SDCPP_OK, "", std::string("hires fix by ") + upscaler);
        CHECK(r.said("hires fix: upscaling to 208x128"), "  ... keeps the proportion of what is cropped");
        CHECK(q.result.image_count == 2 && q.pixels[1][2] == 8 && q.pixels[1].back() == 8, "  ... and delivers both images whole");
        CHECK(is_second_pass(r, 2), "  ... and says so: upscale and sample each, then decode");
    }
    const temporary_file upscaler("request_upscaler.bin", "an upscaler");
    const auto refuse = [&](const options& list, const char* part) {
        recorder r;
        request q;
        options all{{"hires.enabled", "true"}};
        all.insert(all.end(), list.begin(), list.end());
        expect(generate(context, q, all, {}, r), SDCPP_INVALID_ARGUMENT, part, std::string("hires fix: ") + part);
        CHECK(r.silent(), "  ... and nothing reached the engine");
    };
    refuse({}, "hires.upscaler is None");
    refuse({{"hires.upscaler", "Model"}}, "give its file as hires.model_path");
    refuse({{"hires.upscaler", "Model"}, {"hires.model_path", "no/such"}}, "does not exist");
    refuse({{"hires.upscaler", "Lanczos"}, {"hires.scale", "1000"}}, "a number from 1 to 16");
    refuse({{"hires.upscaler", "Lanczos"}, {"hires.target_width", "128"}}, "go together");
    refuse({{"hires.upscaler", "Lanczos"}, {"hires.target_width", "32"}, {"hires.target_height", "128"}}, "must not be smaller");
    refuse({{"hires.upscaler", "Lanczos"}, {"hires.target_width", "16384"}, {"hires.target_height", "16384"}}, "width x height");
    refuse({{"hires.upscaler", "Lanczos"}}, "needed are 1 of 49152");
    request q(64, 64);
    q.pixels[0].resize(128 * 128 * 3);
    q.buffers[0] = q.pixels[0].data();
    q.result.image_bytes = q.pixels[0].size();
    recorder r;
    expect(generate(context, q, {{"hires.enabled", "true"}, {"hires.upscaler", "Model"}, {"hires.model_path", upscaler.path()}}, {}, r), SDCPP_OK, "", "hires fix by a model");
}

void test_embeddings() {
    const temporary_file file("request_embedding.bin", "a word");
    const temporary_file model("request_embedded.bin", "a model");
    const sdcpp_option option{"diffusion_model_path", model.path()};
    const auto load = [&](const sdcpp_option& embedding, recorder& r, sdcpp_context** context) {
        sdcpp_context_params params{};
        params.size = sizeof params;
        params.n_threads = 1;
        params.options = &option;
        params.option_count = 1;
        params.embeddings = &embedding;
        params.embedding_count = 1;
        outcome o;
        o.code = sdcpp_context_create(&params, &r.call, context, &o.error);
        return o;
    };
    sdcpp_context* context = nullptr;
    recorder r;
    expect(load({"my-cat", file.path()}, r, &context), SDCPP_OK, "", "a textual inversion");
    CHECK(r.said("embedding my-cat=request_embedding.bin"), "  ... arrives with its word");
    sdcpp_context_free(context);
    expect(load({"my-cat", "no/such"}, r, &context), SDCPP_INVALID_ARGUMENT, "embedding my-cat 'no/such' does not exist", "a textual inversion that is not there");
    expect(load({"", file.path()}, r, &context), SDCPP_INVALID_ARGUMENT, "an embedding has no name or no file", "one without a word");
}

void test_finishing_never_undoes_cancelling(sdcpp_context* context) {
    sdcpp_cancel(context, SDCPP_CANCEL_NOW);
    sdcpp_cancel(context, SDCPP_CANCEL_AFTER_IMAGE);
    request q;
    expect(q.generate(context), SDCPP_CANCELLED, "cancelled", "finish the image after cancel now is cancel now");
    sdcpp_cancel(context, SDCPP_CANCEL_NONE);
    sdcpp_cancel(context, SDCPP_CANCEL_AFTER_IMAGE);
    expect(q.generate(context), SDCPP_CANCELLED, "cancelled", "with no image at hand there is none to finish");
    sdcpp_cancel(context, SDCPP_CANCEL_NONE);
    expect(q.generate(context), SDCPP_OK, "", "and the next one is generated");
}

} // namespace

void test_requests() {
    loaded model("request_model.bin", "a model");
    test_lists(model.context);
    test_images_of_a_request();
    test_hires(model.context);
    test_embeddings();
    test_finishing_never_undoes_cancelling(model.context);
}
