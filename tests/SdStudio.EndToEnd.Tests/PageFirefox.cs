using System.Diagnostics;
using System.Globalization;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using SdStudio.Tests;

namespace SdStudio.EndToEnd.Tests;

/// <summary>Debian's Firefox, driven by the protocol that it speaks by itself: WebDriver BiDi over a WebSocket. Playwright drives only a Firefox of its own.</summary>
internal sealed class PageFirefox : IAsyncDisposable
{
    private const string Announcement = "WebDriver BiDi listening on ";
    private readonly Process _process;
    private readonly string _profile;
    private readonly ClientWebSocket _socket = new();
    private readonly Dictionary<int, TaskCompletionSource<JsonElement>> _asked = [];
    private readonly Channel<string> _started = Channel.CreateUnbounded<string>();
    private Task _reading = Task.CompletedTask;
    private string _context = "";
    private int _last;

    private PageFirefox(Process process, string profile) => (_process, _profile) = (process, profile);

    /// <summary>Errors of the page's scripts and what the browser refused them.</summary>
    public List<string> Complaints { get; } = [];

    /// <summary>Null where there is none and none can be installed.</summary>
    public static async Task<PageFirefox?> StartAsync(CancellationToken cancellation)
    {
        const string Program = "/usr/bin/firefox-esr";
        if (!File.Exists(Program) && DebianPackages.Install("firefox-esr") is not null)
            return null;
        string profile = Directory.CreateDirectory(ServerProcess.NewFolder()).FullName;
        var start = new ProcessStartInfo(Program, ["--headless", "--no-remote", "--profile", profile, "--remote-debugging-port", "0", "about:blank"]) { RedirectStandardError = true, RedirectStandardOutput = true };
        start.Environment["HOME"] = profile;
        var firefox = new PageFirefox(Process.Start(start)!, profile);
        firefox._process.ErrorDataReceived += (_, line) => firefox._started.Writer.TryWrite(line.Data ?? "");
        firefox._process.OutputDataReceived += (_, _) => { };
        firefox._process.BeginErrorReadLine();
        firefox._process.BeginOutputReadLine();
        await firefox.ConnectAsync(cancellation);
        return firefox;
    }

    public async Task GoAsync(Uri address) => await AskAsync("browsingContext.navigate", new JsonObject { ["context"] = _context, ["url"] = address.ToString(), ["wait"] = "complete" });

    public async Task BackAsync() => await AskAsync("browsingContext.traverseHistory", new JsonObject { ["context"] = _context, ["delta"] = -1 });

    /// <summary>What a script comes to, as text.</summary>
    public async Task<string> EvaluateAsync(string script)
    {
        JsonElement answer = await AskAsync("script.evaluate", new JsonObject
        {
            ["expression"] = $"(async () => String(await ({script})))()", ["awaitPromise"] = true, ["target"] = new JsonObject { ["context"] = _context },
        });
        return answer.TryGetProperty("result", out JsonElement result) ? result.GetProperty("value").GetString()! : throw new InvalidOperationException($"{script}: {answer}");
    }

    /// <summary>Waits until a script comes to true.</summary>
    public async Task UntilAsync(string condition)
    {
        string result = await EvaluateAsync(
            $$"""
            new Promise(resolve => {
              const end = Date.now() + 240000;
              const look = () => { let is = false; try { is = {{condition}}; } catch (error) { is = false; } if (is) resolve('yes'); else if (Date.now() > end) resolve(document.body.innerText.slice(0, 500)); else setTimeout(look, 50); };
              look();
            })
            """);
        Assert.True(result == "yes", $"{condition}\nThe page says: {result}");
    }

    public async Task ClickAsync(string selector)
    {
        await UntilAsync($"document.querySelector({JsonSerializer.Serialize(selector)})?.checkVisibility() && !document.querySelector({JsonSerializer.Serialize(selector)}).disabled");
        (double x, double y) = await PlaceAsync(selector, .5, .5);
        await PointerAsync((x, y));
    }

    /// <summary>Presses, moves and lets go at places of an element, as parts of its width and height.</summary>
    public async Task DragAsync(string selector, params (double X, double Y)[] places)
    {
        var points = new List<(double X, double Y)>();
        foreach ((double x, double y) in places)
            points.Add(await PlaceAsync(selector, x, y));
        await PointerAsync([.. points]);
    }

    public async Task TypeAsync(string text)
    {
        var actions = new JsonArray();
        foreach (char letter in text)
        {
            actions.Add(new JsonObject { ["type"] = "keyDown", ["value"] = letter.ToString() });
            actions.Add(new JsonObject { ["type"] = "keyUp", ["value"] = letter.ToString() });
        }

        await ActAsync(new JsonObject { ["type"] = "key", ["id"] = "keys", ["actions"] = actions });
    }

