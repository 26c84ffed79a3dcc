using SdCpp.Interop;

namespace SdStudio.Server.Tests;

/// <summary>The demo model, made once for all tests, and a server that the tests share which need no server of their own.</summary>
public sealed class Workshop : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sdstudio-tests-").FullName;
    private int _folders;

    /// <summary>The demo model with small defaults, and models with one thing wrong each.</summary>
    private const string Models =
        """
        default_model: demo
        default_models:
          text_to_image: demo
          image_to_image: tiny
        models:
          demo: &demo
            name: "Demo"
            description: "Made on this machine"
            capabilities: ["text-to-image", "image-to-image"]
            exec_mode: "server"
            mode: "on_demand"
            args: ["--diffusion-model", "models/demo-diffusion.gguf", "--llm", "models/demo-text-encoder.gguf", "--taesd", "models/demo-taesd.gguf"]
            default_size: "64x64"
            generation_params: { cfg_scale: 1, sample_steps: 4, sampling_method: "euler" }
          tiny:
            name: "Tiny"
            port: 1400
            supports_negative_prompt: true
            args: ["--diffusion-model", "./models/demo-diffusion.gguf", "--llm", "models/demo-text-encoder.gguf", "--taesd", "models/demo-taesd.gguf", "--steps", "3", "-v"]
            default_size: "48x32"
            generation_params: { cfg_scale: 1.5, sampling_method: "euler_a" }
            huggingface: { repo: "someone/tiny" }
          off:
            name: "Switched off"
            enabled: false
          missing:
            name: "Without its file"
            args: ["--diffusion-model", "models/not-there.gguf"]
          black:
            name: "A decoder that lost its weights"
            args: ["--diffusion-model", "models/demo-diffusion.gguf", "--llm", "models/demo-text-encoder.gguf", "--taesd", "models/black-taesd.gguf"]
            generation_params: { cfg_scale: 1 }
          odd:
            name: "A sampler that no engine has"
            args: ["--diffusion-model", "models/demo-diffusion.gguf", "--llm", "models/demo-text-encoder.gguf", "--taesd", "models/demo-taesd.gguf"]
            generation_params: { cfg_scale: 1, sampling_method: "dowsing" }
        upscalers:
          demo-x4: { name: "Demo 4x", model_path: "models/demo-upscaler-x4.gguf", scale: 4, type: "esrgan" }

        """;

    internal StudioServer Server { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        DemoModel.Write(Path.Combine(_folder, "models"));
        byte[] decoder = File.ReadAllBytes(Path.Combine(_folder, "models", "demo-taesd.gguf"));
        // What GGUF says about the tensors lies in the first kilobytes, their values after it.
        decoder.AsSpan(64 * 1024).Clear();
        File.WriteAllBytes(Path.Combine(_folder, "models", "black-taesd.gguf"), decoder);
        Server = await StudioServer.StartAsync(NewDataFolder());
    }

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>A fresh data directory with the tests' models.</summary>
    internal string NewDataFolder(string models = Models)
    {
        string folder = Path.Combine(_folder, $"data{_folders++}");
        Directory.CreateDirectory(Path.Combine(folder, "models"));
        foreach (string file in Directory.EnumerateFiles(Path.Combine(_folder, "models")))
            File.CreateSymbolicLink(Path.Combine(folder, "models", Path.GetFileName(file)), file);
        File.WriteAllText(Path.Combine(folder, "models.yml"), models);
        return folder;
    }
}
