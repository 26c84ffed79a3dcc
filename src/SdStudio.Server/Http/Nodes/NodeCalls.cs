using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using Microsoft.Extensions.Options;
using SdStudio.Server.Http.OpenApi;
using SdStudio.Server.Http.Requests;
using SdStudio.Server.Queue;
using SdStudio.Server.Settings;

namespace SdStudio.Server.Http.Nodes;

/// <summary>Asks the other machines of the studio.</summary>
internal sealed class NodeCalls(INodes nodes, IHttpClientFactory clients, IOptions<StudioOptions> options)
{
    /// <summary>The client that calls them.</summary>
    public const string Client = "nodes";

    /// <summary>The header with the key that machines show each other.</summary>
    public const string KeyHeader = "X-SdStudio-Node";

    private const int MaxBodyBytes = 1024 * 1024;

    // Wrong keys are counted: one is shown once.
    private readonly ConcurrentDictionary<string, bool> _haveFormerKey = new(StringComparer.Ordinal);

    /// <summary>Whether another machine asks: it wants what is here, and is not sent on.</summary>
    public static bool IsFromNode(HttpRequest request) => request.Headers.ContainsKey(KeyHeader);

    /// <exception cref="HttpRequestException">It cannot be reached.</exception>
    public async Task<HttpResponseMessage> SendAsync(NodeState node, HttpMethod method, string pathAndQuery, CancellationToken cancellation, byte[]? body = null, string? type = null)
    {
        NodeOptions own = options.Value.Node;
        bool hasFormer = _haveFormerKey.ContainsKey(node.Id);
        HttpResponseMessage answer = await SendAsync(hasFormer ? own.FormerKey : own.Key).ConfigureAwait(false);
        if (answer.StatusCode != HttpStatusCode.Unauthorized || own.FormerKey.Length == 0)
            return answer;
        // It has not got the new key yet, or has got it since.
        answer.Dispose();
        if (hasFormer)
            _haveFormerKey.TryRemove(node.Id, out _);
        else
            _haveFormerKey[node.Id] = true;
        return await SendAsync(hasFormer ? own.Key : own.FormerKey).ConfigureAwait(false);

        async Task<HttpResponseMessage> SendAsync(string key)
        {
            using var request = new HttpRequestMessage(method, node.Address + pathAndQuery);
            if (body is { Length: > 0 })
                request.Content = new ByteArrayContent(body) { Headers = { ContentType = MediaTypeHeaderValue.TryParse(type, out MediaTypeHeaderValue? known) ? known : null } };
            request.Headers.Add(KeyHeader, key);
            try
            {
                return await clients.CreateClient(Client).SendAsync(request, cancellation).ConfigureAwait(false);
            }
            catch (OperationCanceledException exception) when (!cancellation.IsCancellationRequested)
            {
                throw new HttpRequestException("it does not answer", exception);
            }
        }
    }

