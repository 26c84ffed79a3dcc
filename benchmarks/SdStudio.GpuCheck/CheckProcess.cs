using System.Text.Json;
using SdCpp.Interop;
using SdStudio.GpuCheck.Checks;

namespace SdStudio.GpuCheck;

/// <summary>What the process of a check does.</summary>
internal static class CheckProcess
{
    public static async Task<int> RunAsync(string requestFile, string answerFile)
    {
        CheckRequest request = JsonSerializer.Deserialize(await File.ReadAllTextAsync(requestFile), CheckJson.Default.CheckRequest)!;
        CheckAnswer answer;
        try
        {
            SdEngine engine = SdEngine.Load();
            SdEngine.SetLogSink(line => Say(line));
            var context = new CheckContext(engine, request.Device, Sizes.Find(request.Sizes)!, request.Work, request.Out, TimeSpan.FromSeconds(request.Seconds));
            answer = await Check.All.Single(check => check.Name == request.Check).RunAsync(context);
        }
        catch (Exception exception)
        {
            // Whatever it is, it is this check's result; the trace goes to the log.
            await Console.Error.WriteLineAsync(exception.ToString());
            answer = new CheckAnswer(CheckOutcome.Failed($"{exception.GetType().Name}: {exception.Message}"));
        }

        await File.WriteAllTextAsync(answerFile, JsonSerializer.Serialize(answer, CheckJson.Default.CheckAnswer));
        return 0;
    }

    private static void Say(SdLogLine line)
    {
        if (line.Level >= SdLogLevel.Warning)
            Console.Error.WriteLine(line.Text);
    }
}
