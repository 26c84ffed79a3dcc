using System.Diagnostics;
using System.Globalization;
using SdCpp.Interop;
using SdStudio.Benchmarks;

namespace SdStudio.Load;

/// <summary>What it is worth that models stay loaded, and whether they stay within their budget.</summary>
internal static class ModelsLoad
{
    private const int Rounds = 5;
    private const int Turns = 10;
    private const int Models = 5;
    private const int ListedModels = 1000;

    /// <summary>Two models by turns against one of them alone.</summary>
    public static async Task TurnsAsync()
    {
        string data = MakeData(2);
        using (Studio studio = await Studio.StartAsync(data))
        {
            await studio.GenerateAsync("m0", 64, 4);
            await studio.GenerateAsync("m1", 64, 4);
            List<double> alone = [], turns = [], around = [];
            for (int round = 0; round < Rounds; round++)
            {
                for (int turn = 0; turn < Turns; turn++)
                    alone.Add((await studio.GenerateAsync("m0", 64, 4)).Milliseconds);
                for (int turn = 0; turn < Turns; turn++)
                    turns.Add((await studio.GenerateAsync(turn % 2 == 0 ? "m0" : "m1", 64, 4)).Milliseconds);
            }

            for (int image = 0; image < Rounds * Turns; image++)
            {
                (double whole, double engine, _) = await studio.GenerateAsync("m0", 8, 1);
                around.Add(whole - engine);
            }

            alone.Sort();
            turns.Sort();
            Say($"two models by turns against one: medians {Figures.At(turns, .5):F1} and {Figures.At(alone, .5):F1} ms, ratio {Figures.At(turns, .5) / Figures.At(alone, .5):F3} ({Rounds * Turns} images each)");
            Say($"all that is not the engine, from request to answer (database, file, HTTP): {Figures.Of(around)}");
        }

        Directory.Delete(data, recursive: true);
    }

    /// <summary>A process that loads, generates and ends, against a request to a server that has the model.</summary>
    public static async Task ProcessAsync()
    {
        string data = MakeData(1);
        string synthetic = Path.Combine(data, "models", "synthetic-sd15.safetensors");
        new SyntheticSd15().Write(synthetic);
        File.AppendAllText(Path.Combine(data, "models.yml"), "  sd15:\n    name: Synthetic\n    args: [\"-m\", \"models/synthetic-sd15.safetensors\"]\n");
        Say($"synthetic model of SD 1.5's dimensions: {new FileInfo(synthetic).Length >> 20} MiB");
        using (Studio studio = await Studio.StartAsync(data))
        {
            foreach ((string model, int side, int steps, int images) in new[] { ("m0", 256, 8, 8), ("sd15", 64, 1, 4) })
            {
                (_, _, double loading) = await studio.GenerateAsync(model, side, steps);
                List<double> warm = [], process = [];
                for (int image = 0; image < images; image++)
                {
                    warm.Add((await studio.GenerateAsync(model, side, steps)).Milliseconds);
                    process.Add(await TimeProcessAsync(data, model, side, steps));
                }

                warm.Sort();
                process.Sort();
                Say($"{model}, {side} x {side}, {steps} steps: a process per image {Figures.At(process, .5):F0} ms, the server {Figures.At(warm, .5):F0} ms, ratio {Figures.At(process, .5) / Figures.At(warm, .5):F1}; saved {Figures.At(process, .5) - Figures.At(warm, .5):F0} ms, the server's own load took {loading:F0} ms");
            }
        }

        Directory.Delete(data, recursive: true);
    }

    /// <summary>What <see cref="ProcessAsync"/> starts: loads a model, generates one image and ends.</summary>
    public static async Task GenerateOnceAsync(string data, string model, int side, int steps)
    {
        SdEngine.Load();
        string folder = Path.Combine(data, "models");
        var options = model == "sd15"
            ? new DiffusionModelOptions { ModelPath = Path.Combine(folder, "synthetic-sd15.safetensors") }
            : new DiffusionModelOptions
            {
                DiffusionModelPath = Path.Combine(folder, "m0-diffusion.gguf"), LlmPath = Path.Combine(folder, "m0-text-encoder.gguf"), TaesdPath = Path.Combine(folder, "m0-taesd.gguf"),
            };
        await using DiffusionModel loaded = await DiffusionModel.LoadAsync(options);
        using GenerationResult result = await loaded.TextToImageAsync(new TextToImageRequest { Prompt = "a red circle on a blue background", Width = side, Height = side, Steps = steps, CfgScale = 1, Seed = 1 });
    }

