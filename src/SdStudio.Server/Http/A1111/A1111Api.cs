using System.Text.Json.Nodes;
using SdStudio.Server.Http.OpenApi;
using SdStudio.Server.Http.Requests;
using SdStudio.Server.Http.Rest;
using SdStudio.Server.Http.Security;

namespace SdStudio.Server.Http.A1111;

/// <summary>
/// What Automatic1111 and SD.Next answer under <c>/sdapi/v1</c>. The same stands under <c>/api/sdapi/v1</c>, where three lists have the
/// shapes of the studio's own document; <c>?shape=a1111</c> and <c>?shape=document</c> choose on either.
/// </summary>
internal static class A1111Api
{
    /// <summary>What the surface needs.</summary>
    public static IServiceCollection AddA1111Api(this IServiceCollection services) => services
        .AddSingleton<IErrorShape, A1111Errors>().AddSingleton<A1111OptionStore>().AddSingleton<A1111Sessions>().AddSingleton<A1111Context>()
        .AddSingleton<A1111GenerateApi>().AddSingleton<A1111GenerateAnswer>().AddSingleton<A1111ExtrasApi>().AddSingleton<A1111ExtrasReader>();

    public static void MapA1111Api(this IEndpointRouteBuilder root, bool documentShapes)
    {
        RouteGroupBuilder api = root.MapGroup("/sdapi/v1");
        api.MapPost("/txt2img", (HttpContext context, A1111GenerateApi generate) => generate.TextToImageAsync(context)).RequireJobRateLimit();
        api.MapPost("/img2img", (HttpContext context, A1111GenerateApi generate) => generate.ImageToImageAsync(context)).RequireJobRateLimit();
        api.MapPost("/extra-single-image", (HttpContext context, A1111ExtrasApi extras) => extras.SingleAsync(context)).RequireJobRateLimit();
        api.MapPost("/extra-batch-images", (HttpContext context, A1111ExtrasApi extras) => extras.BatchAsync(context)).RequireJobRateLimit();
        api.MapPost("/png-info", PngInfoApi.ReadAsync);
        api.MapInterrogate();
        api.MapGet("/options", async (HttpContext context, A1111OptionStore options) => A1111Responses.Json((await options.LoadAsync(context)).Read()));
        api.MapPost("/options", SetOptionsAsync);
        // Some clients of phones send GET.
        api.MapMethods("/interrupt", [HttpMethods.Post, HttpMethods.Get], InterruptAsync).RequireSameOrigin();
        api.MapPost("/skip", async (HttpContext context, A1111Sessions callers) =>
        {
            await InterruptAsync(context, callers);
            return A1111Responses.Json(null);
        });
        api.MapGet("/progress", A1111Progress.AnswerAsync);
        api.MapSdLists(documentShapes);
    }

    private static async Task<IResult> SetOptionsAsync(HttpContext context, A1111OptionStore options)
    {
        RequestBody body = await RequestBody.ReadAsync(context.Request, context.RequestAborted);
        await options.WriteAsync(context, body.Fields);
        string[] used = [A1111Options.CheckpointKey, A1111Options.ClipLayersKey, A1111Options.VaeKey];
        List<string> unused = [.. body.Fields.Where(field => !used.Contains(field.Key) && A1111Options.ChangesSomething(field.Key, field.Value)).Select(field => field.Key)];
        // SD.Next's answer; Automatic1111's clients do not look.
        return A1111Responses.Json(new JsonObject
        {
            ["updated"] = A1111Responses.List(body.Fields.Keys.Select(name => (JsonNode)new JsonObject { [name] = true })),
            ["notes"] = unused.Count == 0 ? [] : new JsonArray($"Kept for clients that read them back, and not used by this server: {A1111Responses.Names(unused)}"),
        });
    }

    private static async Task<IResult> InterruptAsync(HttpContext context, A1111Sessions callers)
    {
        string? taskId = context.Request.Query["force_task_id"] is [{ Length: > 0 } inQuery] ? inQuery : null;
        if (taskId is null && context.Request.HasJsonContentType() && context.Request.ContentLength is not 0)
        {
            RequestBody body = await RequestBody.ReadAsync(context.Request, context.RequestAborted);
            var fields = new RequestFields(body.Fields);
            taskId = fields.Text("force_task_id") ?? fields.Text("task_id");
            fields.ThrowIfRefused();
        }

        return A1111Responses.Json(new JsonObject { ["success"] = true, ["interrupted"] = await callers.InterruptAsync(context, taskId) });
    }
}
