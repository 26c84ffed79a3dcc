using System.Text;

namespace SdStudio.EngineUpgrade;

/// <summary>Writes a layout as the C++ header that the bridge is compiled against where the engine brings none.</summary>
internal static class HeaderWriter
{
    public static string Write(Layout layout)
    {
        var text = new StringBuilder($$"""
            // Written by native/tools/EngineUpgrade from engine.layout.json; ./build.sh engine --version X derives that from the engine itself.
            // The binary interface of {{layout.Engine}}, which ships no header. Type, field and function names are the engine's, so that the bridge
            // compiles unchanged against an engine's own stable-diffusion.h.
            #pragma once

            #include <cstddef>
            #include <cstdint>

            extern "C" {


            """);
        foreach (EngineEnum e in layout.Enums)
            text.Append($"enum {e.Name} : int {{ {e.Values}{(e.End is null ? "" : $", {e.End} = {e.Names.Count}")} }};\n");
        text.Append("\nstruct sd_ctx_t;\nstruct upscaler_ctx_t;\n");
        foreach (Struct s in layout.Structs)
            text.Append($"\nstruct {s.Name} {{\n{string.Concat(s.Fields.Select(f => $"    {f.Type} {f.Name};\n"))}}};\n");
        return text.Append('\n').Append(Prototypes).ToString();
    }

    /// <summary>
    /// What the compiler must agree to: the place and size of every field. From engine.layout.json and not from the header, so that a header
    /// that was changed by hand does not compile.
    /// </summary>
    public static string WriteAssertions(Layout layout)
    {
        var text = new StringBuilder($$"""
            // Written by native/tools/EngineUpgrade with engine_abi.hpp: where {{layout.Engine}} has each field.
            #pragma once

            #include "engine_abi.hpp"

            #define SDCPP_AT(type, field, at, bytes) \
                static_assert(offsetof(type, field) == (at) && sizeof(type::field) == (bytes), #type "." #field " is not where the engine has it: see engine.layout.json")
            #define SDCPP_SIZE(type, bytes) static_assert(sizeof(type) == (bytes), #type " has not the size that it has in the engine: see engine.layout.json")


            """);
        foreach (Struct s in layout.Structs)
        {
            foreach (Field f in s.Fields)
                text.Append($"SDCPP_AT({s.Name}, {f.Name}, {f.At}, {Rules.SizeOf(layout, f.Type)});\n");
            text.Append($"SDCPP_SIZE({s.Name}, {s.Size});\n\n");
        }

        return text.Append("#undef SDCPP_AT\n#undef SDCPP_SIZE\n").ToString();
    }

    private const string Prototypes = """
        typedef void (*sd_log_cb_t)(sd_log_level_t level, const char* text, void* data);
        typedef void (*sd_progress_cb_t)(int step, int steps, float time, void* data);
        typedef bool (*sd_abort_cb_t)(void* data);

        void sd_ctx_params_init(sd_ctx_params_t*);
        char* sd_ctx_params_to_str(const sd_ctx_params_t*);
        void sd_img_gen_params_init(sd_img_gen_params_t*);
        char* sd_img_gen_params_to_str(const sd_img_gen_params_t*);
        sd_ctx_t* new_sd_ctx(const sd_ctx_params_t*);
        void free_sd_ctx(sd_ctx_t*);
        bool generate_image(sd_ctx_t*, const sd_img_gen_params_t*, sd_image_t** images, int* count);
        void free_sd_images(sd_image_t*, int count);
        void sd_vid_gen_params_init(sd_vid_gen_params_t*);
        bool generate_video(sd_ctx_t*, const sd_vid_gen_params_t*, sd_image_t** frames, int* count, sd_audio_t** audio);
        void free_sd_audio(sd_audio_t*);
        void sd_cancel_generation(sd_ctx_t*, sd_cancel_mode_t);
        upscaler_ctx_t* new_upscaler_ctx(const char* path, bool direct, int n_threads, int tile_size, const char* backend, const char* params_backend);
        void free_upscaler_ctx(upscaler_ctx_t*);
        bool upscale(upscaler_ctx_t*, sd_image_t input, uint32_t factor, sd_image_t** images, int* count);
        int get_upscale_factor(upscaler_ctx_t*);
        void sd_set_log_callback(sd_log_cb_t, void*);
        void sd_set_progress_callback(sd_progress_cb_t, void*);
        void sd_set_abort_callback(sd_abort_cb_t, void*);
        size_t sd_list_devices(char*, size_t);
        int32_t sd_get_num_physical_cores();
        const char* sd_get_system_info();
        sample_method_t sd_get_default_sample_method(const sd_ctx_t*);
        scheduler_t sd_get_default_scheduler(const sd_ctx_t*, sample_method_t);
        const char* sd_sample_method_name(sample_method_t);
        sample_method_t str_to_sample_method(const char*);
        const char* sd_scheduler_name(scheduler_t);
        scheduler_t str_to_scheduler(const char*);
        sd_type_t str_to_sd_type(const char*);
        rng_type_t str_to_rng_type(const char*);
        prediction_t str_to_prediction(const char*);
        lora_apply_mode_t str_to_lora_apply_mode(const char*);
        sd_hires_upscaler_t str_to_sd_hires_upscaler(const char*);

        } // extern "C"

        """;
}
