using System.Diagnostics;
using SdCpp.Interop;

namespace SdStudio.GpuCheck.Checks;

/// <summary>Writes the models that the others need.</summary>
internal sealed class ModelsCheck() : Check("models", "write the demo model and those of random weights", TimeSpan.FromSeconds(100))
{
    public override bool NeedsCard => false;

    public override string? DeviceOf(string device) => null;

    public override Task<CheckAnswer> RunAsync(CheckContext context)
    {
        DemoModel.Write(context.Work);
        Dictionary<string, double> figures = [];
        foreach (CheckModel model in context.Sizes.OnCard.Keys)
        {
            if (CheckContext.Synthetic(model) is not { } synthetic)
                continue;
            string path = CheckContext.PathOf(context.Work, model);
            long free = new DriveInfo(context.Work).AvailableFreeSpace;
            if (free < synthetic.Bytes * 11 / 10)
                return Task.FromResult(new CheckAnswer(CheckOutcome.Failed($"{Path.GetFileName(path)} needs {synthetic.Bytes / 1e9:F1} GB; {free / 1e9:F1} GB are free; name another folder by --work")));
            long start = Stopwatch.GetTimestamp();
            synthetic.Write(path);
            figures[$"{model.ToString().ToLowerInvariant()}_gb"] = synthetic.Bytes / 1e9;
            figures[$"{model.ToString().ToLowerInvariant()}_seconds"] = Stopwatch.GetElapsedTime(start).TotalSeconds;
        }

        return Task.FromResult(new CheckAnswer(CheckOutcome.Judge(figures)));
    }
}
