using System.Globalization;

namespace SdCpp.Interop.Tests;

/// <summary>
/// Mutated model files: an <see cref="SdException"/> or an image each, and the process goes on. A thousand of them go through the checks of
/// the headers, and some of those that pass go to the engine. For a longer run, in which all that pass go to the engine:
/// <code>
/// SDCPP_FUZZ=5000 SDCPP_FUZZ_SEED=7 SDCPP_FUZZ_LOG=fuzz.log SDCPP_CRASH_FILE=crash.txt \
///   dotnet SdCpp.Interop.Tests.dll -class SdCpp.Interop.Tests.ModelFuzzTests
/// </code>
/// The log has a line for each: what was changed, written before the engine sees it, and what came of it. Should the process end, the last
/// line says over which, the crash file says why, and SDCPP_FUZZ_FIRST goes on at a number.
/// </summary>
public sealed class ModelFuzzTests(Demo demo) : ModelFileTest
{
    private const int Usual = 1000;
    private const int UsualForEngine = 8;

    private static readonly TextToImageRequest Request = Demo.Request with { Steps = 1, Prompt = "red", Width = 64, Height = 64 };

    private readonly SortedDictionary<string, int> _outcomes = new(StringComparer.Ordinal);
    private int _seenByEngine;

    [Fact]
    public async Task Files_as_they_are_are_generated_in_both_formats()
    {
        foreach (Mutant original in new MutantMaker(demo.Files).Originals())
        {
            // The tests of images generate with the others.
            if (original.IsGguf && original.Target != MutantTarget.Lora)
                continue;
            await UseAsync(original, Write([.. original.Bytes], "original" + original.Extension));
        }
    }

    [Fact]
    public async Task Mutated_files_are_refused_or_generated()
    {
        int? asked = Setting("SDCPP_FUZZ");
        int count = asked ?? Usual;
        int first = Setting("SDCPP_FUZZ_FIRST") ?? 0;
        var maker = new MutantMaker(demo.Files);
        ModelFileInfo[] model = ModelFiles.Check(demo.Files.ToOptions());
        byte[] before = await demo.GenerateAsync(Request);
        for (int number = first; number < count; number++)
        {
            Mutant mutant = maker.Make(Setting("SDCPP_FUZZ_SEED") ?? 1, number);
            Log(string.Create(CultureInfo.InvariantCulture, $"{number} {mutant}"));
            string outcome = await OutcomeAsync(mutant, model, asked ?? UsualForEngine);
            Log($" => {outcome}\n");
            string kind = outcome.Split(' ')[0];
            _outcomes[kind] = _outcomes.GetValueOrDefault(kind) + 1;
        }
        Assert.Equal(before, await demo.GenerateAsync(Request));
        if (asked is null)
        {
            // Neither all refused nor all let through: the mutants try what they are made for.
            Assert.InRange(_outcomes["header"], count / 2, count * 9 / 10);
            Assert.InRange(_outcomes["drew"], 1, UsualForEngine);
        }
    }

    private static int? Setting(string name) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out int value) ? value : null;

    private static void Log(string text)
    {
        if (Environment.GetEnvironmentVariable("SDCPP_FUZZ_LOG") is { } log)
            File.AppendAllText(log, text);
    }

    private async Task<string> OutcomeAsync(Mutant mutant, ModelFileInfo[] model, int mostForEngine)
    {
        string path = Path.Combine(Folder, "mutant" + mutant.Extension);
        try
        {
            // The checks read no more than the header; the rest needs only its length.
            WriteHeader(mutant, path);
            Check(mutant, path, model);
        }
        catch (SdException e)
        {
            return $"header {e.Code} {e.Message.ReplaceLineEndings(" ")}";
        }
        if (_seenByEngine++ >= mostForEngine)
            return "passed";
        try
        {
            await UseAsync(mutant, Write([.. mutant.Bytes], "mutant" + mutant.Extension));
        }
        catch (SdException e)
        {
            return $"engine {e.Code} {e.Message.ReplaceLineEndings(" ")}";
        }
        return "drew";
    }

    private static void WriteHeader(Mutant mutant, string path)
    {
        using var stream = new FileStream(path, FileMode.Create);
        stream.Write(mutant.Bytes.AsSpan(0, mutant.HeaderBytes));
        stream.SetLength(mutant.Bytes.Count);
    }

    private void Check(Mutant mutant, string path, ModelFileInfo[] model)
    {
        if (mutant.Target == MutantTarget.Lora)
            ModelFiles.CheckLoras([new LoraReference(path)], model);
        else if (mutant.Target is MutantTarget.UpscalerX2 or MutantTarget.UpscalerX4)
            ModelFiles.CheckUpscaler(path);
        else
            ModelFiles.Check(Options(mutant, path));
    }

    private DiffusionModelOptions Options(Mutant mutant, string path)
    {
        DiffusionModelOptions options = demo.Files.ToOptions(threads: 1);
        return mutant.Target switch
        {
            MutantTarget.Denoiser => options with { DiffusionModelPath = path },
            MutantTarget.TextEncoder => options with { LlmPath = path },
            _ => options with { TaesdPath = path },
        };
    }

    private Task UseAsync(Mutant mutant, string path) => mutant.Target switch
    {
        MutantTarget.Lora => demo.GenerateAsync(Request with { Loras = [new LoraReference(path)] }),
        MutantTarget.UpscalerX2 or MutantTarget.UpscalerX4 => UpscaleAsync(path),
        _ => GenerateAsync(Options(mutant, path), alsoFromImage: mutant.Target == MutantTarget.Taesd),
    };

    private static async Task UpscaleAsync(string path)
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        await using Upscaler upscaler = await Upscaler.LoadAsync(new UpscalerOptions(path) { Threads = 1 }, null, cancellation);
        using ImageBuffer image = ImageBuffer.Create(8, 8);
        using ImageBuffer large = await upscaler.UpscaleAsync(image, null, cancellation);
        Assert.Equal(8 * upscaler.Factor, large.Width);
    }

    private static async Task GenerateAsync(DiffusionModelOptions options, bool alsoFromImage)
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        await using DiffusionModel model = await DiffusionModel.LoadAsync(options, null, cancellation);
        using GenerationResult generated = await model.TextToImageAsync(Request, null, cancellation);
        Assert.Equal(Request.Width, Assert.Single(generated.Images).Image.Width);
        if (!alsoFromImage)
            return;
        using ImageBuffer image = ImageBuffer.Create(Request.Width!.Value, Request.Height!.Value);
        var from = new ImageToImageRequest { Prompt = "red", Width = image.Width, Height = image.Height, Steps = 1, CfgScale = 1, Image = image, Strength = 1 };
        using GenerationResult second = await model.ImageToImageAsync(from, null, cancellation);
        Assert.Single(second.Images);
    }
}
