using System.Diagnostics;
using System.Text;
using System.Text.Json;
using SdStudio.Tests;

namespace SdStudio.Load;

/// <summary>The server as a process of its own, and what is asked of it.</summary>
internal sealed class Studio : IDisposable
{
    private readonly Process _process;

    private Studio(Process process, Uri address)
    {
        _process = process;
        Address = address;
        Http = new HttpClient { BaseAddress = address, Timeout = TimeSpan.FromMinutes(10) };
    }

    // Compiled beforehand where the environment names one, as for the tests.
    private static string Program { get; } = Environment.GetEnvironmentVariable("SDSTUDIO_TEST_SERVER") ?? Path.Combine(AppContext.BaseDirectory, "SdStudio.Server.dll");

    public Uri Address { get; }

    public HttpClient Http { get; }

    /// <summary>Memory of the process, bytes.</summary>
    public long Rss
    {
        get
        {
            _process.Refresh();
            return _process.WorkingSet64;
        }
    }

    /// <summary>Processor time that the process has taken.</summary>
    public TimeSpan ProcessorTime
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    public static Task<Studio> StartAsync(string dataDirectory, params (string Name, string Value)[] environment) => StartAsync(dataDirectory, server: null, environment);

    /// <param name="dataDirectory">Where it writes.</param>
    /// <param name="server">The SdStudio.Server.dll of another build; null for this one's.</param>
    /// <param name="environment">Its settings.</param>
    public static async Task<Studio> StartAsync(string dataDirectory, string? server, params (string Name, string Value)[] environment)
    {
        var address = new Uri($"http://127.0.0.1:{FreePort.Find()}");
        var start = new ProcessStartInfo("dotnet", [server ?? Program]) { RedirectStandardOutput = true };
        start.Environment["ASPNETCORE_URLS"] = address.ToString();
        start.Environment["SdStudio__DataDirectory"] = dataDirectory;
        start.Environment["SdStudio__Watch"] = "false";
        foreach ((string name, string value) in environment)
            start.Environment[name] = value;
        Process process = Process.Start(start)!;
        process.OutputDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        var studio = new Studio(process, address);
        while (true)
        {
            try
            {
                using HttpResponseMessage response = await studio.Http.GetAsync(new Uri("/api/health", UriKind.Relative));
                return studio;
            }
            catch (HttpRequestException) when (!process.HasExited)
            {
                await Task.Delay(5);
            }
        }
    }

    /// <summary>Generates one image and tells how long the engine took, milliseconds.</summary>
    public async Task<double> GenerateAsync(int steps) => (await GenerateAsync("demo", 256, steps)).Engine;

    /// <summary>Generates one image.</summary>
    /// <returns>Milliseconds: the whole request, the engine's part, and the load it needed.</returns>
    public async Task<(double Milliseconds, double Engine, double Loading)> GenerateAsync(string model, int side, int steps)
    {
        using var request = new StringContent(
            $$"""{"model":"{{model}}","prompt":"a red circle on a blue background","size":"{{side}}x{{side}}","steps":{{steps}},"cfg_scale":1,"seed":1}""", Encoding.UTF8, "application/json");
        long start = Stopwatch.GetTimestamp();
        using HttpResponseMessage response = await Http.PostAsync(new Uri("/api/generate", UriKind.Relative), request);
        string text = await response.Content.ReadAsStringAsync();
        double whole = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        if (!response.IsSuccessStatusCode)
            throw new InvalidOperationException(text);
        using JsonDocument answer = JsonDocument.Parse(text);
        using JsonDocument job = JsonDocument.Parse(await Http.GetStringAsync(new Uri($"/api/queue/{answer.RootElement.GetProperty("id").GetString()}", UriKind.Relative)));
        return (whole, job.RootElement.GetProperty("generation_time_ms").GetDouble(), job.RootElement.GetProperty("model_loading_time_ms").GetDouble());
    }

    /// <summary>Frees a model.</summary>
    public async Task StopAsync(string model)
    {
        using HttpResponseMessage response = await Http.PostAsync(new Uri($"/api/models/{model}/stop", UriKind.Relative), content: null);
        response.EnsureSuccessStatusCode();
    }

    /// <summary>What a model took of memory when it was loaded, bytes.</summary>
    public async Task<long> MemoryOfAsync(string model)
    {
        using JsonDocument answer = JsonDocument.Parse(await Http.GetStringAsync(new Uri($"/api/models/{model}", UriKind.Relative)));
        return answer.RootElement.GetProperty("memory").GetProperty("ram_bytes").GetInt64();
    }

    public async Task<double> TimeAsync(string path)
    {
        long start = Stopwatch.GetTimestamp();
        using HttpResponseMessage response = await Http.GetAsync(new Uri(path, UriKind.Relative));
        await response.Content.ReadAsByteArrayAsync();
        return response.IsSuccessStatusCode ? Stopwatch.GetElapsedTime(start).TotalMilliseconds : throw new InvalidOperationException($"{path}: {response.StatusCode}");
    }

    public void Dispose()
    {
        Http.Dispose();
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }
}
