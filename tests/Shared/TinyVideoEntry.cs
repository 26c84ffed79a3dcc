using SdCpp.Interop;

namespace SdStudio.Tests;

/// <summary>The tiny video model in a server's data directory.</summary>
internal static class TinyVideoEntry
{
    /// <summary>Writes its files, and an entry that is read after those of the server.</summary>
    /// <param name="data">The data directory.</param>
    /// <param name="id">What the model is called.</param>
    public static void AddTo(string data, string id)
    {
        DiffusionModelOptions tiny = TinyVideoModel.Write(Path.Combine(data, "models", "moving"));
        File.WriteAllText(
            Path.Combine(data, "video.yml"),
            $$"""
            models:
              {{id}}:
                name: "Moving"
                capabilities: ["text-to-video", "image-to-video"]
                args: ["-M", "vid_gen", "--diffusion-model", "{{tiny.DiffusionModelPath}}", "--llm", "{{tiny.LlmPath}}", "--taesd", "{{tiny.TaesdPath}}", "--flow-shift", "1", "--fps", "16"]
                default_size: "64x32"
                generation_params: { cfg_scale: 1, sample_steps: 6, sampling_method: "euler" }

            """);
    }
}
