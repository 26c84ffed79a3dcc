using System.Runtime.CompilerServices;
using NetVips;

namespace SdCpp.Interop.Tests;

/// <summary>The C# of the README is the code between the marks below: it compiles, runs, and stands there word by word.</summary>
public sealed class ReadmeSampleTests(Demo demo)
{
    [Fact]
    public async Task The_readmes_sample_generates_an_image()
    {
        string before = Directory.GetCurrentDirectory();
        Directory.SetCurrentDirectory(Directory.CreateDirectory(demo.NewPath(".sample")).FullName);
        try
        {
#pragma warning disable xUnit1051 // a newcomer's sample has no cancellation
            // README begins
            await using DiffusionModel model = await DiffusionModel.LoadAsync(DemoModel.Write("models").ToOptions());
            using GenerationResult result = await model.TextToImageAsync(new TextToImageRequest
            {
                Prompt = "a red circle on a blue background", Width = 256, Height = 256, Steps = 8, CfgScale = 1, Seed = 7,
            });
            result.Images[0].Image.Save("image.png");
            // README ends
#pragma warning restore xUnit1051
            using Image image = Image.NewFromFile("image.png");
            Assert.Equal((256, 256), (image.Width, image.Height));
            Assert.InRange(image.Getpoint(128, 128)[0], 200, 235);
        }
        finally
        {
            Directory.SetCurrentDirectory(before);
        }
    }

    [Theory]
    [InlineData("README.md")]
    [InlineData("src/SdCpp.Interop/README.md")]
    public void The_readme_has_this_sample_word_by_word(string file)
    {
        string source = File.ReadAllText(ThisFile());
        string sample = source[(source.IndexOf("// README begins", StringComparison.Ordinal) + 16)..source.IndexOf("// README ends", StringComparison.Ordinal)];
        string readme = File.ReadAllText(Path.Combine(Path.GetDirectoryName(ThisFile())!, "..", "..", file));
        string shown = readme[(readme.IndexOf("```csharp", StringComparison.Ordinal) + 9)..];

        Assert.Equal(["using SdCpp.Interop;", .. Lines(sample)], Lines(shown[..shown.IndexOf("```", StringComparison.Ordinal)]));
    }

    private static string[] Lines(string text) => text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    private static string ThisFile([CallerFilePath] string path = "") => path;
}
