using SdStudio.Server.Http.OpenApi;
using SdStudio.Server.Http.Requests;
using SdStudio.Server.Http.Security;
using SdStudio.Server.Queue;

namespace SdStudio.Server.Http.Rest;

/// <summary><c>/api/nodes</c>: the machines of this studio.</summary>
internal static class NodesApi
{
    private const string Tag = "Status";

    public static void MapNodesApi(this IEndpointRouteBuilder api)
    {
        api.MapGet("/nodes", ListAsync)
            .ProducesJson<NodesResponse>("listNodes", Tag, "The machines that share this studio's jobs and images; one where no database is shared");
        api.MapPost("/nodes/{id}/drain", (string id, INodes nodes, HttpContext context) => SetDrainedAsync(id, nodes, drained: true, context))
            .ProducesJson<NodesResponse>("drainNode", Tag, "Lets a machine end what it runs and begin nothing more, so that it can be stopped");
        api.MapPost("/nodes/{id}/resume", (string id, INodes nodes, HttpContext context) => SetDrainedAsync(id, nodes, drained: false, context))
            .ProducesJson<NodesResponse>("resumeNode", Tag, "Lets a machine begin jobs again");
    }

    private static async Task<IResult> ListAsync(INodes nodes, HttpContext context)
    {
        bool isAdministrator = ApiKeys.ScopeOf(context).Owner is null;
        IReadOnlyList<NodeState> all = await nodes.ListAsync(context.RequestAborted);
        return Results.Json(new NodesResponse(isAdministrator ? all : [.. all.Select(node => node with { Address = null })]), ApiJson.Readable.NodesResponse);
    }

    private static async Task<IResult> SetDrainedAsync(string id, INodes nodes, bool drained, HttpContext context)
    {
        if (await nodes.SetDrainedAsync(id, drained, context.RequestAborted))
            return await ListAsync(nodes, context);
        return ApiErrors.NotFound($"There is no machine '{id}' beside this one; GET /api/nodes lists them. POST /api/queue/pause stops the queue of a studio with one machine");
    }
}

/// <summary>The answer of <c>GET /api/nodes</c>.</summary>
internal sealed record NodesResponse(IReadOnlyList<NodeState> Nodes);
