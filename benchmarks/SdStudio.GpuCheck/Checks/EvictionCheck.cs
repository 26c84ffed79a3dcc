using System.Diagnostics;
using System.Globalization;
using SdCpp.Interop;

namespace SdStudio.GpuCheck.Checks;

/// <summary>
/// Lets the server generate with one model after the other until its budget of the card's memory is full: it must free one for the next, and give
/// its memory back.
/// </summary>
internal sealed class EvictionCheck() : Check("eviction", "the server fills its budget and frees models for others", TimeSpan.FromSeconds(110))
{
    private const int MostModels = 64;
    private const double ModelsInBudget = 2.5;

    public override string? After => new ModelsCheck().Name;

    public override async Task<CheckAnswer> RunAsync(CheckContext context)
    {
        long start = Stopwatch.GetTimestamp();
        CheckModel model = context.Sizes.FillModel;
        string data = Directory.CreateDirectory(Path.Combine(context.Work, "server")).FullName;
        double weights = WriteModels(context.Work, data, model);
        Dictionary<string, double> figures = new() { ["weights_mib"] = weights, ["budget_mib"] = Math.Ceiling(weights * ModelsInBudget) };
        double before = Used(context);
        using ServerRun server = await ServerRun.StartAsync(data, Settings(context, weights));
        List<string> loaded = [];
        double most = 0;
        for (int index = 0; index < MostModels; index++)
        {
            if (Stopwatch.GetElapsedTime(start) > context.Limit - TimeSpan.FromSeconds(12))
                return new CheckAnswer(new CheckOutcome(CheckStatus.Skipped, $"{index} models were generated with; the time was over before the budget was full", figures));
            if (await server.GenerateAsync($"m{index}", model == CheckModel.Demo ? 64 : 128) is { } problem)
                return new CheckAnswer(new CheckOutcome(CheckStatus.Failed, $"model {index + 1} was not generated with: {problem}. The server's last lines: {server.Said}", figures));
            List<string> now = await server.LoadedAsync("m");
            double used = Used(context) - before;
            most = Math.Max(most, used);
            (figures["models_generated_with"], figures["models_loaded"], figures["most_used_mib"], figures["used_at_the_end_mib"]) = (index + 1, now.Count, most, used);
            if (index == 0)
                figures["one_model_mib"] = used;
            if (now.Count <= loaded.Count)
                return new CheckAnswer(Judge(figures, now.Count, used));
            loaded = now;
        }

        return new CheckAnswer(new CheckOutcome(CheckStatus.Failed, $"{MostModels} models were loaded and none was freed", figures));
    }

    // What is measured counts where it shows the models at all: a software device's numbers do not.
    private static CheckOutcome Judge(Dictionary<string, double> figures, int loaded, double used)
    {
        bool isMeasured = figures["one_model_mib"] > figures["weights_mib"] * 0.8;
        double expected = figures["one_model_mib"] * loaded * 1.2;
        return CheckOutcome.Judge(
            figures,
            loaded == 0 ? "no model is loaded after the last image" : null,
            isMeasured && used > expected ? FormattableString.Invariant($"{used:F0} MiB of the card are in use for {loaded} models, at most {expected:F0} are expected") : null);
    }

    private static double Used(CheckContext context) => DriverMemory.UsedMib() ?? MemoryWatch.UsedMib(context.DeviceOf(context.Device)) ?? 0;

    private static Dictionary<string, string> Settings(CheckContext context, double weights) => new()
    {
        ["SdStudio__Devices__0__Name"] = context.Device,
        ["SdStudio__Devices__0__MemoryMiB"] = Math.Ceiling(weights * ModelsInBudget).ToString(CultureInfo.InvariantCulture),
    };

    // One file under several names: other paths are other models.
    private static double WriteModels(string work, string data, CheckModel model)
    {
        string folder = Directory.CreateDirectory(Path.Combine(data, "models")).FullName;
        DemoModelFiles demo = DemoModel.Write(work);
        (string Option, string Path)[] files = model == CheckModel.Demo
            ? [("--diffusion-model", demo.DiffusionModel), ("--llm", demo.TextEncoder), ("--taesd", demo.Taesd)]
            : [("-m", CheckContext.PathOf(work, model))];
        using StreamWriter yaml = File.CreateText(Path.Combine(data, "models.yml"));
        yaml.WriteLine("models:");
        for (int index = 0; index < MostModels; index++)
        {
            string arguments = string.Join(", ", files.Select(file => $"\"{file.Option}\", \"models/{Link(folder, index, file.Path)}\""));
            yaml.WriteLine($"  m{index}:\n    name: Model {index}\n    args: [{arguments}]");
        }

        return files.Sum(file => new FileInfo(file.Path).Length) / CheckContext.MiB;
    }

    private static string Link(string folder, int index, string target)
    {
        string name = $"m{index}-{Path.GetFileName(target)}";
        File.CreateSymbolicLink(Path.Combine(folder, name), target);
        return name;
    }
}
