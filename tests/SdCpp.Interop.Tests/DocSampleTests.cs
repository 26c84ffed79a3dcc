using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;

namespace SdCpp.Interop.Tests;

/// <summary>The C# of docs/csharp.md is the code between the marks below, word by word; what needs no other model than the demo's runs.</summary>
public sealed class DocSampleTests(Demo demo)
{
    [Fact]
    public void Every_block_of_the_documentation_is_compiled_here()
    {
        string source = string.Join('\n', Lines(File.ReadAllText(ThisFile()) + File.ReadAllText(Path.Combine(Path.GetDirectoryName(ThisFile())!, "ImageLibraryTests.cs"))));
        string[] blocks = [.. File.ReadAllText(Path.Combine(Path.GetDirectoryName(ThisFile())!, "..", "..", "docs", "csharp.md")).Split("```csharp").Skip(1).Select(rest => rest[..rest.IndexOf("```", StringComparison.Ordinal)])];

        Assert.InRange(blocks.Length, 8, 20);
        Assert.All(blocks, block => Assert.Contains(string.Join('\n', Lines(block)), source, StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_samples_that_need_no_other_model_run()
    {
        string before = Directory.GetCurrentDirectory();
        Directory.SetCurrentDirectory(Directory.CreateDirectory(demo.NewPath(".samples")).FullName);
        try
        {
            using ImageBuffer image = ImageBuffer.Create(16, 16);
            image.Save("photo.png");
            ImageBuffer.Create(16, 16, channels: 1).Save("mask.png");
            Pixels(image);
            await ErrorAsync(demo.Model);
            await ManyAsync(demo.Model, []);
            Assert.Equal(255, image.Pixels[0, 0].R);
        }
        finally
        {
            Directory.SetCurrentDirectory(before);
        }
    }

#pragma warning disable xUnit1051, IDE0051, CA1859, CA2000, IDE0011 // samples of a newcomer; some are only compiled
    private static async Task OneAsync(string path)
    {
        await using DiffusionModel model = await DiffusionModel.LoadAsync(new DiffusionModelOptions { ModelPath = path });
        using ImageBuffer image = await model.GenerateAsync("a lighthouse at dawn");
        image.Save("lighthouse.png");
    }

    private static async Task EverythingAsync(DiffusionModel model)
    {
        using GenerationResult result = await model.TextToImageAsync(new TextToImageRequest
        {
            Prompt = "a lighthouse at dawn", NegativePrompt = "people", Width = 768, Height = 512, Steps = 24, CfgScale = 6, Sampler = "DPM++ 2M Karras", Seed = 7, BatchCount = 4,
        });
        foreach (GeneratedImage generated in result.Images)
            generated.Image.Save($"lighthouse-{generated.Seed}.png");
    }

    private static async Task ManyAsync(DiffusionModel model, string[] prompts)
    {
        using var stop = new CancellationTokenSource();
        Console.CancelKeyPress += (_, pressed) => { pressed.Cancel = true; stop.Cancel(); };
        foreach (string prompt in prompts)
        {
            await foreach (GenerationUpdate update in model.StreamAsync(new TextToImageRequest { Prompt = prompt }, cancellation: stop.Token))
            {
                if (update is ProgressUpdate { Progress: var progress })
                    Console.Error.Write($"\r{prompt}: {progress.Fraction:P0} ");
                else if (update is ImageUpdate { Image: { Image: var image, Seed: var seed } })
                    using (image) image.Save($"{seed}.png");
            }
        }
    }

    private static async Task FromImageAsync(DiffusionModel model)
    {
        using ImageBuffer photo = ImageBuffer.Load("photo.png");
        using ImageBuffer mask = ImageBuffer.Load("mask.png", channels: 1);
        using GenerationResult painted = await model.ImageToImageAsync(new ImageToImageRequest { Image = photo, Mask = mask, Prompt = "a red door", Strength = 0.6f });
        await using Upscaler upscaler = await Upscaler.LoadAsync(new UpscalerOptions("RealESRGAN_x4plus.safetensors"));
        using ImageBuffer large = await upscaler.UpscaleAsync(painted.Images[0].Image);
        large.Save("door.png");
    }

    private static async Task VideoAsync()
    {
        var options = new DiffusionModelOptions { DiffusionModelPath = "hunyuanvideo1.5.safetensors", LlmPath = "qwen2.5-vl.gguf", VaePath = "hunyuanvideo-vae.safetensors" };
        await using DiffusionModel model = await DiffusionModel.LoadAsync(options);
        using ImageBuffer photo = ImageBuffer.Load("photo.png");
        using GeneratedVideo clip = await model.GenerateVideoAsync(new VideoRequest { Prompt = "the door opens", StartImage = photo, Frames = 16, Fps = 16, Seed = 7 });
        for (int i = 0; i < clip.Frames.Count; i++)
            clip.Frames[i].Save($"frame-{i:D3}.png");
        if (clip.Audio is { } sound)
            Console.WriteLine($"{sound.Duration} of sound at {sound.SampleRate} Hz");
    }

    private static WebApplication Web(WebApplicationBuilder builder, string path)
    {
        builder.Services.AddSdCpp(options => options.Model = new DiffusionModelOptions { ModelPath = path });
        builder.Services.AddHealthChecks().AddSdCpp();
        WebApplication app = builder.Build();
        app.MapHealthChecks("/health");
        app.MapGet("/image", async (string prompt, SdCppModel service, CancellationToken cancellation) =>
        {
            DiffusionModel model = await service.GetAsync(cancellation);
            using ImageBuffer image = await model.GenerateAsync(prompt, cancellation);
            return Results.Bytes(image.ToArray(), "image/png");
        });
        return app;
    }

    private static async Task GeneratorAsync(DiffusionModel model)
    {
        IImageGenerator here = new SdCppImageGenerator(model);
        IImageGenerator there = new StudioImageGenerator(new HttpClient { BaseAddress = new Uri("http://localhost:3000/") }, "demo");
        var options = new ImageGenerationOptions { ImageSize = new(512, 512), AdditionalProperties = new() { ["steps"] = 8, ["seed"] = 7L } };
        ImageGenerationResponse made = await here.GenerateImagesAsync("a red circle", options);
        await ((DataContent)made.Contents[0]).SaveToAsync("circle.png");
        there.Dispose();
    }

    private static void Engine()
    {
        SdEngine.Configure(new SdEngineOptions { Backend = "cpu", CrashFile = "crash.txt" });
        SdEngineInfo engine = SdEngine.Load().Info;
        Console.WriteLine($"{engine.Version} on {engine.Backend}: {engine.BackendReason}");
    }

    private static async Task ErrorAsync(DiffusionModel model)
    {
        try
        {
            using GenerationResult unseen = await model.TextToImageAsync(new TextToImageRequest { Steps = 0 });
        }
        catch (SdException refused) when (refused.Code == SdError.InvalidArgument)
        {
            Console.WriteLine($"{refused.Option}: {refused.Message}");
        }
    }

    private static async Task FitAsync(string path)
    {
        var options = new DiffusionModelOptions { ModelPath = path };
        ModelFit fit = await DiffusionModel.FitAsync(options, 1024, 1024);
        Console.WriteLine(fit.Report);
        if (fit.Fits)
            await using (DiffusionModel model = await DiffusionModel.LoadAsync(fit.Apply(options)))
                Console.WriteLine(model.Family);
    }

    private static void Pixels(ImageBuffer image)
    {
        byte[] rgb = image.Span.ToArray();
        using var copy = ImageBuffer.FromPixels(rgb, image.Width, image.Height);
        Rgb24 corner = image.Pixels[0, 0];
        image.Pixels[0, 0] = new Rgb24(255, 0, corner.B);
    }
#pragma warning restore xUnit1051, IDE0051, CA2000, IDE0011

    private static string[] Lines(string text) => text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    private static string ThisFile([CallerFilePath] string path = "") => path;
}