    /// <summary>What another machine answers to a request that came here.</summary>
    public async Task<IResult> ForwardAsync(HttpContext context, NodeState node)
    {
        if (node.Address is null)
            return ApiErrors.Json(StatusCodes.Status409Conflict, $"The machine {node.Name} does not say where it is reached", "Set SdStudio:Node:Address and SdStudio:Node:Key on it");
        if (!node.IsAlive)
            return ApiErrors.Json(StatusCodes.Status409Conflict, $"The machine {node.Name} has not been seen since {DateTimeOffset.FromUnixTimeMilliseconds(node.SeenAt):u}");
        HttpRequest request = context.Request;
        var body = new byte[MaxBodyBytes + 1];
        int length = await request.Body.ReadAtLeastAsync(body, body.Length, throwOnEndOfStream: false, context.RequestAborted).ConfigureAwait(false);
        if (length > MaxBodyBytes)
            return ApiErrors.Json(StatusCodes.Status413PayloadTooLarge, $"The request is too long; another machine is sent at most {MaxBodyBytes} bytes");
        QueryString rest = QueryString.Create(request.Query.Where(field => field.Key != NodeEndpoints.Field));
        try
        {
            using HttpResponseMessage answer = await SendAsync(
                node, new HttpMethod(request.Method), request.Path + rest, context.RequestAborted, body[..length], request.ContentType).ConfigureAwait(false);
            // Its key was refused, not that of whoever asks here.
            if (answer.StatusCode == HttpStatusCode.Unauthorized)
                return ApiErrors.Json(StatusCodes.Status502BadGateway, $"The machine {node.Name} has another SdStudio:Node:Key than this one", "Set the same key on all machines");
            context.Response.StatusCode = (int)answer.StatusCode;
            context.Response.ContentType = answer.Content.Headers.ContentType?.ToString();
            await answer.Content.CopyToAsync(context.Response.Body, context.RequestAborted).ConfigureAwait(false);
            return Results.Empty;
        }
        catch (HttpRequestException exception)
        {
            return ApiErrors.Json(StatusCodes.Status502BadGateway, $"The machine {node.Name} cannot be reached: {exception.Message}");
        }
    }

    /// <summary>The newest preview of a job that another machine runs, WebP; null when there is none.</summary>
    public async Task<byte[]?> PreviewAsync(string jobId, CancellationToken cancellation)
    {
        if (await nodes.OfJobAsync(jobId, cancellation).ConfigureAwait(false) is not { Address: not null } node)
            return null;
        try
        {
            using HttpResponseMessage answer = await SendAsync(node, HttpMethod.Get, $"/api/queue/{Uri.EscapeDataString(jobId)}/preview", cancellation).ConfigureAwait(false);
            return answer.IsSuccessStatusCode ? await answer.Content.ReadAsByteArrayAsync(cancellation).ConfigureAwait(false) : null;
        }
        catch (HttpRequestException)
        {
            // There is the next one soon, or the machine is gone and its job with it.
            return null;
        }
    }

    /// <summary>Lets another machine unload a model.</summary>
    /// <returns>Whether it knows the model; one that cannot be reached has lost its memory, or will be asked again.</returns>
    public async Task<bool> TryStopAsync(NodeState node, string modelId, CancellationToken cancellation)
    {
        try
        {
            using HttpResponseMessage answer = await SendAsync(node, HttpMethod.Post, $"/api/models/{Uri.EscapeDataString(modelId)}/stop", cancellation).ConfigureAwait(false);
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    /// <summary>The machine of an id; null for none.</summary>
    public async ValueTask<NodeState?> FindAsync(string id, CancellationToken cancellation) =>
        (await nodes.ListAsync(cancellation).ConfigureAwait(false)).FirstOrDefault(node => node.Id == id);
}

/// <summary>Endpoints that can be asked of another machine.</summary>
internal static class NodeEndpoints
{
    /// <summary>The field of the query that names it.</summary>
    public const string Field = "node";

    /// <summary>With <c>?node=ID</c> the machine of that id answers.</summary>
    public static RouteHandlerBuilder OnAnyNode(this RouteHandlerBuilder endpoint) => endpoint
        .WithQuery(new QueryParameter(Field, "The id of the machine that does it, as in GET /api/nodes; default: this machine"))
        .AddEndpointFilter(async (invocation, next) =>
        {
            HttpContext context = invocation.HttpContext;
            if (new RequestQuery(context.Request).Text(Field) is not { } id || NodeCalls.IsFromNode(context.Request))
                return await next(invocation);
            NodeCalls calls = context.RequestServices.GetRequiredService<NodeCalls>();
            return await calls.FindAsync(id, context.RequestAborted) switch
            {
                null => ApiErrors.NotFound($"There is no machine '{RequestFields.Shown(id)}'; GET /api/nodes lists them"),
                { IsThis: true } => await next(invocation),
                { } node => await calls.ForwardAsync(context, node),
            };
        });
}
