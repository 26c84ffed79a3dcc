using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace SdStudio.GpuCheck;

/// <summary>The server that lies beside this program, as a process of its own, and what is asked of it.</summary>
internal sealed class ServerRun : IDisposable
{
    private readonly Process _process;
    private readonly HttpClient _http;
    private readonly Queue<string> _said = [];

    private ServerRun(Process process, Uri address)
    {
        _process = process;
        _http = new HttpClient { BaseAddress = address, Timeout = TimeSpan.FromMinutes(2) };
        process.OutputDataReceived += Keep;
        process.ErrorDataReceived += Keep;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <summary>Its last lines.</summary>
    public string Said
    {
        get
        {
            lock (_said)
                return string.Join(" | ", _said);
        }
    }

    /// <summary>Starts a server and waits until its engine is ready.</summary>
    public static async Task<ServerRun> StartAsync(string data, IReadOnlyDictionary<string, string> settings)
    {
        var address = new Uri($"http://127.0.0.1:{FreePort()}");
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "SdStudio.Server"))
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = data,
        };
        start.Environment["ASPNETCORE_URLS"] = address.ToString();
        start.Environment["SdStudio__DataDirectory"] = data;
        start.Environment["SdStudio__Watch"] = "false";
        foreach ((string name, string value) in settings)
            start.Environment[name] = value;
        var server = new ServerRun(Process.Start(start)!, address);
        try
        {
            while (!await server.IsReadyAsync())
                await Task.Delay(50);
            return server;
        }
        catch
        {
            server.Dispose();
            throw;
        }
    }

    /// <summary>Generates an image.</summary>
    /// <returns>What is wrong; null when it was generated.</returns>
    public async Task<string?> GenerateAsync(string model, int side)
    {
        using var request = new StringContent(
            $$"""{"model":"{{model}}","prompt":"a red circle on a blue background","size":"{{side}}x{{side}}","steps":1,"cfg_scale":1,"seed":1}""", Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await _http.PostAsync(new Uri("/api/generate", UriKind.Relative), request);
        return response.StatusCode == HttpStatusCode.OK ? null : $"{(int)response.StatusCode}: {await response.Content.ReadAsStringAsync()}";
    }

    /// <summary>The models that are loaded now, of those whose name begins with a prefix.</summary>
    public async Task<List<string>> LoadedAsync(string prefix)
    {
        using JsonDocument answer = JsonDocument.Parse(await _http.GetStringAsync(new Uri("/api/models", UriKind.Relative)));
        return [.. answer.RootElement.GetProperty("models").EnumerateArray()
            .Where(model => model.GetProperty("status").GetString() == "running").Select(model => model.GetProperty("id").GetString()!)
            .Where(id => id.StartsWith(prefix, StringComparison.Ordinal))];
    }

    public void Dispose()
    {
        _http.Dispose();
        if (!_process.HasExited)
            _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }

    // The port opens before the engine is loaded.
    private async Task<bool> IsReadyAsync()
    {
        try
        {
            using JsonDocument health = JsonDocument.Parse(await _http.GetStringAsync(new Uri("/api/health", UriKind.Relative)));
            return health.RootElement.TryGetProperty("engine", out JsonElement engine) && engine.ValueKind == JsonValueKind.String;
        }
        catch (HttpRequestException exception)
        {
            return _process.HasExited ? throw new InvalidOperationException($"The server ended with exit code {_process.ExitCode}: {Said}", exception) : false;
        }
    }

    private void Keep(object sender, DataReceivedEventArgs line)
    {
        if (line.Data is not { Length: > 0 } text)
            return;
        lock (_said)
        {
            _said.Enqueue(text.Trim());
            if (_said.Count > 12)
                _said.Dequeue();
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
