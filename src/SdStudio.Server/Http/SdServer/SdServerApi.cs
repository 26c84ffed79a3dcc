using System.Text;
using System.Text.Json.Nodes;
using SdStudio.Server.Http.OpenApi;
using SdStudio.Server.Http.Requests;
using SdStudio.Server.Http.Security;
using SdStudio.Server.Queue;

namespace SdStudio.Server.Http.SdServer;

/// <summary>The API of the server that comes with the engine, <c>/sdcpp/v1</c>: jobs for images and videos, which clients ask for until they are done.</summary>
internal static class SdServerApi
{
    // What runs ends within a step; a client that cancels wants to hear that it has.
    private static readonly TimeSpan CancelPatience = TimeSpan.FromSeconds(5);

    /// <summary>What the surface needs.</summary>
    public static IServiceCollection AddSdServerApi(this IServiceCollection services) => services
        .AddSingleton<SdServerContext>().AddSingleton<SdServerJobs>().AddSingleton<SdServerCapabilities>();

    public static void MapSdServerApi(this IEndpointRouteBuilder root)
    {
        RouteGroupBuilder api = root.MapGroup("/sdcpp/v1");
        api.MapGet("/capabilities", async (HttpContext context, SdServerCapabilities capabilities) =>
            Json(await capabilities.OfAsync(new RequestQuery(context.Request).Text("model"), context.RequestAborted)));
        api.MapPost("/img_gen", (HttpContext context, SdServerJobs jobs) => AcceptAsync(context, jobs, isVideo: false)).RequireJobRateLimit();
        api.MapPost("/vid_gen", (HttpContext context, SdServerJobs jobs) => AcceptAsync(context, jobs, isVideo: true)).RequireJobRateLimit();
        api.MapGet("/jobs/{id}", async (string id, HttpContext context, SdServerJobs jobs) => Json(await jobs.OfAsync(await jobs.FindAsync(id, context), context.RequestAborted)));
        api.MapPost("/jobs/{id}/cancel", CancelAsync);
    }

    private static async Task<IResult> AcceptAsync(HttpContext context, SdServerJobs jobs, bool isVideo) =>
        Json(SdServerJobs.Accepted(await jobs.CreateAsync(context, isVideo)), StatusCodes.Status202Accepted);

    // A job that has ended is told as it ended, as there.
    private static async Task<IResult> CancelAsync(string id, HttpContext context, SdServerJobs jobs, JobQueue queue)
    {
        Job job = await jobs.FindAsync(id, context);
        if (!JobStatus.IsFinal(job.Status) && await queue.CancelAsync(id, ApiKeys.ScopeOf(context), context.RequestAborted))
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
            patience.CancelAfter(CancelPatience);
            await ((Task)queue.WaitForEndAsync(id, patience.Token)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        return Json(await jobs.OfAsync(await jobs.FindAsync(id, context), context.RequestAborted));
    }

    private static IResult Json(JsonObject body, int status = StatusCodes.Status200OK) => Results.Text(body.ToJsonString(ApiJson.Readable.Options), "application/json", Encoding.UTF8, status);
}