    /// <summary>Several keys at once: all are down before the first is let go.</summary>
    public async Task ChordAsync(params string[] keys)
    {
        var actions = new JsonArray();
        foreach (string key in keys)
            actions.Add((JsonNode)new JsonObject { ["type"] = "keyDown", ["value"] = key });
        foreach (string key in keys.Reverse())
            actions.Add((JsonNode)new JsonObject { ["type"] = "keyUp", ["value"] = key });
        await ActAsync(new JsonObject { ["type"] = "key", ["id"] = "keys", ["actions"] = actions });
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        try
        {
            await _reading;
        }
        catch (WebSocketException)
        {
            // Its other end is gone.
        }

        _socket.Dispose();
        _process.Dispose();
        Directory.Delete(_profile, recursive: true);
    }

    private async Task ConnectAsync(CancellationToken cancellation)
    {
        string line;
        do
            line = await _started.Reader.ReadAsync(cancellation);
        while (!line.Contains(Announcement, StringComparison.Ordinal));
        await _socket.ConnectAsync(new Uri(line[(line.IndexOf(Announcement, StringComparison.Ordinal) + Announcement.Length)..].Trim() + "/session"), cancellation);
        _reading = ReadAsync();
        await AskAsync("session.new", new JsonObject { ["capabilities"] = new JsonObject() });
        _context = (await AskAsync("browsingContext.getTree", [])).GetProperty("contexts")[0].GetProperty("context").GetString()!;
        await AskAsync("session.subscribe", new JsonObject { ["events"] = new JsonArray("log.entryAdded") });
        await AskAsync("browsingContext.setViewport", new JsonObject { ["context"] = _context, ["viewport"] = new JsonObject { ["width"] = 1280, ["height"] = 800 } });
    }

    private async Task<(double X, double Y)> PlaceAsync(string selector, double x, double y)
    {
        string[] box = (await EvaluateAsync($"(() => {{ const box = document.querySelector({JsonSerializer.Serialize(selector)}).getBoundingClientRect(); return [box.left, box.top, box.width, box.height].join(); }})()")).Split(',');
        double[] values = [.. box.Select(value => double.Parse(value, CultureInfo.InvariantCulture))];
        return (Math.Round(values[0] + (values[2] * x)), Math.Round(values[1] + (values[3] * y)));
    }

    private Task PointerAsync(params (double X, double Y)[] places)
    {
        var actions = new JsonArray();
        for (int i = 0; i < places.Length; i++)
        {
            actions.Add(new JsonObject { ["type"] = "pointerMove", ["x"] = (int)places[i].X, ["y"] = (int)places[i].Y });
            if (i == 0)
                actions.Add(new JsonObject { ["type"] = "pointerDown", ["button"] = 0 });
        }

        actions.Add(new JsonObject { ["type"] = "pointerUp", ["button"] = 0 });
        return ActAsync(new JsonObject { ["type"] = "pointer", ["id"] = "mouse", ["parameters"] = new JsonObject { ["pointerType"] = "mouse" }, ["actions"] = actions });
    }

    private async Task ActAsync(JsonObject actions) => await AskAsync("input.performActions", new JsonObject { ["context"] = _context, ["actions"] = new JsonArray(actions) });

    private async Task<JsonElement> AskAsync(string method, JsonObject parameters)
    {
        int id = Interlocked.Increment(ref _last);
        var answer = new TaskCompletionSource<JsonElement>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_asked)
            _asked[id] = answer;
        byte[] message = Encoding.UTF8.GetBytes(new JsonObject { ["id"] = id, ["method"] = method, ["params"] = parameters }.ToJsonString());
        await _socket.SendAsync(message, WebSocketMessageType.Text, endOfMessage: true, TestContext.Current.CancellationToken);
        return await answer.Task.WaitAsync(TimeSpan.FromMinutes(5), TestContext.Current.CancellationToken);
    }

    private async Task ReadAsync()
    {
        var buffer = new byte[1 << 16];
        using var whole = new MemoryStream();
        while (_socket.State == WebSocketState.Open)
        {
            WebSocketReceiveResult part = await _socket.ReceiveAsync(buffer, CancellationToken.None);
            if (part.MessageType == WebSocketMessageType.Close)
                return;
            whole.Write(buffer, 0, part.Count);
            if (!part.EndOfMessage)
                continue;
            Take(JsonDocument.Parse(whole.ToArray()).RootElement);
            whole.SetLength(0);
        }
    }

    private void Take(JsonElement message)
    {
        if (message.TryGetProperty("method", out _))
        {
            JsonElement entry = message.GetProperty("params");
            // Firefox calls it an error that a page which is left ends its stream of events.
            if (entry.TryGetProperty("level", out JsonElement level) && level.GetString() == "error"
                && entry.GetProperty("text").ToString() is var text && !text.EndsWith("was interrupted while the page was loading.", StringComparison.Ordinal))
            {
                Complaints.Add(text);
            }

            return;
        }

        TaskCompletionSource<JsonElement>? asked;
        lock (_asked)
            _asked.Remove(message.GetProperty("id").GetInt32(), out asked);
        if (message.GetProperty("type").GetString() == "success")
            asked?.SetResult(message.GetProperty("result"));
        else
            asked?.SetException(new InvalidOperationException(message.ToString()));
    }
}
