using Microsoft.AspNetCore.Http.HttpResults;
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
            .Describe("listNodes", Tag, "The machines that share this studio's jobs and images; only this one without a shared database");
        api.MapPost("/nodes/{id}/drain", (string id, INodes nodes, HttpContext context) => SetDrainedAsync(id, nodes, drained: true, context)).RequireAdministrator()
            .Describe("drainNode", Tag, "Lets a machine finish its running jobs and start no new ones, so that it can be stopped");
        api.MapPost("/nodes/{id}/resume", (string id, INodes nodes, HttpContext context) => SetDrainedAsync(id, nodes, drained: false, context)).RequireAdministrator()
            .Describe("resumeNode", Tag, "Lets a machine start jobs again");
    }

    private static async Task<Ok<NodesResponse>> ListAsync(INodes nodes, HttpContext context)
    {
        bool isAdministrator = ApiKeys.ScopeOf(context).Owner is null;
        IReadOnlyList<NodeState> all = await nodes.ListAsync(context.RequestAborted);
        return TypedResults.Ok(new NodesResponse(isAdministrator ? all : [.. all.Select(node => node with { Address = null })]));
    }

    private static async Task<Results<Ok<NodesResponse>, NotFound<ErrorResponse>>> SetDrainedAsync(string id, INodes nodes, bool drained, HttpContext context)
    {
        if (await nodes.SetDrainedAsync(id, drained, context.RequestAborted))
            return await ListAsync(nodes, context);
        return ApiErrors.NotFound($"There is no other machine '{id}'; GET /api/nodes lists them. POST /api/queue/pause stops the queue of a studio with one machine");
    }
}

/// <summary>The answer of <c>GET /api/nodes</c>.</summary>
internal sealed record NodesResponse(IReadOnlyList<NodeState> Nodes);
