using System.Text.Json;
using SdStudio.Server.Http.Requests;
using SdStudio.Server.Http.Rest;
using SdStudio.Server.Queue;

namespace SdStudio.Server.Http.Nodes;

/// <summary>The models of all machines as one list.</summary>
internal sealed class NodeModels(NodeCalls calls, INodes nodes, OtherNodes others, TimeProvider time)
{
    // A page asks for the list with every model that is loaded.
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);
    private static readonly string[] Best = ["running", "starting"];
    private Answers? _answers;

    /// <summary>The models of this machine with what the others say of them, and those that only others have.</summary>
    public async Task<IReadOnlyList<ModelResponse>> MergedAsync(IReadOnlyList<ModelResponse> own, HttpRequest request)
    {
        if (!others.AreShared || NodeCalls.IsFromNode(request))
            return own;
        IReadOnlyList<(NodeState Node, IReadOnlyList<ModelResponse> Models)> all = await AskAsync(own, request.HttpContext.RequestAborted);
        return [.. all.SelectMany(one => one.Models.Select(model => (one.Node, Model: model))).GroupBy(one => one.Model.Id, StringComparer.Ordinal).Select(same => Merged([.. same]))];
    }

    private static ModelResponse Merged(List<(NodeState Node, ModelResponse Model)> same)
    {
        // This machine's own words come first where it has the model.
        ModelResponse first = same[0].Model;
        string? status = Best.FirstOrDefault(word => same.Exists(one => one.Model.Status == word));
        return first with
        {
            Status = status ?? first.Status,
            Nodes = [.. same.Select(one => new ModelNodeResponse(one.Node.Id, one.Node.Name, one.Model.Status, one.Model.FileStatus.AllFilesExist, one.Model.Fits, one.Model.Pinned))],
        };
    }

    private async Task<IReadOnlyList<(NodeState Node, IReadOnlyList<ModelResponse> Models)>> AskAsync(IReadOnlyList<ModelResponse> own, CancellationToken left)
    {
        NodeState[] alive = [.. (await nodes.ListAsync(left)).Where(node => node.IsAlive)];
        if (Volatile.Read(ref _answers) is not { } known || time.GetElapsedTime(known.At) > Fresh)
        {
            known = new Answers(time.GetTimestamp(), await Task.WhenAll(alive.Where(node => !node.IsThis).Select(async node => (node, await OfAsync(node, left)))));
            Volatile.Write(ref _answers, known);
        }

        return [.. alive.Where(node => node.IsThis).Select(node => (node, own)), .. known.Of];
    }

    // A machine that cannot be asked is left out: the list of the others is not kept back by it.
    private async Task<IReadOnlyList<ModelResponse>> OfAsync(NodeState node, CancellationToken left)
    {
        if (node.Address is null)
            return [];
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(left);
        patience.CancelAfter(Patience);
        try
        {
            using HttpResponseMessage answer = await calls.SendAsync(node, HttpMethod.Get, "/api/models", patience.Token);
            if (!answer.IsSuccessStatusCode)
                return [];
            await using Stream json = await answer.Content.ReadAsStreamAsync(patience.Token);
            return (await JsonSerializer.DeserializeAsync(json, ApiJson.Readable.ModelsResponse, patience.Token))?.Models ?? [];
        }
        catch (Exception exception) when (exception is HttpRequestException or JsonException || (exception is OperationCanceledException && !left.IsCancellationRequested))
        {
            return [];
        }
    }

    private sealed record Answers(long At, (NodeState Node, IReadOnlyList<ModelResponse> Models)[] Of);
}
