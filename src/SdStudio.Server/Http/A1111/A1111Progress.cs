using System.Text.Json.Nodes;
using SdCpp.Interop;
using SdStudio.Server.Http.Requests;
using SdStudio.Server.Http.Security;
using SdStudio.Server.Images;
using SdStudio.Server.Queue;

namespace SdStudio.Server.Http.A1111;

/// <summary><c>GET /sdapi/v1/progress</c>: exactly 0 and no jobs when nothing runs, which is what clients wait for.</summary>
internal static class A1111Progress
{
    // Busy is never 0, as in Automatic1111.
    private const double JustBegun = 0.01;

    public static async Task<IResult> AnswerAsync(HttpContext context, A1111Sessions callers, JobLine line)
    {
        var query = new RequestQuery(context.Request);
        bool skipsImage = query.Flag("skip_current_image") || query.Flag("skipCurrentImage");
        RunningJob? running = callers.RunningFor(context);
        JobOrder order = await line.OrderAsync(context.RequestAborted);
        int waiting = order.IsPaused ? 0 : order.Jobs.Count;
        return A1111Responses.Json(running is null ? Idle(waiting) : Busy(running, waiting, skipsImage || !MaySee(context, running)));
    }

    // Other keys see that something is running, not what.
    private static bool MaySee(HttpContext context, RunningJob running) => running.Job.Owner == ApiKeys.OwnerOf(context);

    private static JsonObject Idle(int waiting) => new()
    {
        ["progress"] = waiting > 0 ? JustBegun : 0.0,
        ["eta_relative"] = 0.0,
        ["state"] = State("", waiting, "0", 0, 0, 0, interrupted: false),
        ["current_image"] = null,
        ["textinfo"] = null,
        ["current_task"] = null,
    };

    private static JsonObject Busy(RunningJob running, int waiting, bool skipsImage)
    {
        GenerationProgress last = running.Progress.Last;
        bool samples = last.Phase == GenerationPhase.Sample;
        return new JsonObject
        {
            ["progress"] = Math.Max(JustBegun, Math.Round(running.Progress.Fraction, 4)),
            ["eta_relative"] = Math.Round(running.Progress.RemainingMs / 1000, 2),
            ["state"] = State(
                running.Job.Settings.Type, running.Job.Settings.Count + waiting, A1111Responses.Timestamp(running.Job.StartedAt ?? running.Job.CreatedAt),
                running.Images.Count, samples ? last.Step : 0, samples && last.Steps > 0 ? last.Steps : running.Job.Settings.Steps,
                running.Cancelled.IsCancellationRequested),
            ["current_image"] = !skipsImage && running.Preview(ImageFormats.Png, quality: 100) is { } preview ? Convert.ToBase64String(preview) : null,
            ["textinfo"] = null,
            ["current_task"] = running.Job.Id,
        };
    }

    private static JsonObject State(string job, int count, string timestamp, int number, int step, int steps, bool interrupted) => new()
    {
        ["skipped"] = false,
        ["interrupted"] = interrupted,
        ["stopping_generation"] = interrupted,
        ["job"] = job,
        ["job_count"] = count,
        ["job_timestamp"] = timestamp,
        ["job_no"] = number,
        ["sampling_step"] = step,
        ["sampling_steps"] = steps,
    };
}