    /// <summary>More models than the budget holds, one after the other.</summary>
    public static async Task EvictAsync(int cycles)
    {
        string data = MakeData(Models);
        long measured = await MeasureAsync(data);
        long budgetMiB = (measured * 2 / (1024 * 1024)) + 1;
        using (Studio studio = await Studio.StartAsync(data, ("SdStudio__Models__MemoryMiB", budgetMiB.ToString(CultureInfo.InvariantCulture))))
        {
            // What the process takes without a model, once everything in it has run.
            await studio.GenerateAsync("m0", 64, 1);
            await studio.StopAsync("m0");
            long before = studio.Rss;
            long most = 0;
            var loads = 0;
            for (int cycle = 0; cycle < cycles; cycle++)
            {
                (_, _, double loading) = await studio.GenerateAsync($"m{cycle * 3 % Models}", 64, 1);
                loads += loading > 0 ? 1 : 0;
                most = Math.Max(most, studio.Rss);
                if (cycle % 20 == 0)
                    Say($"  {cycle}: {studio.Rss >> 20} MiB");
            }

            foreach (int model in Enumerable.Range(0, Models))
                await studio.StopAsync($"m{model}");
            long after = studio.Rss;
            Say($"{cycles} images of {Models} models, budget {budgetMiB} MiB (two models of {measured >> 20} MiB): {loads} loads, every image generated");
            Say($"RSS at most {most >> 20} MiB; without a model {before >> 20} MiB before and {after >> 20} MiB after; models took at most {(most - after) / 1048576.0 / budgetMiB:F2} of the budget");
        }

        Directory.Delete(data, recursive: true);
    }

    /// <summary>The list of a thousand models.</summary>
    public static async Task ListAsync()
    {
        string data = MakeData(0);
        byte[] header = File.ReadAllBytes(Path.Combine(data, "models", "demo-diffusion.gguf"))[..65536];
        using (StreamWriter yaml = File.AppendText(Path.Combine(data, "models.yml")))
        {
            for (int model = 0; model < ListedModels; model++)
            {
                using FileStream file = File.Create(Path.Combine(data, "models", $"checkpoint{model}.gguf"));
                file.Write(header);
                file.SetLength(2_000_000_000);
                yaml.WriteLine($"  checkpoint{model}:\n    name: Checkpoint {model}\n    args: [\"--model\", \"models/checkpoint{model}.gguf\"]");
            }
        }

        using (Studio studio = await Studio.StartAsync(data))
        {
            List<double> times = [];
            await studio.TimeAsync("/api/models");
            for (int i = 0; i < 100; i++)
                times.Add(await studio.TimeAsync("/api/models"));
            Say($"GET /api/models with {ListedModels} models of one file: {Figures.Of(times)}");
        }

        Directory.Delete(data, recursive: true);
    }

    private static async Task<long> MeasureAsync(string data)
    {
        using Studio studio = await Studio.StartAsync(data);
        long most = 0;
        foreach (int model in Enumerable.Range(0, Models))
        {
            await studio.GenerateAsync($"m{model}", 64, 1);
            most = Math.Max(most, await studio.MemoryOfAsync($"m{model}"));
        }

        return most;
    }

    private static async Task<double> TimeProcessAsync(string data, string model, int side, int steps)
    {
        long start = Stopwatch.GetTimestamp();
        using Process process = Process.Start("dotnet", [Path.Combine(AppContext.BaseDirectory, "SdStudio.Load.dll"), "generate-once", data, model, $"{side}", $"{steps}"]);
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? Stopwatch.GetElapsedTime(start).TotalMilliseconds : throw new InvalidOperationException("The process did not generate.");
    }

    // The demo model under several names: other paths are other models.
    private static string MakeData(int models)
    {
        string data = Directory.CreateTempSubdirectory("sdstudio-load-").FullName;
        string folder = Path.Combine(data, "models");
        DemoModel.Write(folder);
        using StreamWriter yaml = File.CreateText(Path.Combine(data, "models.yml"));
        yaml.WriteLine("models:");
        for (int model = 0; model < models; model++)
        {
            foreach (string part in new[] { "diffusion", "text-encoder", "taesd" })
                File.CreateSymbolicLink(Path.Combine(folder, $"m{model}-{part}.gguf"), Path.Combine(folder, $"demo-{part}.gguf"));
            yaml.WriteLine($"  m{model}:\n    name: Model {model}\n    args: [\"--diffusion-model\", \"models/m{model}-diffusion.gguf\", \"--llm\", \"models/m{model}-text-encoder.gguf\", \"--taesd\", \"models/m{model}-taesd.gguf\"]\n    generation_params: {{ cfg_scale: 1 }}");
        }

        return data;
    }

    private static void Say(FormattableString text) => Console.WriteLine(FormattableString.Invariant(text));
}
