using SdCpp.Interop;

namespace SdStudio.GpuCheck.Checks;

/// <summary>The binding's own self-test on the card.</summary>
internal sealed class SelfTestCheck() : Check("self-test", "the binding's self-test", TimeSpan.FromSeconds(90))
{
    public override async Task<CheckAnswer> RunAsync(CheckContext context)
    {
        SelfTestResult result = await context.Engine.SelfTestAsync(context.Device, context.Work);
        Dictionary<string, double> figures = new() { ["load_seconds"] = result.LoadSeconds, ["image_seconds"] = result.ImageSeconds };
        if (result.Difference is { } difference)
            figures["largest_mean_difference"] = difference.Largest;
        return new CheckAnswer(CheckOutcome.Judge(figures, result.Passed ? null : result.Problem));
    }
}
