using System.Runtime.CompilerServices;

namespace SdCpp.Interop.Tests;

/// <summary>The C# of the README is the code between the marks below: it compiles, runs, and stands there word by word.</summary>
public sealed class ReadmeSampleTests(Demo demo)
{
    [Fact]
    public async Task The_readmes_sample_draws_a_picture()
    {
        string before = Directory.GetCurrentDirectory();
        Directory.SetCurrentDirectory(Directory.CreateDirectory(demo.NewPath(".sample")).FullName);
        try
        {
#pragma warning disable xUnit1051 // a newcomer's sample has no cancellation
            // README begins
            DemoModelFiles files = DemoModel.Write("models");
            await using DiffusionModel model = await DiffusionModel.LoadAsync(files.ToOptions());
            using GenerationResult result = await model.TextToImageAsync(new TextToImageRequest
            {
                Prompt = "a red circle on a blue background", Width = 256, Height = 256, Steps = 8, CfgScale = 1, Seed = 7,
            });
            ImageBuffer pixels = result.Images[0].Pixels; // 256 x 256 RGB, in native memory
            // README ends
#pragma warning restore xUnit1051
            Assert.InRange(pixels.Pixels[128, 128].R, 200, 235);
        }
        finally
        {
            Directory.SetCurrentDirectory(before);
        }
    }

    [Fact]
    public void The_readme_has_this_sample_word_by_word()
    {
        string source = File.ReadAllText(ThisFile());
        string sample = source[(source.IndexOf("// README begins", StringComparison.Ordinal) + 16)..source.IndexOf("// README ends", StringComparison.Ordinal)];
        string readme = File.ReadAllText(Path.Combine(Path.GetDirectoryName(ThisFile())!, "..", "..", "README.md"));

        foreach (string line in sample.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
            Assert.Contains(line, readme, StringComparison.Ordinal);
    }

    private static string ThisFile([CallerFilePath] string path = "") => path;
}
