using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace SdStudio.Server.Tests;

/// <summary>
/// Speaks the hub's protocol as its clients see it: HEAD and GET of /OWNER/NAME/resolve/REVISION/PATH, large files behind a redirect to
/// another host with a hash and a length in headers, small ones with Git's hash, ranges, and its ways to refuse. It can be told to misbehave,
/// which the real one does only when one does not look.
/// </summary>
internal sealed class StandInHub : IAsyncDisposable
{
    private const string Commit = "0123456789abcdef0123456789abcdef01234567";
    private readonly WebApplication _hub;
    private readonly WebApplication _store;

    private StandInHub(Dictionary<string, byte[]> files)
    {
        Files = files;
        _hub = Make();
        _store = Make();
        _hub.Run(AnswerAsync);
        _store.Run(SendAsync);
    }

    /// <summary>By repository and path: <c>owner/name/file</c>.</summary>
    public Dictionary<string, byte[]> Files { get; }

    public string Address => _hub.Urls.First();

    /// <summary>The header Authorization of every request, of the hub and of where it keeps large files.</summary>
    public ConcurrentQueue<(string Host, string? Key)> Keys { get; } = new();

    /// <summary>The ranges of large files that were asked for.</summary>
    public ConcurrentQueue<string> Ranges { get; } = new();

    /// <summary>Statuses of the next answers, before it behaves.</summary>
    public ConcurrentQueue<int> Refusals { get; } = new();

    /// <summary>How many bytes the next answers send before they are cut.</summary>
    public ConcurrentQueue<int> Cuts { get; } = new();

    /// <summary>Lengths it states in place of the real ones.</summary>
    public Dictionary<string, long> Sizes { get; } = new(StringComparer.Ordinal);

    /// <summary>The token that is needed; null for none.</summary>
    public string? Token { get; set; }

    /// <summary>Said in place of the right hash.</summary>
    public string? WrongHash { get; set; }

    /// <summary>After so many answers it holds the next ones.</summary>
    public int HoldAfter { get; set; } = int.MaxValue;

    /// <summary>It sends large files only once this is set; null for at once.</summary>
    public TaskCompletionSource? Held { get; set; }

    public static async Task<StandInHub> StartAsync(params (string Name, byte[] Bytes)[] files)
    {
        var hub = new StandInHub(files.ToDictionary(file => file.Name, file => file.Bytes, StringComparer.Ordinal));
        await hub._hub.StartAsync(TestContext.Current.CancellationToken);
        await hub._store.StartAsync(TestContext.Current.CancellationToken);
        return hub;
    }

    public async ValueTask DisposeAsync()
    {
        await _hub.DisposeAsync();
        await _store.DisposeAsync();
    }

    private static WebApplication Make() => WebApplication.CreateSlimBuilder(["--urls=http://127.0.0.1:0", "--Logging:LogLevel:Default=None"]).Build();

    private Task AnswerAsync(HttpContext context)
    {
        string? key = context.Request.Headers.Authorization;
        Keys.Enqueue(("hub", key));
        if (Refusals.TryDequeue(out int refusal))
            return RefuseAsync(context, refusal, "");
        if (Token is not null && key != $"Bearer {Token}")
            return RefuseAsync(context, 401, "GatedRepo");
        if (context.Request.Path.Value!.Split('/') is ["", "api", "models", string of, string repository, "revision", "main"])
        {
            string inside = $"{of}/{repository}/";
            return Results.Text(
                $"{{\"siblings\":[{string.Join(',', Files.Keys.Where(file => file.StartsWith(inside, StringComparison.Ordinal)).Select(file => $"{{\"rfilename\":\"{file[inside.Length..]}\"}}"))}]}}", "application/json").ExecuteAsync(context);
        }

        string[] parts = context.Request.Path.Value!.Split('/', 6);
        if (parts is not ["", string owner, string name, "resolve", "main" or Commit, string path] || !Files.TryGetValue($"{owner}/{name}/{path}", out byte[]? bytes))
            return RefuseAsync(context, 404, "EntryNotFound");
        context.Response.Headers["X-Repo-Commit"] = Commit;
        bool isLarge = Path.GetExtension(path) is ".gguf" or ".safetensors";
        if (!isLarge)
        {
            context.Response.Headers.ETag = $"\"{GitHash(bytes)}\"";
            return Results.Bytes(bytes).ExecuteAsync(context);
        }

        context.Response.Headers["X-Linked-Size"] = Sizes.GetValueOrDefault($"{owner}/{name}/{path}", bytes.Length).ToString(CultureInfo.InvariantCulture);
        context.Response.Headers["X-Linked-ETag"] = $"\"{WrongHash ?? Convert.ToHexStringLower(SHA256.HashData(bytes))}\"";
        context.Response.Redirect($"{_store.Urls.First()}/{owner}/{name}/{path}?signature=1");
        return Task.CompletedTask;
    }

    private async Task SendAsync(HttpContext context)
    {
        Keys.Enqueue(("store", context.Request.Headers.Authorization));
        Ranges.Enqueue(context.Request.Headers.Range.ToString());
        if (Ranges.Count > HoldAfter)
            (Held, HoldAfter) = (new TaskCompletionSource(), int.MaxValue);
        if (Held is { } held)
            await held.Task.WaitAsync(context.RequestAborted);
        byte[] bytes = Files[context.Request.Path.Value![1..]];
        if (Cuts.TryDequeue(out int cut))
        {
            RangeItemHeaderValue range = RangeHeaderValue.Parse(context.Request.Headers.Range.ToString()).Ranges.First();
            var from = (int)range.From!.Value;
            int length = (int)range.To!.Value + 1 - from;
            context.Response.StatusCode = StatusCodes.Status206PartialContent;
            context.Response.Headers.ContentRange = $"bytes {from}-{range.To}/{bytes.Length}";
            context.Response.ContentLength = length;
            await context.Response.Body.WriteAsync(bytes.AsMemory(from, Math.Min(cut, length - 1)), context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
            return;
        }

        await Results.Bytes(bytes, enableRangeProcessing: true).ExecuteAsync(context);
    }

    private static Task RefuseAsync(HttpContext context, int status, string code)
    {
        context.Response.StatusCode = status;
        if (code.Length > 0)
            context.Response.Headers["X-Error-Code"] = code;
        return Task.CompletedTask;
    }

#pragma warning disable CA5350 // Git's own.
    private static string GitHash(byte[] bytes) =>
        Convert.ToHexStringLower(SHA1.HashData([.. Encoding.ASCII.GetBytes($"blob {bytes.Length}\0"), .. bytes]));
#pragma warning restore CA5350
}
